// The settings of a run as a form: one table of fields with their bounds. A field that is left empty is not sent.

import { fill, h, icon, mark } from "./dom.js";
import { capital, figure, ungrouped } from "./format.js";
import { FILTERS, NUMBERS } from "./settings_told.js";
import { t } from "./words.js";

/** Name, smallest, largest, and what is proposed where the server has no price window. */
const MARKUPS = [["markup_min_percent", -99, 10_000, 80], ["markup_max_percent", -99, 10_000, 120]];
/** Name, and the text of its box. */
const FLAGS = [["include_off_filter", "off_filter"], ["auto_resume", "runs.auto_resume"]];

/** A text field with its label, its hint and room for what is wrong with it. */
export function field(name, label, hint, props) {
  const input = h("input", { class: "in", id: `f-${name}`, autocomplete: "off", "aria-describedby": `e-${name}`, ...props });
  const small = h("small", null, hint);
  const problem = h("span", { class: "bad", id: `e-${name}`, hidden: true });
  const complain = (text) => {
    mark(input, "aria-invalid", text ? "true" : null);
    problem.hidden = !text;
    small.hidden = Boolean(text);
    fill(problem, text ?? "", () => (text ? [icon("alert"), text] : []));
  };
  input.addEventListener("input", () => complain(null));
  return { name, input, complain, node: h("div", { class: "field" }, h("label", { for: `f-${name}` }, label), input, small, problem) };
}

/** A whole number within its bounds, as text says it; undefined where it is empty. */
function readNumber(each, min, max) {
  const text = ungrouped(each.input.value);
  each.complain(null);
  if (text === "") return undefined;
  const value = Number(text);
  if (/^-?\d+$/.test(text) && value >= min && value <= max) return value;
  each.complain(t("settings.whole", { min: figure(min), max: figure(max) }));
  return Number.NaN;
}

const number = (name, unit, min, max, usual, unset) => ({ min, max, usual, ...field(name, t(`settings.${name}`),
  t(unit ? "settings.bounds_of" : "settings.bounds", { min: figure(min), max: figure(max), unit }),
  { inputmode: "numeric", placeholder: usual === null ? t(`settings.${unset}`) : figure(usual) }) });

/** The same where the server sets a bound that one may do without: a box beside it takes it away. */
function optional(name, unit, min, max, usual, unset) {
  const each = number(name, unit, min, max, usual, unset);
  if (usual === null) return each;
  const none = check(`${name}_none`, capital(t(`settings.${unset}`)), false);
  none.input.addEventListener("change", () => (each.input.disabled = none.input.checked));
  each.node.append(none.node);
  return { ...each, none };
}

const check = (name, label, checked) => {
  const input = h("input", { type: "checkbox", id: `f-${name}`, checked });
  return { name, input, node: h("label", { class: "row check", for: `f-${name}` }, input, " ", label) };
};

export class Fields {
  /**
   * @param defaults the settings of a run that names none
   * @param changed what to do when something is set
   * @param apart names of fields that the caller puts elsewhere, by their `node`
   */
  constructor(defaults, changed, apart = []) {
    this.defaults = defaults;
    this.numbers = NUMBERS.map(([name, unit, min, max, unset]) => (unset ? optional : number)(name, unit, min, max, defaults[name], unset));
    this.markups = MARKUPS.map(([name, min, max, proposed]) => number(name, "%", min, max, defaults.price_window?.[name] ?? proposed));
    this.window = check("price_window_on", t("settings.window"), false);
    this.filters = FILTERS.map((name) => check(name, t(`settings.${name}`), false));
    this.flags = FLAGS.map(([name, text]) => check(name, t(`settings.${text}`), false));
    this.delivery = check("delivery", t("settings.push_pull"), false);
    this.window.input.addEventListener("change", () => this.#follow());
    this.fill({});
    const [offFilter, ...ways] = this.flags.map((each) => each.node);
    this.node = h("div", { class: "stack", input: changed, change: changed },
      h("p", { class: "mut" }, t("start.grey")),
      group(t("settings.counts"), this.window.node, h("div", { class: "grid2" }, this.markups.map((each) => each.node)),
        ...this.filters.map((each) => each.node), offFilter),
      group(t("settings.works"), h("div", { class: "grid2" }, this.numbers.filter(({ name }) => !apart.includes(name)).map((each) => each.node)), this.delivery.node, ...ways));
  }

  /** The field that a server's error names, without a prefix. */
  named(name) {
    if (name === "price_window") return this.markups[0];
    return [...this.numbers, ...this.markups].find((each) => each.name === name);
  }

  /** Shows these settings; what they do not name is as the server has it. */
  fill(settings) {
    const all = { ...this.defaults, ...settings };
    this.given = settings;
    for (const each of this.numbers) {
      const value = settings[each.name];
      each.input.value = value ?? "";
      each.complain(null);
      if (each.none) each.none.input.checked = each.input.disabled = value === null;
    }
    this.window.input.checked = all.price_window !== null;
    for (const each of this.markups) {
      each.input.value = settings.price_window?.[each.name] ?? "";
      each.complain(null);
    }
    for (const each of this.filters) each.input.checked = all.filters[each.name];
    for (const each of this.flags) each.input.checked = all[each.name];
    this.delivery.input.checked = all.delivery === "push_pull";
    this.#follow();
  }

  /** The settings that are written here, were given or differ from what the server has; null where a field is wrong (it says so itself). */
  read() {
    const settings = {};
    const take = (name, value, differs) => {
      if (differs || name in this.given) settings[name] = value;
    };
    for (const each of this.numbers) {
      if (each.none?.input.checked) each.complain(null);
      const value = each.none?.input.checked ? null : readNumber(each, each.min, each.max);
      if (value !== undefined) settings[each.name] = value;
      else if (this.given[each.name] === null && !each.none) settings[each.name] = null;
    }
    const window = this.#window();
    if (window !== undefined) settings.price_window = window;
    take("filters", Object.fromEntries(this.filters.map((each) => [each.name, each.input.checked])),
      this.filters.some((each) => each.input.checked !== this.defaults.filters[each.name]));
    for (const { name, input } of this.flags) take(name, input.checked, input.checked !== this.defaults[name]);
    const delivery = this.delivery.input.checked ? "push_pull" : "realtime";
    take("delivery", delivery, delivery !== this.defaults.delivery);
    return this.#wrong() ? null : settings;
  }

  /** Puts the cursor where something is wrong. */
  focusWrong() {
    this.#all().find((each) => each.input.getAttribute("aria-invalid") === "true")?.input.focus();
  }

  /** Whether the field that is wrong, if any, is among those of its own node. */
  get isWrongWithin() {
    return this.node.querySelector('[aria-invalid="true"]') !== null;
  }

  #all = () => [...this.numbers, ...this.markups];

  #wrong = () => this.#all().some((each) => each.input.getAttribute("aria-invalid") === "true");

  #follow() {
    for (const each of this.markups) each.input.disabled = !this.window.input.checked;
  }

  #window() {
    const [low, high] = this.markups;
    const isGiven = "price_window" in this.given;
    if (!this.window.input.checked) {
      for (const each of this.markups) each.complain(null);
      return this.defaults.price_window === null && !isGiven ? undefined : null;
    }
    const [min, max] = this.markups.map((each) => readNumber(each, each.min, each.max));
    if (min === undefined && max === undefined && this.defaults.price_window !== null && !isGiven) return undefined;
    const window = { markup_min_percent: min ?? low.usual, markup_max_percent: max ?? high.usual };
    if (window.markup_min_percent > window.markup_max_percent) low.complain(t("settings.not_above", { max: figure(window.markup_max_percent) }));
    return window;
  }
}

const group = (title, ...parts) => h("fieldset", { class: "stack" }, h("legend", null, title), ...parts);

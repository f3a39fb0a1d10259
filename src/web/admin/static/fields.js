// The settings of a run as a form: one table of fields with their bounds. A field that is left empty is not sent.

import { fill, h, icon, mark } from "./dom.js";
import { capital, figure } from "./format.js";

/** Name, label, unit, smallest, largest; the bounds of the engine. Those that need not be set: what it means then. */
const NUMBERS = [
  ["workers", "Workers", "", 1, 64],
  ["max_consecutive_failures", "Failures in a row that pause", "", 1, 1_000],
  ["max_attempts", "Attempts a page", "", 1, 20],
  ["pages_per_category", "Pages a category", "", 1, 2],
  ["pages_per_product", "Pages a product", "", 1, 20],
  ["query_chars", "Longest query, characters", "", 10, 300],
  ["request_timeout_ms", "Longest wait for an answer", "ms", 10, 600_000],
  ["page_delay_ms", "Wait between pages", "ms", 0, 60_000],
  ["rate_limit_wait_ms", "Wait when rate limited", "ms", 1, 120_000],
  ["retry_backoff_ms", "Back-off between attempts", "ms", 0, 30_000],
  ["request_budget", "Requests it may send", "", 1, 1_000_000_000, "no bound"],
  ["skip_searched_within_days", "Skip what was searched within", "days", 1, 365, "skips none"],
];
/** Name, label, smallest, largest, and what is proposed where the server has no price window. */
const MARKUPS = [["markup_min_percent", "Markup, from", -99, 10_000, 80], ["markup_max_percent", "Markup, to", -99, 10_000, 120]];
/** Name, label, and what it leaves. */
const FILTERS = [
  ["brand_new", "Brand New only", "Brand New"],
  ["free_shipping", "Free shipping only", "free shipping"],
  ["us_only", "Located in the US only", "in the US"],
];

/** The settings of a run in words: pairs of a label and a value. */
export function describe(settings) {
  const { price_window: window, filters = {}, include_off_filter: off } = settings;
  const chosen = FILTERS.filter(([name]) => filters[name]).map(([, , left]) => left);
  const numbers = NUMBERS.filter(([name]) => (settings[name] ?? null) !== null)
    .map(([name, label, unit]) => [label, `${figure(settings[name])}${unit ? ` ${unit}` : ""}`]);
  return [
    ["Price window", window ? `${figure(window.markup_min_percent)} to ${figure(window.markup_max_percent)} % above` : "any price"],
    ["Listings", chosen.length > 0 ? capital(chosen.join(", ")) : "no filter"],
    ["Sellers from outside the filters", off ? "taken too" : "left out"],
    ...(settings.delivery === "push_pull" ? [["Delivery", "push-pull"]] : []),
    ...numbers,
  ];
}

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
  const text = each.input.value.trim().replaceAll(",", "");
  each.complain(null);
  if (text === "") return undefined;
  const value = Number(text);
  if (/^-?\d+$/.test(text) && value >= min && value <= max) return value;
  each.complain(`A whole number from ${figure(min)} to ${figure(max)}`);
  return Number.NaN;
}

const number = (name, label, unit, min, max, usual, unset) => field(name, label, `${figure(min)} to ${figure(max)}${unit ? ` ${unit}` : ""}`,
  { inputmode: "numeric", placeholder: usual === null ? unset : figure(usual) });

const check = (name, label, checked) => {
  const input = h("input", { type: "checkbox", id: `f-${name}`, checked });
  return { name, input, node: h("label", { class: "row check", for: `f-${name}` }, input, " ", label) };
};

export class Fields {
  /**
   * @param defaults the settings of a run that names none
   * @param changed what to do when something is set
   */
  constructor(defaults, changed) {
    this.defaults = defaults;
    this.numbers = NUMBERS.map(([name, label, unit, min, max, unset]) => ({ ...number(name, label, unit, min, max, defaults[name], unset), min, max }));
    this.markups = MARKUPS.map(([name, label, min, max, proposed]) => {
      const usual = defaults.price_window?.[name] ?? proposed;
      return { ...number(name, label, "%", min, max, usual), min, max, usual };
    });
    this.window = check("price_window_on", "Only listings in a price window", defaults.price_window !== null);
    this.filters = FILTERS.map(([name, label]) => check(name, label, defaults.filters[name]));
    this.offFilter = check("include_off_filter", "Also sellers from outside the filters", defaults.include_off_filter);
    this.delivery = check("delivery", "Delivered by push-pull: after a crash nothing is paid for twice", defaults.delivery === "push_pull");
    const follow = () => {
      for (const each of this.markups) each.input.disabled = !this.window.input.checked;
    };
    this.window.input.addEventListener("change", follow);
    follow();
    this.node = h("div", { class: "stack", input: changed, change: changed },
      h("p", { class: "mut" }, "Fields left empty stay as the server is configured: that is what the figures in grey say."),
      group("What counts", this.window.node, h("div", { class: "grid2" }, this.markups.map((each) => each.node)),
        ...this.filters.map((each) => each.node), this.offFilter.node),
      group("How it works", h("div", { class: "grid2" }, this.numbers.map((each) => each.node)), this.delivery.node));
  }

  /** The field that a server's error names, without a prefix. */
  named(name) {
    if (name === "price_window") return this.markups[0];
    return [...this.numbers, ...this.markups].find((each) => each.name === name);
  }

  /** The settings that differ from what the server has, or null where a field is wrong (it says so itself). */
  read() {
    const settings = {};
    for (const each of this.numbers) {
      const value = readNumber(each, each.min, each.max);
      if (value !== undefined && value !== this.defaults[each.name]) settings[each.name] = value;
    }
    const window = this.#window();
    if (window !== undefined) settings.price_window = window;
    if (this.filters.some((each) => each.input.checked !== this.defaults.filters[each.name])) {
      settings.filters = Object.fromEntries(this.filters.map((each) => [each.name, each.input.checked]));
    }
    const off = this.offFilter.input.checked;
    if (off !== this.defaults.include_off_filter) settings.include_off_filter = off;
    const delivery = this.delivery.input.checked ? "push_pull" : "realtime";
    if (delivery !== this.defaults.delivery) settings.delivery = delivery;
    return this.#wrong() ? null : settings;
  }

  /** Puts the cursor where something is wrong. */
  focusWrong() {
    this.node.querySelector('[aria-invalid="true"]')?.focus();
  }

  #wrong = () => this.node.querySelector('[aria-invalid="true"]') !== null;

  #window() {
    const [low, high] = this.markups;
    if (!this.window.input.checked) {
      for (const each of this.markups) each.complain(null);
      return this.defaults.price_window === null ? undefined : null;
    }
    const [min, max] = this.markups.map((each) => readNumber(each, each.min, each.max));
    if (min === undefined && max === undefined && this.defaults.price_window !== null) return undefined;
    const window = { markup_min_percent: min ?? low.usual, markup_max_percent: max ?? high.usual };
    if (window.markup_min_percent > window.markup_max_percent) low.complain(`Not above the other bound, ${figure(window.markup_max_percent)}`);
    return window;
  }
}

const group = (title, ...parts) => h("fieldset", { class: "stack" }, h("legend", null, title), ...parts);

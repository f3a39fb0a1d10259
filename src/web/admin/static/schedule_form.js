// The form of a schedule: for a new one and for one that is there, with the dates that what is typed gives.

import { Problem, freshKey } from "./api.js";
import { h, icon, say } from "./dom.js";
import { edits, fillIn, known } from "./edit.js";
import { ungrouped } from "./format.js";
import { complain, mark, sends } from "./forms.js";
import { Fields } from "./fields.js";
import { clock, here } from "./local.js";
import { told } from "./settings_told.js";
import { Tree } from "./tree.js";
import { t } from "./words.js";

const PAUSE_MS = 200;
const DATES = 5;
const TYPED = ["cron", "time_zone", "missed", "missed_within_minutes"];
const RULES = ["skipped_hour", "repeated_hour", "missed", "overlap"];
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC";

/** A number where it is one; what else was typed is the server's to refuse. */
const number = (text) => (/^\d+$/.test(ungrouped(text)) ? Number(ungrouped(text)) : text);

const invalid = (field, message) => new Problem(422, message, "", [{ field, message }]);

export class ScheduleForm {
  #asked = 0;
  #key = freshKey();

  constructor(dialog, { read, send, done }) {
    Object.assign(this, { dialog, read, ask: send });
    this.changed = dialog.querySelector("form");
    // Two forms that look alike: one that makes, one that changes. Each sends in its own way.
    this.made = this.changed.cloneNode(true);
    this.edit = edits(this.changed, { values: (value) => this.#values(value), body: (given, was) => this.#body(this.changed, given, was),
      done, filled: (value) => void this.#chose(this.changed, value.category_ids ?? [], value.settings) });
    sends(this.made, (given) => known(send("/collection/schedules", this.#body(this.made, given, null), { "Idempotency-Key": this.#key })), done);
    for (const form of [this.changed, this.made]) this.#listen(form);
  }

  /** Shows an empty form. */
  async make() {
    await this.#prepare(this.made, t("schedules.form.new"), t("schedules.form.make"));
    this.#key = freshKey();
    fillIn(this.made, { name: "", cron: "0 3 * * *", time_zone: ZONE, what: "", missed: "run_once", missed_within_minutes: "60", enabled: true });
    mark(this.made, []);
    complain(this.made, null);
    await this.#chose(this.made, [], {});
  }

  /** Shows what is at this path. Resolves to whether it is what was asked for last. */
  async change(path) {
    await this.#prepare(this.changed, t("schedules.form.change"), t("deed.save"));
    return this.edit.open(path);
  }

  async #prepare(form, title, button) {
    this.known ??= await known(this.read("/amazon/categories"));
    this.dialog.replaceChildren(form);
    say(form.querySelector("h2"), title);
    say(form.querySelector("[type=submit]"), button);
    if (!form.tree) {
      form.tree = new Tree(this.known.departments, () => {});
      form.querySelector("#schedule-tree").replaceChildren(form.tree.node);
      this.#lay(form, {}, {});
    }
    const zones = Intl.supportedValuesOf?.("timeZone") ?? [];
    form.querySelector("#zones").replaceChildren(...["UTC", ...zones].map((zone) => h("option", { value: zone })));
    form.elements.time_zone.setAttribute("list", "zones");
  }

  #listen(form) {
    const often = form.querySelector("[data-often]");
    form.addEventListener("input", ({ target }) => {
      // What was changed is another schedule to be made.
      this.#key = freshKey();
      if (target === often && often.value) form.elements.cron.value = often.value;
      if (target.name === "cron") this.#often(form);
      if (target === often || TYPED.includes(target.name)) this.#soon(form);
      if (target.name !== "what") return;
      this.#unfold(form);
      const own = form.ownSettings.read();
      if (own) void this.#settle(form, own);
    });
  }

  #values(value) {
    const what = value.preset_id ? `preset_id:${value.preset_id}` : value.template_id ? `template_id:${value.template_id}` : "category_ids";
    return { name: value.name, cron: value.cron, time_zone: value.time_zone, what, missed: value.missed,
      settings: told(value.settings), missed_within_minutes: String(value.missed_within_minutes), enabled: value.enabled };
  }

  async #chose(form, ids, settings) {
    form.tree.choose(ids);
    this.#unfold(form);
    this.#soon(form, 0);
    await this.#settle(form, settings);
  }

  /** The schedule's own settings, over those of the template that it follows, if any. */
  async #settle(form, settings) {
    this.#lay(form, settings, {});
    const { value: what } = form.elements.what;
    const [kind, id] = what.split(":");
    if (kind !== "template_id") return;
    // Where the template is away the server says so when the schedule is saved.
    const template = await this.read(`/collection/templates/${encodeURIComponent(id)}`).catch(() => null);
    if (template && form.elements.what.value === what) this.#lay(form, settings, template.settings);
  }

  #lay(form, settings, under) {
    form.ownSettings = new Fields({ ...this.known.settings_defaults, ...under }, () => this.#counts(form));
    form.ownSettings.fill(settings);
    form.querySelector("#schedule-settings").replaceChildren(form.ownSettings.node);
    this.#counts(form);
  }

  #unfold(form) {
    form.querySelector("#schedule-tree").hidden = form.elements.what.value !== "category_ids";
    this.#often(form);
  }

  /** The choice in words says what is written, where it has words for it. */
  #often(form) {
    const often = form.querySelector("[data-often]");
    const { value: cron } = form.elements.cron;
    often.value = [...often.options].some(({ value }) => value === cron) ? cron : "";
  }

  /** Says how many settings the schedule has of its own. */
  #counts(form) {
    const n = Object.keys(form.ownSettings.read() ?? { wrong: true }).length;
    say(form.querySelector("#schedule-own"), n === 0 ? t("start.unchanged") : t("start.changed", { n }));
  }

  #body(form, given, was) {
    const settings = form.ownSettings.read();
    if (settings === null) {
      form.querySelector("details").open = true;
      throw invalid("settings", t("start.mend"));
    }
    const [kind, id] = given.what.split(":");
    if (!kind) throw invalid("what", t("schedules.form.nothing_chosen"));
    const ids = form.tree.ids;
    if (kind === "category_ids" && ids.length === 0) throw invalid("what", t("schedules.form.no_category"));
    const chosen = kind === "category_ids" ? { category_ids: ids } : { [kind]: id };
    const same = was && this.#values(was).what === given.what && JSON.stringify(was.category_ids ?? null) === JSON.stringify(chosen.category_ids ?? null);
    return { name: given.name, cron: given.cron, time_zone: given.time_zone, missed: given.missed,
      missed_within_minutes: number(given.missed_within_minutes), enabled: form.elements.enabled.checked,
      ...(was && told(was.settings) === told(settings) ? {} : { settings }), ...(same ? {} : chosen) };
  }

  #soon(form, pause = PAUSE_MS) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.#preview(form), pause);
  }

  /** The dates of what is typed; the last question wins. */
  async #preview(form) {
    const mine = ++this.#asked;
    const given = Object.fromEntries(TYPED.map((name) => [name, form.elements[name].value]));
    const body = { ...given, missed_within_minutes: number(given.missed_within_minutes), count: DATES };
    const { items, rules = {}, time_zone: zone, problem } = await this.ask("/collection/schedules/preview", body).catch((problem) => ({ problem }));
    if (mine !== this.#asked) return;
    for (const name of TYPED) this.#wrong(form, name, problem?.errors?.find(({ field }) => field === name)?.message);
    const told = problem ? h("p", { class: "mut" }, problem.errors?.length ? t("schedules.form.no_preview") : problem.message) : dates(items, zone);
    form.querySelector("#schedule-preview").replaceChildren(told);
    form.querySelector("#schedule-rules").replaceChildren(...RULES.filter((rule) => rules[rule]).map((rule) => h("li", null, rules[rule])));
  }

  #wrong(form, name, message) {
    form.elements[name].setAttribute("aria-invalid", String(Boolean(message)));
    say(form.querySelector(`[id="e-schedule-${name}"]`), message ?? "");
  }
}

/** Dates by the clocks of the schedule's zone and by this browser's. */
function dates(items, zone) {
  const one = ({ utc, note }) => h("li", null, h("span", null, clock(zone).format(new Date(utc))), " ",
    zone === ZONE ? null : h("small", { class: "mut" }, here.format(new Date(utc))),
    note && h("small", { class: "warn" }, " ", icon("alert"), " ", note));
  return items.length > 0 ? h("ol", { class: "moments" }, items.map(one)) : h("p", { class: "mut" }, t("schedules.never"));
}

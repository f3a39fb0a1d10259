// The dialog that starts a run: categories, preset, name, settings and what it would take; checked here first, and again by
// the server.

import * as api from "./api.js";
import { fill, h, icon } from "./dom.js";
import { EstimateBox } from "./estimate.js";
import { Fields, field } from "./fields.js";
import { told } from "./parts.js";
import { Kept } from "./presets.js";
import { Tree } from "./tree.js";
import { t } from "./words.js";

export class StartDialog {
  /**
   * @param started what to do with the run's id, and a problem where it was made but would not start
   * @param closed what to do when it closes without a run
   */
  constructor(started, closed, refused) {
    this.started = started;
    this.closed = closed;
    this.refused = refused;
    this.body = h("div", { class: "dlg-body" }, h("p", { class: "mut" }, t("start.loading")));
    this.problem = h("span", { class: "grow say", role: "alert" });
    this.submit = h("button", { class: "btn btn-main", type: "submit", disabled: true }, t("start.submit"));
    const close = () => this.dialog.close();
    const shut = t("shell.close");
    this.form = h("form", { class: "dlg-form", novalidate: true, submit: (event) => {
      event.preventDefault();
      void this.#send();
    } },
    h("div", { class: "dlg-head" }, h("h2", { id: "h-start" }, t("start.title")),
      h("span", { class: "mut opt" }, t("start.what")), h("span", { class: "grow" }),
      h("button", { class: "btn btn-bare btn-i", type: "button", "aria-label": shut, title: shut, click: close }, icon("x", "i"))),
    this.body,
    h("footer", null, this.problem, h("button", { class: "btn", type: "button", click: close }, shut), this.submit));
    this.dialog = h("dialog", { class: "dlg start", "aria-labelledby": "h-start" }, this.form);
    this.dialog.addEventListener("close", () => {
      this.dialog.remove();
      if (!this.run) this.closed();
    });
  }

  get isOpen() {
    return this.dialog.open;
  }

  async open() {
    if (!this.dialog.open) {
      document.body.append(this.dialog);
      this.dialog.showModal();
    }
    try {
      const { departments, settings_defaults: defaults } = await api.categories();
      this.#fill(departments, defaults);
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      if (this.refused(problem)) this.dialog.close();
      else {
        this.body.replaceChildren(h("p", null, h("span", { class: "bad" }, told(problem)), " ",
          h("button", { class: "btn", type: "button", click: () => void this.open() }, t("problem.again"))));
      }
    }
  }

  close() {
    this.dialog.close();
  }

  #fill(departments, defaults) {
    this.defaults = defaults;
    this.tree = new Tree(departments, () => this.#changed());
    this.estimate = new EstimateBox();
    this.fields = new Fields(defaults, () => this.#changed(), ["request_budget"]);
    this.budget = this.fields.named("request_budget");
    this.budget.node.addEventListener("input", () => this.#changed());
    this.name = field("name", t("start.name"), t("start.name_hint"), { maxlength: 200 });
    // Another name makes another run of it.
    this.name.input.addEventListener("input", () => (this.key = api.freshKey()));
    this.presets = new Kept("preset", "/amazon/presets", () => ({ category_ids: this.tree.ids }), ({ category_ids: ids }) => this.tree.choose(ids));
    this.templates = new Kept("template", "/collection/templates", () => ({ category_ids: this.tree.ids, settings: this.fields.read() }),
      (template) => this.#take(template), (chosen) => this.#asTemplate(chosen));
    this.summary = h("span", { class: "mut" });
    this.advanced = h("details", null,
      h("summary", null, icon("chev", "i"), t("start.advanced"), " ", this.summary), this.fields.node);
    this.body.replaceChildren(this.tree.node, h("section", { class: "stack", "aria-label": t("start.settings") },
      this.presets.node, this.templates.node, this.name.node, this.budget.node, this.advanced, this.estimate.node));
    this.submit.disabled = false;
    this.#changed();
    void this.presets.open();
    void this.templates.open();
    this.tree.search.focus();
  }

  #changed() {
    this.key = api.freshKey();
    this.#complain(null);
    const settings = this.fields.read();
    const changes = Object.keys(settings ?? { wrong: true }).filter((name) => name !== "request_budget").length;
    const text = changes === 0 ? t("start.unchanged") : t("start.changed", { n: changes });
    fill(this.summary, text, () => [text]);
    this.presets.changed();
    this.templates.changed();
    const given = { workers: this.defaults.workers, request_budget: this.defaults.request_budget ?? null, ...settings };
    this.estimate.ask(settings && this.#run(settings), { workers: given.workers, budget: given.request_budget });
  }

  // A template brings its settings and its name along; a name that somebody wrote stays.
  async #take({ name, category_ids: ids, preset_id: preset, settings }) {
    const chosen = ids ?? (await api.read(`/amazon/presets/${encodeURIComponent(preset)}`)).category_ids;
    const { input } = this.name;
    if (input.value === "" || input.value === this.templates.named) input.value = name;
    this.templates.named = name;
    this.preset = preset && { id: preset, ids: sorted(chosen) };
    this.fields.fill(settings);
    this.tree.choose(chosen);
  }

  // What came from a preset and is still what it holds goes on following it.
  #asTemplate({ category_ids: ids, settings }) {
    const follows = this.preset && sorted(ids) === this.preset.ids;
    return { ...(follows ? { preset_id: this.preset.id } : { category_ids: ids }), settings };
  }

  /** The run as it is sent. */
  #run(settings) {
    const name = this.name?.input.value.trim();
    return { ...(name ? { name } : {}), category_ids: this.tree.ids, ...(Object.keys(settings).length > 0 ? { settings } : {}) };
  }

  #complain(text) {
    this.problem.classList.toggle("bad", Boolean(text));
    fill(this.problem, text ?? "", () => (text ? [icon("alert"), h("span", null, text)] : []));
  }

  async #send() {
    if (this.submit.disabled) return;
    const settings = this.fields.read();
    if (this.tree.ids.length === 0) {
      this.tree.complain(t("start.choose"));
      this.tree.search.focus();
      return;
    }
    if (settings === null) {
      if (this.fields.isWrongWithin) this.advanced.open = true;
      this.fields.focusWrong();
      return;
    }
    const body = this.#run(settings);
    this.submit.disabled = true;
    this.#complain(null);
    try {
      const run = await api.create(body, this.key);
      const problem = await api.command(run.id, "start").then(() => null, (refusal) => refusal);
      this.run = run;
      this.dialog.close();
      this.started(run.id, problem);
    } catch (problem) {
      this.submit.disabled = false;
      if (problem.status === undefined) throw problem;
      if (!this.refused(problem)) this.#tell(problem);
    }
  }

  // An error stands at its field; what belongs to none stands at the foot.
  #tell(problem) {
    let rest = problem.errors.length === 0 ? [told(problem)] : [];
    for (const { field: path, message } of problem.errors) {
      const name = path.replace(/^settings\./, "").split(/[.[]/)[0];
      const place = name === "category_ids" ? this.tree : name === "name" ? this.name : this.fields.named(name);
      if (place) place.complain(message);
      else rest = [...rest, `${path}: ${message}`];
    }
    if (this.fields.isWrongWithin) this.advanced.open = true;
    this.fields.focusWrong();
    this.#complain(rest.join("; ") || t("start.see"));
  }
}

const sorted = (ids) => [...ids].sort().join();

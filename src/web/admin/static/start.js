// The dialog that starts a run: categories, name, settings; checked here first, and again by the server.

import * as api from "./api.js";
import { fill, h, icon } from "./dom.js";
import { Fields, field } from "./fields.js";
import { count } from "./format.js";
import { Tree } from "./tree.js";

/** A key that makes a repeated request harmless. */
function freshKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class StartDialog {
  /**
   * @param started what to do with the run's id, and a problem where it was made but would not start
   * @param closed what to do when it closes without a run
   */
  constructor(started, closed, refused) {
    this.started = started;
    this.closed = closed;
    this.refused = refused;
    this.body = h("div", { class: "dlg-body" }, h("p", { class: "mut" }, "Loading the categories"));
    this.problem = h("span", { class: "grow say", role: "alert" });
    this.submit = h("button", { class: "btn btn-main", type: "submit", disabled: true }, "Start run");
    const close = () => this.dialog.close();
    this.form = h("form", { class: "dlg-form", novalidate: true, submit: (event) => {
      event.preventDefault();
      void this.#send();
    } },
    h("div", { class: "dlg-head" }, h("h2", { id: "h-start" }, "Collect sellers"),
      h("span", { class: "mut opt" }, "from the Best Sellers of the chosen categories"), h("span", { class: "grow" }),
      h("button", { class: "btn btn-bare btn-i", type: "button", "aria-label": "Close", title: "Close", click: close }, icon("x", "i"))),
    this.body,
    h("footer", null, this.problem, h("button", { class: "btn", type: "button", click: close }, "Close"), this.submit));
    this.dialog = h("dialog", { class: "dlg start", "aria-labelledby": "h-start" }, this.form);
    this.dialog.addEventListener("close", () => {
      this.dialog.remove();
      if (!this.run) this.closed();
    });
  }

  async open() {
    document.body.append(this.dialog);
    this.dialog.showModal();
    try {
      const { departments, settings_defaults: defaults } = await api.categories();
      this.#fill(departments, defaults);
    } catch (problem) {
      if (this.refused(problem)) this.dialog.close();
      else this.#complain(problem.message);
    }
  }

  close() {
    this.dialog.close();
  }

  #fill(departments, defaults) {
    this.tree = new Tree(departments, () => this.#changed());
    this.fields = new Fields(defaults, () => this.#changed());
    this.name = field("name", "Name", "Shown in the list of runs; may be left empty", {});
    this.summary = h("span", { class: "mut" });
    this.advanced = h("details", null,
      h("summary", null, icon("chev", "i"), "Advanced ", this.summary), this.fields.node);
    this.body.replaceChildren(this.tree.node, h("section", { class: "stack", "aria-label": "Settings" }, this.name.node, this.advanced));
    this.submit.disabled = false;
    this.#changed();
    this.tree.search.focus();
  }

  #changed() {
    this.key = freshKey();
    this.#complain(null);
    const settings = Object.keys(this.fields.read() ?? { wrong: true }).length;
    const text = settings === 0 ? "as the server is configured" : `${count(settings, "setting")} changed`;
    fill(this.summary, text, () => [text]);
  }

  #complain(text) {
    this.problem.classList.toggle("bad", Boolean(text));
    fill(this.problem, text ?? "", () => (text ? [icon("alert"), h("span", null, text)] : []));
  }

  async #send() {
    const settings = this.fields.read();
    const ids = this.tree.ids;
    if (ids.length === 0) {
      this.tree.complain("Choose at least one category");
      this.tree.search.focus();
      return;
    }
    if (settings === null) {
      this.advanced.open = true;
      this.fields.focusWrong();
      return;
    }
    const name = this.name.input.value.trim();
    const body = { ...(name ? { name } : {}), category_ids: ids, ...(Object.keys(settings).length > 0 ? { settings } : {}) };
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
      if (this.refused(problem)) this.dialog.close();
      else this.#tell(problem);
    }
  }

  // An error stands at its field; what belongs to none stands at the foot.
  #tell(problem) {
    let rest = problem.errors.length === 0 ? [problem.message] : [];
    for (const { field: path, message } of problem.errors) {
      const name = path.replace(/^settings\./, "").split(/[.[]/)[0];
      const place = name === "category_ids" ? this.tree : name === "name" ? this.name : this.fields.named(name);
      if (place) place.complain(message);
      else rest = [...rest, `${path}: ${message}`];
    }
    if (this.fields.node.querySelector('[aria-invalid="true"]')) {
      this.advanced.open = true;
      this.fields.focusWrong();
    }
    this.#complain(rest.join("; ") || "Not started: see what is marked");
  }
}

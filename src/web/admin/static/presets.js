// Presets and templates: choices that are kept under a name, loaded into the form, saved from it, deleted.
//
// Two people may change one: a save says which state of it was loaded, and where that is not the state any more, both ways
// on are offered.

import * as api from "./api.js";
import { h, icon } from "./dom.js";
import { told } from "./parts.js";
import { t } from "./words.js";

export class Kept {
  #loaded = null;
  #shown = "";
  #sent = null;

  /**
   * @param kind what it is: its texts are `start.KIND`
   * @param path where the API has them
   * @param chosen what is chosen now, as it is kept
   * @param load what to do with one that is loaded
   * @param body what is sent of the choice to have it kept
   */
  constructor(kind, path, chosen, load, body = (choice) => choice) {
    Object.assign(this, { kind, path, chosen, load, body });
    this.select = h("select", { class: "in grow", id: `f-${kind}`, change: () => void this.#run(() => this.#load(this.select.value)) });
    this.save = this.#button("save", "save", () => this.#askName());
    this.remove = this.#button("trash", "delete", () => this.#askSure());
    this.says = h("div", { class: "stack", role: "status" });
    this.node = h("div", { class: "field" }, h("label", { for: `f-${kind}` }, this.#t("label")),
      h("div", { class: "row" }, this.select, this.save, this.remove), this.says);
    this.#list([]);
  }

  /** Lists those that there are. */
  open() {
    return this.#run(async () => this.#list(await all(this.path)));
  }

  /** The choice is another one: says so where it is not what was loaded any more. */
  changed() {
    const option = this.select.selectedOptions[0];
    if (!this.#loaded || !option) return;
    const { name } = this.#loaded.value;
    option.textContent = JSON.stringify(this.chosen()) === this.#shown ? name : this.#t("changed", { name });
  }

  #t = (word, places) => t(`start.${this.kind}.${word}`, places);

  #at = (id) => `${this.path}/${encodeURIComponent(id)}`;

  #button(glyph, word, act) {
    return h("button", { class: "btn btn-i", type: "button", "aria-label": this.#t(word), title: this.#t(word), click: act }, icon(glyph, "i"));
  }

  #list(kept, chosen = "") {
    this.kept = kept;
    this.select.replaceChildren(h("option", { value: "" }, this.#t("none")),
      ...kept.map(({ id, name }) => h("option", { value: id }, name)));
    this.select.value = chosen;
    this.remove.disabled = chosen === "";
  }

  async #load(id) {
    this.says.replaceChildren();
    this.#loaded = null;
    this.#list(this.kept, id);
    if (id === "") return;
    const loaded = await api.tagged(this.#at(id));
    await this.load(loaded.value);
    this.#holds(loaded);
  }

  /** What is shown is this one. */
  #holds(loaded) {
    this.#loaded = loaded;
    this.#shown = JSON.stringify(this.chosen());
  }

  #askName() {
    const { category_ids: ids, settings } = this.chosen();
    if (ids.length === 0) return this.#say(this.#t("empty"), true);
    if (settings === null) return this.#say(t("start.mend"), true);
    const name = h("input", { class: "in", "aria-label": this.#t("name"), placeholder: this.#t("name"), maxlength: 200, autocomplete: "off",
      value: this.#loaded?.value.name, keydown: (event) => {
        if (event.key !== "Enter") return;
        event.preventDefault();
        void this.#run(() => this.#keep(name, this.#loaded));
      } });
    const buttons = [
      this.#loaded && h("button", { class: "btn", type: "button", click: () => void this.#run(() => this.#keep(name, this.#loaded)) }, this.#t("over")),
      h("button", { class: "btn", type: "button", click: () => void this.#run(() => this.#keep(name, null)) }, this.#t("new"))];
    this.says.replaceChildren(name, h("div", { class: "row" }, buttons.filter(Boolean)));
    name.focus();
    return undefined;
  }

  /** Keeps the choice under this name: over the one that was loaded, or as a new one. */
  async #keep(field, over) {
    const name = field.value.trim();
    if (name === "") return this.#say(this.#t("nameless"), true);
    const chosen = this.chosen();
    const body = { name, ...this.body(chosen) };
    if (body.settings === null) return this.#say(t("start.mend"), true);
    try {
      const kept = over ? await api.patch(this.#at(over.value.id), body, over.tag ? { "If-Match": over.tag } : {})
        : await api.send(this.path, body, { "Idempotency-Key": this.#keyOf(body) });
      this.#sent = null;
      await this.#keptAs(kept.id);
      this.#say(this.#t("saved", { n: chosen.category_ids.length }));
    } catch (problem) {
      if (problem.status === 412 && over) return this.#stale(field, over);
      if (problem.status === 404 && over) return this.#say(this.#t("missing"), true);
      throw problem;
    }
    return undefined;
  }

  /** The same that is sent again after an answer was lost is made once. */
  #keyOf(body) {
    const text = JSON.stringify(body);
    if (this.#sent?.text !== text) this.#sent = { text, key: api.freshKey() };
    return this.#sent.key;
  }

  async #keptAs(id) {
    this.#holds(await api.tagged(this.#at(id)));
    this.#list(await all(this.path), id);
  }

  /** Somebody else was faster: what it is now, and both ways on. */
  async #stale(field, over) {
    const theirs = await api.tagged(this.#at(over.value.id));
    this.says.replaceChildren(
      h("p", { class: "bad" }, this.#t("stale", { n: theirs.value.category_ids?.length ?? 0 })),
      h("div", { class: "row" },
        h("button", { class: "btn", type: "button", click: () => void this.#run(() => this.#load(over.value.id)) }, this.#t("theirs")),
        h("button", { class: "btn", type: "button", click: () => void this.#run(() => this.#keep(field, theirs)) }, this.#t("mine"))));
  }

  #askSure() {
    const { id, name } = this.#loaded.value;
    const sure = h("button", { class: "btn btn-bad", type: "button", click: () => void this.#run(async () => {
      await api.remove(this.#at(id)).catch((problem) => {
        if (problem.status !== 404) throw problem;
      });
      this.#loaded = null;
      this.#list(await all(this.path));
      this.#say(this.#t("gone"));
    }) }, this.#t("delete"));
    this.says.replaceChildren(h("p", null, this.#t("sure", { name })),
      h("div", { class: "row" }, sure, h("button", { class: "btn", type: "button", click: () => this.says.replaceChildren() }, this.#t("keep"))));
    sure.focus();
  }

  #say(text, bad = false) {
    this.says.replaceChildren(h("p", { class: bad ? "bad" : "mut" }, text));
  }

  /** Does it once, and tells here why it could not be done. */
  async #run(act) {
    if (this.busy) return;
    this.busy = true;
    this.says.querySelector(":scope > .told")?.remove();
    try {
      await act();
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      // What was asked and written stays: it may be what has to be mended.
      this.says.append(h("div", { class: "row wrap told" }, h("p", { class: "bad" }, problem.errors[0]?.message ?? told(problem)),
        h("button", { class: "btn", type: "button", click: () => void this.#run(act) }, t("problem.again"))));
    } finally {
      this.busy = false;
    }
  }
}

/** All of them: there are never so many that one could not choose among them. */
async function all(path) {
  const kept = [];
  let cursor = null;
  do {
    const { items, next_cursor: next } = await api.read(`${path}?limit=500${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    kept.push(...items);
    cursor = next;
  } while (cursor);
  return kept.sort((a, b) => a.name.localeCompare(b.name));
}

// What people make of a seller, as fields: only what was changed is sent, and only where it still is what was read. What
// somebody else has changed meanwhile is told beside its field, with two ways on.

import { headOf, patch, read } from "./api.js";
import { h, icon } from "./dom.js";
import { complain, mark, sends } from "./forms.js";
import { t } from "./words.js";

export const STATUSES = ["new", "reviewing", "contacted", "approved", "rejected"];
const FIELDS = ["name", "status", "tags", "note"];
/** Sightings change a seller too: so often the change is sent anew by itself where nobody changed what people make of it. */
const TRIES_MAX = 4;

/** Tags as they are written into one field. */
export const tagsOf = (text) => [...new Set(text.split(/[,;]/).map((tag) => tag.trim()).filter(Boolean))];

/** A choice of one status; `other` is the first entry's text, where there is one. */
export const statusField = (props, other) => h("select", { class: "in", name: "status", ...props },
  other && h("option", { value: "" }, other), STATUSES.map((one) => h("option", { value: one }, t(`sellers.status.${one}`))));

const shown = (seller) => ({
  name: seller.display_name, status: seller.status, tags: seller.tags.join(", "), note: seller.note ?? "",
});
const sent = { name: (text) => text, status: (text) => text, tags: tagsOf, note: (text) => text || null };

export class Marks {
  /**
   * @param form where the fields stand; it has a notice and a button of type submit
   * @param done what to do with the seller as it is then, and the entry that its change made
   */
  constructor(form, done) {
    const id = (name) => `m-${name}`;
    const told = (name) => ({ id: id(name), "aria-describedby": `e-${name}`, autocomplete: "off" });
    const inputs = {
      name: h("input", { class: "in", name: "name", maxlength: 200, dir: "auto", ...told("name") }),
      status: statusField(told("status")),
      tags: h("input", { class: "in", name: "tags", dir: "auto", placeholder: t("sellers.field.tags_hint"), ...told("tags") }),
      note: h("textarea", { class: "in", name: "note", rows: 1, maxlength: 2000, dir: "auto", ...told("note") }),
    };
    this.form = form;
    this.done = done;
    this.inputs = inputs;
    this.fields = FIELDS.map((name) => h("div", { class: `field f-${name}` },
      h("label", { for: id(name) }, t(`sellers.field.${name}`)), inputs[name], h("span", { class: "bad", id: `e-${name}`, role: "alert" })));
    sends(form, () => this.#send(), ({ seller, entry }) => done(seller, entry));
  }

  /** Reads the seller as it is, and shows it. */
  async load(id) {
    this.id = id;
    this.#based(await read(`/sellers/${id}`));
    for (const name of FIELDS) this.inputs[name].value = this.base[name];
  }

  #based(seller) {
    this.seller = seller;
    this.base = shown(seller);
    this.tag = headOf(seller, "etag");
  }

  #changes() {
    return FIELDS.filter((name) => this.inputs[name].value !== this.base[name]);
  }

  async #send() {
    for (let tries = 1; ; tries += 1) {
      const changed = this.#changes();
      if (changed.length === 0) return { seller: this.seller, entry: null };
      const body = Object.fromEntries(changed.map((name) => [name, sent[name](this.inputs[name].value)]));
      try {
        const seller = await patch(`/sellers/${this.id}`, body, { "If-Match": this.tag });
        const entry = headOf(seller, "gleaner-entry-id");
        this.#based(seller);
        return { seller, entry };
      } catch (problem) {
        if (problem.status !== 412 || tries >= TRIES_MAX) throw problem;
        if (await this.#isInTheWay(changed)) throw Object.assign(problem, { errors: this.stale });
      }
    }
  }

  // Takes over what others have changed in the fields that were left alone here; tells of the others.
  async #isInTheWay(changed) {
    const before = this.base;
    const seller = await read(`/sellers/${this.id}`);
    this.#based(seller);
    for (const name of FIELDS) if (!changed.includes(name)) this.inputs[name].value = this.base[name];
    const both = changed.filter((name) => this.base[name] !== before[name] && this.base[name] !== this.inputs[name].value);
    this.stale = both.map((field) => ({ field, message: this.base[field]
      ? t("sellers.edit.stale", { value: field === "status" ? t(`sellers.status.${this.base[field]}`) : this.base[field] })
      : t("sellers.edit.stale_empty") }));
    if (both.length > 0) setTimeout(() => this.#offer(both));
    return both.length > 0;
  }

  #offer(names) {
    for (const name of names) {
      const place = this.form.querySelector(`#e-${name}`);
      place.append(h("button", { class: "btn", type: "submit" }, icon("check"), t("sellers.edit.mine")),
        h("button", { class: "btn", type: "button", click: () => {
          this.inputs[name].value = this.base[name];
          mark(this.form, []);
          complain(this.form, null);
          this.inputs[name].focus();
        } }, icon("undo"), t("sellers.edit.theirs")));
    }
  }
}

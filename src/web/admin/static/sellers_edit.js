// Editing a row in its place. What is written stays when one scrolls away and comes back.

import { h } from "./dom.js";
import { Marks } from "./sellers_marks.js";
import { t } from "./words.js";

export class Edit {
  /** @param told what to do when it is saved, when it ends, and when the seller could not be read */
  constructor(told) {
    this.told = told;
    this.id = null;
  }

  /** Opens the row of this seller, and closes another. */
  async open(seller) {
    this.end();
    this.id = seller.id;
    const form = h("form", { class: "edit-form", novalidate: true, "aria-label": t("sellers.edit.title", { name: seller.display_name }),
      keydown: (event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        this.end();
      } });
    const marks = new Marks(form, (fresh, entry) => {
      // Another row may be open by now.
      if (this.node?.contains(form)) this.end();
      this.told.saved(fresh, entry);
    });
    marks.inputs.note.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey) return;
      event.preventDefault();
      form.requestSubmit();
    });
    form.append(...marks.fields,
      h("span", { class: "row keep" },
        h("button", { class: "btn", type: "button", click: () => this.end() }, t("sellers.cancel"), h("kbd", null, t("keys.esc"))),
        h("button", { class: "btn btn-main", type: "submit" }, t("sellers.save"))),
      h("p", { class: "notice", role: "alert", hidden: true }));
    this.node = h("tr", { class: "edit" }, h("td", { colspan: 9 }, form));
    try {
      await marks.load(seller.id);
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      this.id = null;
      this.told.failed(problem, seller);
      return;
    }
    if (this.id !== seller.id) return;
    this.isReady = true;
    this.told.changed();
    marks.inputs.name.focus({ preventScroll: true });
    marks.inputs.name.select();
  }

  /** Whether this seller's row is open. */
  has(seller) {
    return Boolean(this.isReady && seller && seller.id === this.id);
  }

  end() {
    const was = this.isReady;
    this.id = null;
    this.isReady = false;
    if (was) this.told.changed();
    if (was) this.told.ended();
  }
}

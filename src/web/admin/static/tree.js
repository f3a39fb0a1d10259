// The category tree: departments and their categories, tri-state boxes, search, and the count of what is chosen.

import { fill, h, icon, say } from "./dom.js";
import { figure } from "./format.js";
import { t } from "./words.js";

export class Tree {
  #made = 0;

  /** @param changed what to do when the choice changes */
  constructor(departments, changed) {
    this.changed = changed;
    this.chosen = new Set();
    this.all = departments.flatMap((department) => department.categories.map((category) => category.id));
    this.search = h("input", { class: "in", type: "search", placeholder: t("start.tree.hint"), "aria-label": t("start.tree.field"),
      autocomplete: "off", input: () => this.#find() });
    this.select = h("button", { class: "btn", type: "button", click: () => this.#set(this.#visible(), true) }, t("start.tree.all"));
    this.clear = h("button", { class: "btn", type: "button", click: () => this.#set(this.all, false) }, t("start.tree.clear"));
    this.count = h("p", { class: "row count", "aria-live": "polite" });
    this.problem = h("p", { class: "bad", hidden: true, id: "e-category_ids" });
    this.none = h("p", { class: "empty mut", hidden: true }, t("start.tree.none"));
    this.departments = departments.map((department, at) => this.#department(department, at === 0));
    this.node = h("section", { "aria-label": t("start.tree.label") },
      h("div", { class: "row" }, h("div", { class: "find grow" }, icon("find", "i"), this.search), this.select, this.clear),
      this.count, this.problem,
      h("ul", { class: "tree", "aria-label": t("start.tree.list") }, this.departments.map((each) => each.node)), this.none);
    this.#show();
  }

  /** The ids of the chosen categories, in the order of the tree. */
  get ids() {
    return this.all.filter((id) => this.chosen.has(id));
  }

  /** Chooses these and no others; tells how many of them there are. */
  choose(ids) {
    this.chosen = new Set(ids.filter((id) => this.all.includes(id)));
    this.#show();
    this.changed();
    return this.chosen.size;
  }

  complain(text) {
    this.problem.hidden = !text;
    fill(this.problem, text ?? "", () => (text ? [icon("alert"), text] : []));
  }

  #department(department, open) {
    const box = this.#box((on) => this.#set(leaves.filter((leaf) => !leaf.node.hidden).map((leaf) => leaf.id), on));
    const leaves = department.categories.map((category) => this.#leaf(category));
    const list = h("ul", { "aria-label": department.name }, leaves.map((leaf) => leaf.node));
    const twist = h("button", { class: "tw", type: "button", "aria-label": t("start.tree.of", { name: department.name }),
      click: () => this.#unfold(each, twist.getAttribute("aria-expanded") !== "true") }, icon("chev", "i"));
    const meta = h("span");
    const node = h("li", null,
      h("div", { class: "t dep" }, twist, box, h("label", { class: "grow cut", for: box.id }, department.name),
        h("span", { class: "mut meta" }, meta)), list);
    const each = { name: department.name.toLowerCase(), node, box, list, twist, meta, leaves };
    this.#unfold(each, open);
    return each;
  }

  #leaf(category) {
    const box = this.#box((on) => this.#set([category.id], on));
    const node = h("li", { class: "t l1" }, box, h("label", { class: "grow cut", for: box.id }, category.name),
      h("span", { class: "mut meta" }, h("span", null, category.node_id)));
    return { id: category.id, name: `${category.name} ${category.node_id}`.toLowerCase(), node, box };
  }

  #box(set) {
    this.#made += 1;
    return h("input", { type: "checkbox", id: `category-${this.#made}`, change: (event) => set(event.target.checked) });
  }

  #unfold(department, open) {
    department.twist.setAttribute("aria-expanded", String(open));
    department.list.hidden = !open;
  }

  #visible() {
    return this.departments.filter((each) => !each.node.hidden)
      .flatMap((each) => each.leaves.filter((leaf) => !leaf.node.hidden).map((leaf) => leaf.id));
  }

  #set(ids, on) {
    for (const id of ids) {
      if (on) this.chosen.add(id);
      else this.chosen.delete(id);
    }
    this.#show();
    this.changed();
  }

  #find() {
    const text = this.search.value.trim().toLowerCase();
    for (const department of this.departments) {
      const whole = department.name.includes(text);
      for (const leaf of department.leaves) leaf.node.hidden = !whole && !leaf.name.includes(text);
      department.node.hidden = department.leaves.every((leaf) => leaf.node.hidden);
      if (text !== "") this.#unfold(department, !department.node.hidden);
    }
    this.none.hidden = this.departments.some((department) => !department.node.hidden);
    say(this.select, t(text === "" ? "start.tree.all" : "start.tree.found"));
  }

  #show() {
    let touched = 0;
    for (const { box, leaves, meta } of this.departments) {
      const on = leaves.filter((leaf) => this.chosen.has(leaf.id)).length;
      for (const leaf of leaves) leaf.box.checked = this.chosen.has(leaf.id);
      box.checked = on > 0 && on === leaves.length;
      box.indeterminate = on > 0 && on < leaves.length;
      touched += on > 0 ? 1 : 0;
      say(meta, on > 0 ? t("start.tree.part", { on: figure(on), all: figure(leaves.length) }) : figure(leaves.length));
    }
    const chosen = this.chosen.size;
    fill(this.count, [chosen, touched], () => [h("b", null, t("start.tree.chosen", { n: chosen, count: figure(chosen) })),
      h("span", { class: "mut" }, t(touched > 0 ? "start.tree.within" : "start.tree.out_of", { n: touched, all: figure(this.all.length) }))]);
    this.clear.disabled = chosen === 0;
    if (chosen > 0) this.complain(null);
  }
}

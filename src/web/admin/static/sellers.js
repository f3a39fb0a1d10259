// The list of sellers, made live: its rows, the keys and the boxes, what is done with the selected ones.

import { refresh } from "./alive.js";
import { h, icon, mark as set } from "./dom.js";
import { refused } from "./door.js";
import { on } from "./keys.js";
import { figure } from "./format.js";
import { Book } from "./sellers_book.js";
import { Desk } from "./sellers_desk.js";
import { Dock } from "./sellers_dock.js";
import { Edit } from "./sellers_edit.js";
import { Filters } from "./sellers_filters.js";
import { Pick } from "./sellers_pick.js";
import * as row from "./sellers_row.js";
import { Trail } from "./sellers_trail.js";
import { Window } from "./sellers_window.js";
import { t } from "./words.js";

const PLACE_PAUSE_MS = 200;

let stop = null;

/** Makes the list live; another page of it puts an end to the one before. */
export async function enliven(main) {
  stop?.abort();
  stop = new AbortController();
  new List(main, stop.signal).begin();
}

class List {
  #at = -1;

  constructor(main, signal) {
    this.main = main;
    this.signal = signal;
    this.may = "may" in main.dataset;
    this.table = main.querySelector("#sellers");
    this.trouble = main.querySelector("#trouble");
    this.dockNode = h("div", { class: "dock" });
    main.append(this.dockNode);
    this.trail = new Trail(this.dockNode, (sellers) => this.changed(sellers));
    this.book = new Book({ changed: () => this.#came(), anew: () => this.#anew(), failed: (problem) => this.#failed(problem) });
    this.pick = new Pick(this.book, () => this.render());
    this.desk = new Desk(this, this.pick, this.trail);
  }

  /** The question as the API takes it. */
  get query() {
    return this.filters?.query ?? "";
  }

  /** Whether not all are asked for. */
  get isFiltered() {
    return this.filters?.isFiltered ?? false;
  }

  /** Those that are selected, else the row that one stands on. */
  get meant() {
    const seller = this.book.row(this.#at);
    return this.pick.size > 0 ? this.pick.sellers : seller ? [seller] : [];
  }

  begin() {
    this.desk.buttons(this.main);
    if (!this.table) return;
    history.scrollRestoration = "manual";
    this.filters = new Filters(this.main.querySelector("#filters"), (query) => this.#ask(query), this.signal);
    this.edit = new Edit({
      changed: () => this.window.draw(),
      ended: () => this.table.focus({ preventScroll: true }),
      saved: (seller, entry) => {
        this.book.put(seller);
        this.trail.did(entry, "marked", 1);
      },
      failed: (problem, seller) => this.complain(problem, "change", () => void this.edit.open(seller)),
    });
    this.window = new Window(this.table, this.book, {
      key: (index) => (this.edit.has(this.book.row(index)) ? "edit" : index),
      make: (index) => (this.edit.has(this.book.row(index)) ? this.edit.node : row.make()),
      update: (node, index) => this.#update(node, index),
    }, (place) => this.#keep(place), this.signal);
    const { desk } = this;
    const acts = { copy: () => void desk.copy(), export: () => void desk.export("selection") };
    const changes = { flag: () => void desk.flag(), mark: () => void desk.mark(), remove: () => void desk.remove() };
    this.dock = new Dock(this.dockNode, this.pick, this.may ? { ...changes, ...acts } : acts, () => void desk.every());
    this.#grid();
    this.#mouse();
    this.#keys();
    addEventListener("online", () => this.book.again(), { signal: this.signal });
    this.place = history.state?.row ?? 0;
    this.#ask(this.filters.query);
    this.render();
  }

  #grid() {
    for (const [name, value] of [["role", "grid"], ["tabindex", 0], ["aria-multiselectable", "true"]]) set(this.table, name, value);
    this.all = h("input", { type: "checkbox", "aria-label": t("sellers.pick.all"), click: () => this.pick.all() });
    this.table.querySelector("#pick-all").replaceChildren(this.all);
    this.main.querySelector("nav.pages").hidden = true;
  }

  // The first answer to a question replaces what the server wrote; until then that is shown.
  #ask(query) {
    this.book.ask(query);
    this.book.need(0, 1);
  }

  #anew() {
    if (this.#at >= 0) this.#at = 0;
    const { place } = this;
    this.place = 0;
    this.table.hidden = false;
    this.window.draw();
    if (place > 0 || scrollY > 0) this.window.goTo(Math.min(place, Math.max(0, this.book.total - 1)));
  }

  #came() {
    if (this.trouble.dataset.of === "load") this.trouble.hidden = true;
    const { total, exact } = this.book;
    this.table.hidden = total === 0;
    this.main.querySelector("#none").hidden = total > 0;
    set(this.table, "aria-rowcount", total + 1);
    const { isFiltered } = this.filters;
    if (!isFiltered) this.#whole(total);
    const all = this.main.querySelector("#whole").textContent;
    this.main.querySelector("#count").textContent = isFiltered ? t(exact === null ? "sellers.about" : "sellers.of", { n: figure(total), all }) : "";
    this.render();
  }

  #whole(sellers) {
    this.main.querySelector("#whole").textContent = figure(sellers);
  }

  #update(node, index) {
    const seller = this.book.row(index);
    if (node === this.edit.node) return;
    row.update(node, index, seller, { isPicked: Boolean(seller) && this.pick.has(seller.id), isCurrent: index === this.#at });
  }

  /** Draws what is seen anew. */
  render() {
    this.window?.draw();
    this.dock?.render(this.book.total, this.desk.isBusy);
    if (!this.all) return;
    const { all, some } = this.pick.share;
    this.all.checked = all;
    this.all.indeterminate = some && !all;
    this.#point();
  }

  /** Names the row that keys act on, as long as it is drawn. */
  #point() {
    set(this.table, "aria-activedescendant", document.getElementById(`row-${this.#at}`) ? `row-${this.#at}` : null);
  }

  // The place in the list outlives a reload and the way back.
  #keep(place) {
    this.#point();
    clearTimeout(this.keeping);
    this.keeping = setTimeout(() => {
      if (!this.signal.aborted) history.replaceState({ ...history.state, row: place }, "");
    }, PLACE_PAUSE_MS);
  }

  #mouse() {
    const { signal } = this;
    const at = (event) => Number(event.target.closest?.("tr[data-index]")?.dataset.index ?? -1);
    const isBox = (event) => Boolean(event.target.closest("td:first-child"));
    const body = this.window.body;
    body.addEventListener("click", (event) => {
      const index = at(event);
      if (index < 0 || event.target.closest("a")) return;
      this.#at = index;
      if (isBox(event) || event.shiftKey || event.ctrlKey || event.metaKey) this.pick.click(index, event.shiftKey);
      else this.render();
    }, { signal });
    body.addEventListener("mousedown", (event) => {
      if (event.shiftKey) event.preventDefault();
      if (event.button === 0 && isBox(event)) this.pick.press(at(event));
    }, { signal });
    body.addEventListener("mouseover", (event) => event.buttons === 1 && at(event) >= 0 && this.pick.draw(at(event)), { signal });
    addEventListener("mouseup", () => this.pick.release(), { signal });
  }

  #keys() {
    const go = (to) => () => this.#go(to(this.#at));
    // A key that a control of its own would take is left to it.
    const free = (act) => () => {
      const { activeElement: on } = document;
      return on === document.body || this.table.contains(on) ? act() : false;
    };
    on("j", "sellers.keys.down", go((index) => index + 1));
    on("k", "sellers.keys.up", go((index) => index - 1));
    for (const [key, to] of [["ArrowDown", (index) => index + 1], ["ArrowUp", (index) => index - 1], ["Home", () => 0],
      ["End", () => this.book.total - 1], ["PageDown", (index) => index + this.window.pageful], ["PageUp", (index) => index - this.window.pageful]]) {
      this.table.ownerDocument.addEventListener("keydown", (event) => {
        if (event.key !== key || event.ctrlKey || event.altKey || event.target.closest?.("input:not([type=checkbox]), textarea, select, dialog")) return;
        if (free(go(to))() !== false) event.preventDefault();
      }, { signal: this.signal });
    }
    this.table.addEventListener("keydown", (event) => {
      const seller = this.book.row(this.#at);
      if (event.target !== this.table || !seller) return;
      if (event.key === " ") this.pick.click(this.#at, event.shiftKey);
      else if (event.key === "Enter") location.assign(`/admin/sellers/${seller.id}`);
      else return;
      event.preventDefault();
    }, { signal: this.signal });
    on("x", "sellers.keys.pick", () => this.#at >= 0 && this.pick.click(this.#at, false));
    on("Ctrl+a", "sellers.keys.all", () => this.pick.all());
    on("Escape", "sellers.keys.clear", () => this.pick.clear());
    if (!this.may) return;
    on("f", "sellers.keys.flag", () => void this.desk.flag());
    on("e", "sellers.keys.edit", () => void this.#edit());
    on("Delete", "sellers.keys.remove", () => void this.desk.remove());
  }

  #go(index) {
    if (this.book.total === 0) return;
    this.#at = Math.max(0, Math.min(index, this.book.total - 1));
    this.table.focus({ preventScroll: true });
    this.window.show(this.#at);
    this.render();
  }

  #edit() {
    const [seller] = this.meant;
    if (seller) return this.edit.open(seller);
    return null;
  }

  /** Shows the registry as it is now, with so many sellers. */
  changed(sellers) {
    if (Number.isInteger(sellers)) this.#whole(sellers);
    if (!this.table) void refresh();
    else this.book.renew();
  }

  #failed(problem) {
    // What could not be changed is the more urgent of the two, and its next try loads the list too.
    const isChange = !this.trouble.hidden && this.trouble.dataset.of !== "load";
    if (!refused(problem) && !isChange) this.complain(problem, "load", () => this.book.again());
  }

  /** What could not be done is tried again. */
  calm() {
    if (this.trouble.dataset.of !== "load") this.trouble.hidden = true;
  }

  /** Tells what could not be done, and offers to try again. */
  complain(problem, word, again) {
    if (problem.status === 401) return void refused(problem);
    this.trouble.replaceChildren(icon("alert"), h("span", { class: "grow" }, t(`sellers.trouble.${word}`, { why: problem.message })),
      h("button", { class: "btn", type: "button", click: () => {
        this.trouble.hidden = true;
        again();
      } }, t("sellers.again")));
    this.trouble.dataset.of = word;
    this.trouble.hidden = false;
    this.trouble.scrollIntoView({ block: "nearest" });
    return undefined;
  }
}

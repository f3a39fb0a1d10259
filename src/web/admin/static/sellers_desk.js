// What is done with the sellers that are meant: those that are selected, else the row that one stands on. One change at a
// time; what could not be done is told with a way to try again.

import { once, read } from "./api.js";
import { figure } from "./format.js";
import { add } from "./sellers_add.js";
import { mark } from "./sellers_bulk.js";
import { exports } from "./sellers_export.js";
import { imports } from "./sellers_import.js";
import { t } from "./words.js";

export class Desk {
  isBusy = false;

  /**
   * @param list what is meant by `meant`, what is asked for by `query` and `isFiltered`; it is told what was `changed`, to
   * `render`, and to `complain`
   */
  constructor(list, pick, trail) {
    Object.assign(this, { list, pick, trail });
  }

  flag() {
    const sellers = this.list.meant;
    const flagged = !sellers.every((seller) => seller.flagged);
    const ids = sellers.map(({ id }) => id);
    return this.#change(ids, () => once("/sellers/flag-batch", { ids, flagged }), flagged ? "flagged" : "unflagged", () => {
      sellers.forEach((seller) => this.pick.has(seller.id) && Object.assign(seller, { flagged }));
    });
  }

  remove() {
    const ids = this.list.meant.map(({ id }) => id);
    return this.#change(ids, () => once("/sellers/bulk/delete", { ids }), "removed", () => this.pick.forget(ids));
  }

  mark() {
    const { ids } = this.pick;
    mark(ids, (edited) => this.#done(edited, "marked"));
  }

  // One change at a time: what is clicked twice is sent once.
  async #change(ids, ask, word, then) {
    if (ids.length === 0 || this.isBusy) return;
    this.isBusy = true;
    this.list.calm();
    this.list.render();
    try {
      const edited = await ask();
      then();
      this.#done(edited, word);
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      this.list.complain(problem, problem.status === 0 ? "offline" : "change", () => this.#change(ids, ask, word, then));
    } finally {
      this.isBusy = false;
      this.list.render();
    }
  }

  #done({ entry_id: entry, affected_count: n, seller_count_snapshot: sellers }, word) {
    this.trail.did(entry, word, n);
    this.list.changed(sellers);
  }

  async copy() {
    const names = this.pick.sellers.map((seller) => seller.display_name);
    try {
      await navigator.clipboard.writeText(names.join("\n"));
      this.trail.tell(t("sellers.act.copied", { n: names.length }));
    } catch {
      this.trail.tell(t("sellers.act.no_copy"));
    }
  }

  async export(wants) {
    if (this.isOpening) return;
    this.isOpening = true;
    const runs = await read("/collection/runs?limit=100").then(({ items }) => items, () => []);
    this.isOpening = false;
    exports(this.list.query, { isFiltered: this.list.isFiltered, runs, ids: this.pick.ids, wants });
  }

  async every() {
    if (this.isBusy) return;
    this.isBusy = true;
    this.list.render();
    try {
      await this.pick.every(this.list.query, (n) => this.trail.tell(t("sellers.pick.gathering", { n: figure(n) })));
      this.trail.hide();
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      this.list.complain(problem, "load", () => void this.every());
    } finally {
      this.isBusy = false;
      this.list.render();
    }
  }

  /** Gives the buttons at the head of the page something to do. */
  buttons(main) {
    const button = (id, act) => {
      const node = main.querySelector(id);
      if (!node) return;
      node.addEventListener("click", (event) => {
        event.preventDefault();
        void act();
      });
    };
    button("#export", () => this.export(this.list.isFiltered ? "filter" : "all"));
    button("#add", () => add((added) => this.#came(added, "added")));
    button("#import", () => imports((added) => this.#came(added, "imported")));
  }

  #came({ entry_id: entry, added_count: n, seller_count_snapshot: sellers }, word) {
    this.trail.did(entry, word, n);
    if (entry) this.list.changed(sellers);
  }
}

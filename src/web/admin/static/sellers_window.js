// The rows that can be seen, and some around them: the page is as high as the whole list, and holds no more of it.
//
// Above so many pixels no browser draws a page: there the page is lower than the list, and a step of the wheel goes further.

import { h, keyed, mark, svg } from "./dom.js";

const AROUND = 24;
const HEIGHT_MAX = 15_000_000;

export class Window {
  #frame = 0;

  /**
   * @param table what the server wrote: its body is replaced when the first rows are known
   * @param book what is known of the list
   * @param rows how a row is made and updated: `key(index)`, `make(index)`, `update(node, index)`
   * @param moved what to do when other rows are seen
   */
  constructor(table, book, rows, moved, signal) {
    Object.assign(this, { table, book, rows, moved });
    this.height = 32;
    this.body = h("tbody");
    const space = () => h("tbody", { class: "space", "aria-hidden": "true" }, h("tr", null, h("td", { colspan: 9 }, svg("svg", { width: 1, height: 0 }))));
    this.parts = [space(), this.body, space()];
    addEventListener("scroll", () => this.soon(), { signal, passive: true });
    addEventListener("resize", () => {
      this.isMeasured = false;
      this.soon();
    }, { signal });
  }

  /** Draws before the next frame. */
  soon() {
    if (!this.#frame) this.#frame = requestAnimationFrame(() => this.draw());
  }

  /** Draws the rows that can be seen now. */
  draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (!this.table.isConnected || !this.book.isThere) return;
    if (!this.body.isConnected) {
      this.table.tBodies[0].remove();
      this.table.append(...this.parts);
    }
    const { total } = this.book;
    const [first, count, gap, exactly] = this.#seen(total);
    // Where the page is lower than the list there is less room above than there are rows.
    const from = Math.max(0, first - Math.min(AROUND, Math.floor(gap / this.height)));
    const to = Math.min(total, first + count + AROUND);
    const indexes = Array.from({ length: Math.max(0, to - from) }, (_, at) => from + at);
    const above = Math.max(0, gap - (first - from) * this.height);
    this.#space(0, above);
    this.#space(2, this.#paged(total) - above - (to - from) * this.height);
    keyed(this.body, indexes, (index) => this.rows.key(index), (index) => this.rows.make(index), (node, index) => this.rows.update(node, index));
    this.first = first;
    this.count = count;
    if (!this.isMeasured) this.#measure();
    this.book.need(Math.max(0, first), Math.min(total, first + count) - 1);
    this.moved(exactly);
  }

  /** Scrolls as little as makes this row seen. */
  show(index) {
    const { top, bottom } = this.#view();
    const wholly = Math.max(1, Math.floor((bottom - top) / this.height) - 1);
    const first = this.#exactly(this.book.total);
    if (index < first) this.goTo(index);
    else if (index > first + wholly - 1) this.goTo(index - wholly + 1);
    this.draw();
  }

  /** Scrolls until this row is the first that is seen. */
  goTo(index) {
    const { total } = this.book;
    const [whole, paged, view] = [total * this.height, this.#paged(total), this.#seenHeight()];
    const wanted = index * this.height;
    const y = whole === paged ? wanted : (wanted / Math.max(1, whole - view)) * (paged - view);
    scrollTo({ top: index === 0 ? 0 : this.#start() + y, behavior: "instant" });
  }

  /** Whole rows that fit in what is seen. */
  get pageful() {
    return Math.max(1, Math.floor(this.#seenHeight() / this.height) - 1);
  }

  // Stands for the rows that are not in the page.
  #space(part, height) {
    this.parts[part].hidden = height < 1;
    mark(this.parts[part].querySelector("svg"), "height", Math.max(0, Math.round(height)));
  }

  #paged(total) {
    return Math.min(total * this.height, HEIGHT_MAX);
  }

  // What can be seen of the rows: below the heads that stay where they are.
  #view() {
    const head = this.table.tHead.getBoundingClientRect();
    const top = Math.max(0, document.querySelector(".top").getBoundingClientRect().bottom) + head.height;
    return { top, bottom: innerHeight };
  }

  #seenHeight() {
    const { top, bottom } = this.#view();
    return Math.max(this.height, bottom - top);
  }

  // By how much the page is scrolled when the first row is the first that is seen.
  #start() {
    return this.table.getBoundingClientRect().top + this.table.tHead.offsetHeight + scrollY - this.#view().top;
  }

  #exactly(total) {
    const scrolled = Math.max(0, scrollY - this.#start());
    const [whole, paged, view] = [total * this.height, this.#paged(total), this.#seenHeight()];
    return (whole === paged ? scrolled : (scrolled / Math.max(1, paged - view)) * (whole - view)) / this.height;
  }

  // The first row that is seen, how many are, and how far down the page the first one stands.
  #seen(total) {
    const exactly = Math.max(0, Math.min(this.#exactly(total), total - 1));
    const first = Math.floor(exactly);
    const count = Math.ceil(this.#seenHeight() / this.height) + 1;
    if (total * this.height <= HEIGHT_MAX) return [first, count, first * this.height, exactly];
    return [first, count, Math.max(0, scrollY - this.#start()) - (exactly - first) * this.height, exactly];
  }

  // Rows are as high as the styles say: on a phone they have two lines. Asked only then, since it costs a layout.
  #measure() {
    const { height } = this.body.querySelector("tr:not(.edit)")?.getBoundingClientRect() ?? { height: 0 };
    this.isMeasured = height > 0;
    if (height > 0 && Math.abs(height - this.height) > 0.1) {
      this.height = height;
      this.soon();
    }
  }
}

// Which sellers are selected: by a click, by a click with Shift, by drawing over the boxes, all that are loaded, all that
// match. It outlives a change of the filter.

import { read } from "./api.js";

/** As many as one change may name. */
export const PICKED_MAX = 10_000;
const PAGE = 500;

const picked = new Map();

export class Pick {
  #anchor = 0;
  #drawn = null;

  /** @param changed what to do when the selection has changed */
  constructor(book, changed) {
    this.book = book;
    this.changed = changed;
  }

  get size() {
    return picked.size;
  }

  get ids() {
    return [...picked.keys()];
  }

  get sellers() {
    return [...picked.values()];
  }

  has(id) {
    return picked.has(id);
  }

  /** Selects the row of this place or takes it out; with Shift, all from the last one to here. */
  click(index, isRange) {
    const seller = this.book.row(index);
    if (!seller) return;
    if (isRange) this.#range(this.#anchor, index, true);
    else this.#set(seller, !picked.has(seller.id));
    this.#anchor = index;
    this.changed();
  }

  /** Begins to draw over the boxes, from the row of this place on. */
  press(index) {
    const seller = this.book.row(index);
    this.#drawn = seller ? { from: index, on: !picked.has(seller.id) } : null;
  }

  /** Goes on drawing; a press that never leaves its row is a click. */
  draw(index) {
    if (!this.#drawn || (index === this.#drawn.from && !this.#drawn.isDrawing)) return;
    this.#drawn.isDrawing = true;
    this.#range(this.#drawn.from, index, this.#drawn.on);
    this.#anchor = index;
    this.changed();
  }

  release() {
    this.#drawn = null;
  }

  /** Selects all that are loaded, or takes them out where all of them are selected. */
  all() {
    const rows = [...this.book.rows()].map(([, seller]) => seller);
    const on = !rows.every(({ id }) => picked.has(id));
    rows.forEach((seller) => this.#set(seller, on));
    this.changed();
  }

  /** Whether none, some or all of what is loaded is selected. */
  get share() {
    let [all, some] = [true, false];
    for (const [, { id }] of this.book.rows()) {
      if (picked.has(id)) some = true;
      else all = false;
    }
    return { all: all && some, some };
  }

  /** Selects all that match, page by page, up to as many as one change may name. */
  async every(query, told) {
    let cursor = null;
    do {
      const asked = new URLSearchParams(query);
      asked.set("limit", PAGE);
      if (cursor) asked.set("cursor", cursor);
      const page = await read(`/sellers?${asked}`);
      page.items.forEach((seller) => this.#set(seller, true));
      cursor = page.next_cursor;
      told(picked.size);
    } while (cursor && picked.size < PICKED_MAX);
    this.changed();
  }

  clear() {
    picked.clear();
    this.changed();
  }

  /** These are not there any more. */
  forget(ids) {
    ids.forEach((id) => picked.delete(id));
    this.changed();
  }

  #range(from, to, on) {
    for (let index = Math.min(from, to); index <= Math.max(from, to); index += 1) {
      const seller = this.book.row(index);
      if (seller) this.#set(seller, on);
    }
  }

  #set(seller, on) {
    if (!on) picked.delete(seller.id);
    else if (picked.size < PICKED_MAX) picked.set(seller.id, seller);
  }
}

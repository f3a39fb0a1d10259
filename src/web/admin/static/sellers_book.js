// What is known of the list: pages of it, asked for where somebody looks and one ahead, the last question first.
//
// A page follows its neighbour by its cursor; where one jumps, it is asked for by its place. Only so many are kept.

import { read } from "./api.js";

const BLOCK = 100;
const BLOCKS_MAX = 120;
const AT_ONCE_MAX = 2;

export class Book {
  #blocks = new Map();
  #asking = new Set();
  #want = [0, 0];
  #turn = 0;
  #isOld = false;
  #isBroken = false;

  /** @param told what to do when rows came, when they are those of another question, and when none came */
  constructor(told) {
    this.told = told;
    this.#forget();
  }

  /** Asks another question; what was known is shown until the first answer is there. */
  ask(query) {
    this.query = query;
    this.#turn += 1;
    this.#asking.clear();
    this.#isOld = true;
    this.#isBroken = false;
  }

  /** How many rows there are, as far as is known. */
  get total() {
    if (this.exact !== null) return this.exact;
    const guess = Math.max(this.estimate, this.low);
    return guess <= this.high ? guess : Math.ceil((this.low + this.high) / 2);
  }

  /** Whether anything is known at all. */
  get isThere() {
    return this.#blocks.size > 0;
  }

  row(index) {
    return this.#blocks.get(Math.floor(index / BLOCK))?.items[index % BLOCK];
  }

  /** Every row that is known, with its place. */
  *rows() {
    for (const [number, { items }] of [...this.#blocks].sort(([a], [b]) => a - b)) {
      for (const [at, item] of items.entries()) yield [number * BLOCK + at, item];
    }
  }

  /** Says which rows somebody looks at. */
  need(first, last) {
    this.#want = [Math.max(0, first), Math.max(0, last)];
    this.#pump();
  }

  /** Asks for everything anew that somebody looks at, and shows what is there until it comes. */
  renew() {
    for (const block of this.#blocks.values()) block.isStale = true;
    [this.exact, this.low, this.high] = [null, 0, Infinity];
    this.#turn += 1;
    this.#asking.clear();
    this.again();
  }

  /** Goes on where no answer came. */
  again() {
    this.#isBroken = false;
    this.#pump();
  }

  /** Shows a seller as it is now. */
  put(seller) {
    for (const block of this.#blocks.values()) {
      const at = block.items.findIndex(({ id }) => id === seller.id);
      if (at >= 0) block.items[at] = seller;
    }
    this.told.changed();
  }

  #forget() {
    this.#blocks.clear();
    [this.exact, this.estimate, this.low, this.high] = [null, 0, 0, Infinity];
  }

  #isFresh(number) {
    const block = this.#blocks.get(number);
    return Boolean(block) && !block.isStale;
  }

  #pump() {
    if (this.#isBroken) return;
    if (this.#isOld) {
      if (this.#asking.size === 0) void this.#load(0);
      return;
    }
    const [first, last] = this.#want.map((index) => Math.floor(index / BLOCK));
    const end = this.exact === null ? Infinity : Math.max(1, Math.ceil(this.exact / BLOCK));
    for (let number = first; number <= last + 1 && number < end; number += 1) {
      if (this.#asking.size >= AT_ONCE_MAX) return;
      const follows = number === last + 1 && !this.#isFresh(last);
      if (!this.#isFresh(number) && !this.#asking.has(number) && !follows) void this.#load(number);
    }
  }

  async #load(number) {
    const turn = this.#turn;
    this.#asking.add(number);
    const cursor = !this.#isOld && this.#isFresh(number - 1) ? this.#blocks.get(number - 1).next : null;
    const place = cursor ? { cursor } : number > 0 ? { skip: number * BLOCK } : {};
    const query = new URLSearchParams(this.query);
    for (const [name, value] of Object.entries({ limit: BLOCK, ...place })) query.set(name, value);
    try {
      const page = await read(`/sellers?${query}`);
      if (turn === this.#turn) this.#take(number, page);
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      if (turn !== this.#turn) return;
      this.#asking.delete(number);
      this.#isBroken = true;
      this.told.failed(problem);
    }
  }

  #take(number, { items, next_cursor: next, total_estimate: estimate }) {
    const isAnew = this.#isOld;
    if (isAnew) this.#forget();
    this.#isOld = false;
    this.#asking.delete(number);
    this.#blocks.set(number, { items, next, isStale: false });
    this.estimate = estimate;
    const behind = number * BLOCK + items.length;
    if (next) this.low = Math.max(this.low, behind + 1);
    else if (items.length > 0 || number === 0) this.exact = behind;
    else this.high = Math.min(this.high, number * BLOCK);
    this.#trim();
    if (isAnew) this.told.anew();
    this.told.changed();
    this.#pump();
  }

  #trim() {
    const middle = (this.#want[0] + this.#want[1]) / 2 / BLOCK;
    const far = [...this.#blocks.keys()].sort((a, b) => Math.abs(b - middle) - Math.abs(a - middle));
    for (const number of far.slice(0, Math.max(0, far.length - BLOCKS_MAX))) this.#blocks.delete(number);
  }
}

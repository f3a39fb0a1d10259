// The stored events of a run, read ahead page by page and handed out when a clock of their own has come to them.

import { events } from "./api.js";

const AHEAD = 2_000;
const KEPT_MAX = 20_000;
const PAGE = 500;
const AT_ONCE = 4;

export class ReplaySource {
  #kept = [];
  #first = 1;
  #next = 1;
  #reading = null;
  /** What to do with a problem of reading ahead. */
  failed = () => {};

  /** @param last the number of the newest event */
  constructor(id, last) {
    this.id = id;
    this.last = last;
  }

  /** Whether every event was handed out. */
  get isAtEnd() {
    return this.#next > this.last;
  }

  /** Begins with the first event again; those that are still here are not read anew. */
  rewind() {
    this.#next = 1;
    if (this.#first > 1) this.#forget(1);
  }

  /** The next event, if it is here and no later than this; reads ahead. */
  upTo(time) {
    if (this.#next + AHEAD > this.#here && this.#here <= this.last) this.read().catch((problem) => this.failed(problem));
    const event = this.#kept[this.#next - this.#first];
    if (!event || Date.parse(event.timestamp) > time) return null;
    this.#next = event.seq + 1;
    if (this.#next - this.#first > KEPT_MAX) this.#forget(this.#next - AHEAD);
    return event;
  }

  /** When the next event happened; null where it is not here yet. */
  get nextAt() {
    const event = this.#kept[this.#next - this.#first];
    return event ? Date.parse(event.timestamp) : null;
  }

  /** Reads the next pages; rejects with a Problem. */
  read() {
    this.#reading ??= this.#pages().finally(() => (this.#reading = null));
    return this.#reading;
  }

  get #here() {
    return this.#first + this.#kept.length;
  }

  // Numbers have no gaps, so that pages can be asked for at once.
  async #pages() {
    const from = this.#here - 1;
    const starts = Array.from({ length: AT_ONCE }, (_, at) => from + at * PAGE).filter((after) => after < this.last);
    const pages = await Promise.all(starts.map((after) => events(this.id, after, PAGE)));
    for (const { items } of pages) for (const event of items) this.#keep(event);
    if (this.#here - 1 === from) this.last = from;
  }

  #keep(event) {
    // The oldest ones may be gone.
    if (this.#kept.length === 0 && event.seq > this.#here) [this.#first, this.#next] = [event.seq, event.seq];
    if (event.seq === this.#here) this.#kept.push(event);
  }

  #forget(before) {
    const keep = before <= this.#first ? 0 : before - this.#first;
    if (before < this.#first) this.#kept = [];
    else this.#kept.splice(0, keep);
    this.#first = before;
  }
}

// The requests of a run, a lane for each worker, as arrays of numbers: a hundred thousand of them are a few megabytes.
//
// What happens is added at the end; what is kept of before is read page by page, the newest first, and put in front. A
// worker has one request at a time, so that a lane is in order whichever way it grows.

import { requests } from "./api.js";

/** Most requests that a page holds; what is older stays at the server. */
export const REQUESTS_MAX = 200_000;

/** What came of a request, from the foot to the top of a pixel that many share. */
export const OUTCOMES = ["ok", "gain", "warn", "err"];
export const [OK, GAIN, WAIT, ERROR] = [0, 1, 2, 3];

const ROOM = 1_024;
const COLUMNS = { start: Float64Array, took: Float64Array, wait: Float64Array, seq: Float64Array, fresh: Float64Array, kind: Uint8Array };

/** The requests of one worker, in the order of time: the n-th is at `first + n` of each column. */
export class Lane {
  first = ROOM / 2;
  length = 0;

  constructor(worker) {
    this.worker = worker;
    for (const [name, Type] of Object.entries(COLUMNS)) this[name] = new Type(ROOM);
  }

  get end() {
    return this.first + this.length;
  }

  append(request) {
    if (this.end === this.seq.length) this.#grow();
    this.#set(this.end, request);
    this.length += 1;
  }

  prepend(request) {
    if (this.first === 0) this.#grow();
    this.first -= 1;
    this.#set(this.first, request);
    this.length += 1;
  }

  /** The place of the first request that had not ended at this time. */
  from(time) {
    let [low, high] = [this.first, this.end];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.start[middle] + this.took[middle] + this.wait[middle] < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #set(place, request) {
    for (const name of Object.keys(COLUMNS)) this[name][place] = request[name];
  }

  /** Forgets the oldest. */
  drop() {
    this.first += 1;
    this.length -= 1;
  }

  // Where half of the room is free already, the requests only move to its middle.
  #grow() {
    const before = this.first;
    const room = this.length > this.seq.length / 2 ? this.seq.length * 2 : this.seq.length;
    this.first = (room - this.length) >> 1;
    for (const [name, Type] of Object.entries(COLUMNS)) {
      const wider = new Type(room);
      wider.set(this[name].subarray(before, before + this.length), this.first);
      this[name] = wider;
    }
  }
}

const kindOf = (action, fresh) => {
  if (action === "rate_limited") return WAIT;
  if (action === "found") return fresh > 0 ? GAIN : OK;
  return ERROR;
};

export class Requests {
  lanes = new Map();
  count = 0;
  /** Until all that is kept was read. */
  reading = false;
  removedAt = null;
  #before;
  #dropped = false;

  /** @param firstSeq the number of the first event that `take` will be given */
  constructor(id, firstSeq) {
    this.id = id;
    this.#before = firstSeq > 1 ? firstSeq : null;
  }

  /** Takes an event that tells of an answer; others are none of its business. */
  take(event) {
    if (event.duration_ms === undefined || event.worker_id === 0 || event.action === "answer_refused") return;
    const end = Date.parse(event.timestamp);
    const lane = this.#lane(event.worker_id);
    if (this.count >= REQUESTS_MAX && lane.length > 0) {
      lane.drop();
      this.count -= 1;
      this.#dropped = true;
    }
    lane.append({
      seq: event.seq, start: end - event.duration_ms, took: event.duration_ms, wait: (event.wait_seconds ?? 0) * 1_000,
      fresh: event.phase === "ebay" ? event.new_sellers_count ?? 0 : 0,
      kind: kindOf(event.action, event.new_sellers_count ?? 0),
    });
    this.count += 1;
  }

  /** Reads what is kept of before, and says after each page that there is more to be seen. */
  async read(more) {
    this.reading = true;
    try {
      while (this.#before !== null && this.count < REQUESTS_MAX) {
        const page = await requests(this.id, this.#before);
        page.seq.forEach((seq, at) => this.#add(page, at, seq));
        this.removedAt = page.events_removed_at;
        this.#before = page.next_cursor === null ? null : Number(page.next_cursor);
        more();
      }
    } finally {
      this.reading = false;
      more();
    }
  }

  /** Whether older ones were left at the server. */
  get isCut() {
    return this.#before !== null || this.#dropped;
  }

  /** From when to when there are requests; null where there is none. */
  get span() {
    const lanes = [...this.lanes.values()].filter(({ length }) => length > 0);
    if (lanes.length === 0) return null;
    const from = Math.min(...lanes.map((lane) => lane.start[lane.first]));
    const to = Math.max(...lanes.map((lane) => lane.start[lane.end - 1] + lane.took[lane.end - 1]));
    return [from, to];
  }

  #add(page, at, seq) {
    const fresh = page.new_sellers_count[at];
    this.#lane(page.worker_id[at]).prepend({
      seq, start: page.ended_ms[at] - page.duration_ms[at], took: page.duration_ms[at], wait: page.wait_ms[at],
      fresh: page.phase[at] === "ebay" ? fresh : 0, kind: kindOf(page.action[at], fresh),
    });
    this.count += 1;
  }

  #lane(worker) {
    let lane = this.lanes.get(worker);
    if (!lane) this.lanes.set(worker, (lane = new Lane(worker)));
    return lane;
  }
}

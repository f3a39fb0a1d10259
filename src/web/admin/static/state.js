// What this page knows of one run: its progress, its newest events and what they add up to. No elements here.

import { now } from "./format.js";
import { Pace } from "./pace.js";
import { Requests } from "./requests.js";

const EVENTS_KEPT = 1_000;
const MINUTE_MS = 60_000;

/** Events before the newest that the page asks for when it opens: enough for the figures beside the feed. */
export const BACKLOG = 3_000;

/** One stage of the pipeline: how many rows, and how many of them in the last minute. */
class Stage {
  total = 0;
  latest = null;
  recent = [];

  add(at, rows) {
    this.total += rows;
    this.latest = at;
    this.recent.push([at, rows]);
  }

  lastMinute() {
    const from = now() - MINUTE_MS;
    while (this.recent.length > 0 && this.recent[0][0] < from) this.recent.shift();
    return this.recent.reduce((sum, [, rows]) => sum + rows, 0);
  }
}

/** Tasks that are final. */
export const finished = (tasks) => tasks.done + tasks.failed + tasks.skipped;

/** Tasks that are still to come. */
export const remaining = (tasks) => tasks.pending + tasks.claimed;

/** All tasks. */
export const total = (tasks) => finished(tasks) + remaining(tasks);

export class RunState {
  /** @param row the run as `GET /collection/runs/{id}` tells it */
  constructor(row, progress) {
    this.row = row;
    this.conn = "connecting";
    this.events = [];
    this.lastSeq = Math.max(0, progress.last_event_id - BACKLOG);
    this.countedFrom = this.lastSeq + 1;
    this.requests = new Requests(row.id, this.countedFrom);
    this.stages = { products: new Stage(), kept: new Stage(), duplicates: new Stage(), inserted: new Stage(), updated: new Stage() };
    this.errors = new Map();
    this.failure = row.fail;
    this.latest = new Map();
    this.pace = new Pace();
    this.setProgress(progress);
  }

  setProgress(progress) {
    if (this.progress && progress.last_event_id < this.progress.last_event_id) return;
    this.progress = progress;
    this.paced(progress);
  }

  /** Has the pace see how far the phase is. */
  paced({ phase, tasks, state }) {
    this.pace.see(phase, finished(tasks), state === "running");
  }

  /** What a `connected` or `status` event says of the run's state. */
  setStanding({ status, state, wanted, pause, fail, progress }) {
    if (progress) this.setProgress(progress);
    Object.assign(this.progress, { status, state, wanted });
    if (pause !== undefined) this.progress.pause = pause;
    if (fail !== undefined) this.failure = fail;
  }

  /** Takes an activity event. Tells `new`, `known` (it was here before) or `gap` (one before it is missing; not taken). */
  take(event) {
    if (event.seq <= this.lastSeq) return "known";
    if (event.seq !== this.lastSeq + 1) return "gap";
    this.lastSeq = event.seq;
    this.events.push(event);
    if (this.events.length > EVENTS_KEPT * 2) this.events.splice(0, EVENTS_KEPT);
    this.#add(event);
    return "new";
  }

  #add(event) {
    const at = Date.parse(event.timestamp);
    this.requests.take(event);
    const products = event.operation_type === "product_batch";
    switch (event.action) {
      case "uploading":
        (products ? this.stages.products : this.stages.kept).add(at, event.items_count);
        break;
      case "deduped":
        this.stages.duplicates.add(at, event.items_count);
        break;
      case "inserted":
        if (!products) this.stages.inserted.add(at, event.items_count);
        break;
      case "updated":
        if (!products) this.stages.updated.add(at, event.items_count);
        break;
      case "error":
      case "rate_limited":
        this.#addError(event, at);
        this.latest.set(event.worker_id, event);
        break;
      case "found":
        this.latest.set(event.worker_id, event);
        break;
      default:
    }
  }

  #addError(event, at) {
    const stage = event.error_stage ?? "api";
    const key = `${event.error_type} ${stage}`;
    const entry = this.errors.get(key) ?? { type: event.error_type, stage, count: 0 };
    this.errors.set(key, { ...entry, count: entry.count + 1, latest: at });
  }
}

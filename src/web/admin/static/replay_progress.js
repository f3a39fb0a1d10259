// The progress of a run at a moment of its past, made of its events: what the server tells of a run that is under way.
//
// Requests, products and sellers are exact. Tasks are counted when their worker goes on to another one, and set right by the
// event that ends a phase.

import { finished, total } from "./state.js";

const NONE = { pending: 0, claimed: 0, done: 0, failed: 0, skipped: 0 };
const TOLD = { found: "found", error: "error", rate_limited: "rate_limited" };

export class ReplayProgress {
  #subjects = new Map();
  #last = new Map();

  /** @param final the progress of the run as it ended */
  constructor(final, startedAt) {
    this.final = final;
    const all = (phase) => total(final.counters[phase]);
    this.totals = { amazon: all("amazon"), ebay: all("ebay") };
    this.value = {
      ...final, status: "running", state: "running", wanted: "run", phase: "amazon", percent: 0, pause: null, streak: 0,
      counters: { ...final.counters, amazon: { ...NONE, pending: this.totals.amazon }, ebay: { ...NONE, pending: this.totals.ebay },
        products_fetched: 0, sellers_found: 0, sellers_new: 0, requests_made: 0 },
      spend: null, recovery: null, throttled_until: null, storage_away_since: null, completed_at: null, started_at: startedAt, last_event_id: 0,
      workers: final.workers.map((worker) => ({ ...worker, state: "idle", label: null, url: null, tasks_done: 0, restarts: 0, last_result: null, since: startedAt })),
    };
    this.#count();
  }

  /** Takes the next event. */
  take(event) {
    const { value } = this;
    const { counters } = value;
    value.last_event_id = event.seq;
    value.updated_at = event.timestamp;
    if (["fetching", "found", "error"].includes(event.action) && value.phase !== event.phase) value.phase = event.phase;
    const seller = event.operation_type?.startsWith("seller");
    if (TOLD[event.action] && event.worker_id > 0) this.#answered(event);
    else if (event.action === "fetching") this.#fetching(event);
    else if (event.action === "inserted" && seller) {
      counters.sellers_new += event.items_count;
      counters.sellers_found += event.items_count;
    } else if (event.action === "updated" && seller) counters.sellers_found += event.items_count;
    else this.#stand(event);
    this.#count();
  }

  #stand(event) {
    const { value } = this;
    const rest = (state) => {
      Object.assign(value, { state, status: state });
      if (state !== "running") this.#all({ state: "stopped", since: event.timestamp });
    };
    switch (event.action) {
      case "paused":
        rest("paused");
        value.pause = { reason: event.reason, since: event.timestamp, proofs: [], error: event.error_message, what_to_do: "", resumes_at: null };
        break;
      case "resumed":
      case "reopened":
      case "started":
        rest("running");
        value.pause = null;
        break;
      case "cancelled":
      case "failed":
        rest(event.action);
        value.completed_at = event.timestamp;
        break;
      case "worker_restarted": {
        const worker = this.#worker(event.source_worker_id);
        if (worker) worker.restarts += 1;
        break;
      }
      case "complete":
        this.#complete(event, rest);
        break;
      default:
    }
  }

  #complete(event, rest) {
    if (event.scope === "run") {
      rest("completed");
      this.value.completed_at = event.timestamp;
      return;
    }
    const tasks = this.value.counters[event.phase];
    Object.assign(tasks, { ...NONE, done: event.done, failed: event.failed, skipped: event.skipped });
  }

  #fetching(event) {
    const worker = this.#worker(event.worker_id);
    if (!worker) return;
    const subject = `${event.phase} ${event.product_name ?? ""} ${event.api_params?.node_id ?? event.api_params?.query ?? ""}`;
    if (this.#subjects.get(event.worker_id) !== subject) this.#ended(event.worker_id, worker);
    this.#subjects.set(event.worker_id, subject);
    const { price_min: min = null, price_max: max = null, page = null } = event.api_params ?? {};
    Object.assign(worker, { state: "fetching", phase: event.phase, label: event.product_name ?? event.category ?? null, category: event.category ?? null,
      url: event.url, price_min: min, price_max: max, page, pages_max: null, attempt: event.attempt, since: event.timestamp, waits_for: null, until: null });
  }

  // A worker that turns to something else has finished what it had.
  #ended(id, worker) {
    const last = this.#last.get(id);
    if (!last) return;
    const tasks = this.value.counters[last.phase];
    if (finished(tasks) < this.totals[last.phase]) tasks[last.action === "error" ? "failed" : "done"] += 1;
    worker.tasks_done += 1;
    this.#last.delete(id);
  }

  #answered(event) {
    const { counters } = this.value;
    counters.requests_made += 1;
    this.#last.set(event.worker_id, event);
    if (event.action === "found" && event.phase === "amazon") counters.products_fetched += event.items_count;
    const worker = this.#worker(event.worker_id);
    if (!worker) return;
    const waits = event.wait_seconds > 0;
    Object.assign(worker, { state: waits ? "waiting" : "idle", since: event.timestamp, waits_for: waits ? (event.action === "error" ? "backoff" : "rate_limit") : null,
      until: waits ? new Date(Date.parse(event.timestamp) + event.wait_seconds * 1_000).toISOString() : null });
  }

  #worker = (id) => this.value.workers.find((worker) => worker.worker_id === id);

  #all(what) {
    for (const worker of this.value.workers) Object.assign(worker, what);
  }

  #count() {
    const { value } = this;
    for (const phase of ["amazon", "ebay"]) {
      const tasks = value.counters[phase];
      tasks.pending = Math.max(this.totals[phase] - finished(tasks), 0);
    }
    // How many products there are is known when the first phase is over.
    if (value.phase === "amazon") value.counters.ebay.pending = value.counters.products_fetched;
    value.tasks = value.counters[value.phase];
    value.percent = (finished(value.tasks) * 100) / Math.max(total(value.tasks), 1);
    if (value.status === "completed") value.percent = 100;
  }
}

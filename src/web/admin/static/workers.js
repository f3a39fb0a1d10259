// The workers: one card each with what it does, what about, for how long, and what came of its newest request.

import { subject } from "./card.js";
import { badge, chip, fill, h, icon, keyed, mark, say } from "./dom.js";
import { PHASES, capital, figure, now, priceWindow, rough, shortUrl, span, words } from "./format.js";

const MANY = 8;

const STATES = {
  idle: ["Idle", "idle", "idle"],
  fetching: ["Fetching", "arc", "fetching"],
  waiting: ["Waiting", "clock", "waiting"],
  keeping: ["Keeping", "up", "keeping"],
  stopped: ["Stopped", "idle", "idle"],
};

const WAITS = { rate_limit: "rate limited", backoff: "before it asks again", page_delay: "before the next page" };

export class Workers {
  constructor(state) {
    this.state = state;
    this.list = h("ul", { class: "panel workers" });
    this.summary = h("span", { class: "mut" });
    this.node = h("section", { "aria-labelledby": "h-workers" },
      h("div", { class: "sec" }, h("h2", { id: "h-workers" }, "Workers"), this.summary), this.list);
  }

  render() {
    const { workers } = this.state.progress;
    this.list.classList.toggle("many", workers.length > MANY);
    keyed(this.list, workers, (worker) => worker.worker_id, make, (node, worker) => update(node, worker, this.state));
    this.tick();
  }

  /** Writes how long each is at it. */
  tick() {
    const { workers } = this.state.progress;
    for (const worker of workers) {
      const node = this.list.querySelector(`[data-key="${worker.worker_id}"] .for`);
      if (node) say(node, duration(worker));
    }
    say(this.summary, summary(this.state.progress));
  }
}

function duration(worker) {
  if (worker.state === "waiting" && worker.until) return `in ${span(Math.max(0, Date.parse(worker.until) - now()))}`;
  const ms = now() - Date.parse(worker.since);
  return worker.state === "idle" || worker.state === "stopped" ? rough(ms) : span(ms);
}

/** "four at work, one waiting; 2 of 5 failures in a row". */
function summary(progress) {
  const { workers } = progress;
  const many = (...states) => workers.filter((worker) => states.includes(worker.state)).length;
  const parts = [
    [many("fetching", "keeping"), "at work"], [many("waiting"), "waiting"],
    [many("idle"), "idle"], [many("stopped"), "stopped"],
  ].filter(([count]) => count > 0);
  const all = parts.length === 1 && workers.length > 1;
  const notes = [parts.map(([count, what]) => `${all ? `all ${words(count)}` : words(count)} ${what}`).join(", ")];
  if (progress.streak > 0) notes.push(`${progress.streak} of ${progress.streak_max} failures in a row`);
  const throttled = progress.throttled_until ? Date.parse(progress.throttled_until) - now() : 0;
  if (throttled > 0) notes.push(`the provider asked to slow down for ${span(throttled)}`);
  return notes.filter(Boolean).join("; ");
}

function make(worker) {
  return h("li", { class: "wk" },
    badge(worker.worker_id),
    h("span", { class: "state" }),
    h("span", { class: "thing cut" }),
    h("span", { class: "for" }),
    h("span", { class: "pg" }),
    h("span", { class: "at" }),
    h("span", { class: "q" }),
    h("span", { class: "last cut" }),
    h("span", { class: "sum" }));
}

function update(node, worker, state) {
  const [word, glyph, look] = STATES[worker.state];
  const part = (name) => node.querySelector(`:scope > .${name}`);
  const busy = look !== "idle";
  mark(node, "data-s", look);
  mark(part("state"), "data-s", look);
  fill(part("state"), worker.state, () => [icon(glyph, worker.state === "fetching" ? "i i-s spin" : "i i-s"), word]);
  fillThing(part("thing"), worker, busy);
  say(part("pg"), busy ? page(worker) : "");
  say(part("at"), busy && worker.attempt ? `attempt ${worker.attempt} of ${worker.attempts_max}` : "");
  fill(part("q"), busy ? [worker.phase, worker.price_min, worker.price_max, worker.url] : [], () => (busy ? parameters(worker, state) : []));
  fill(part("last"), [worker.last_result, worker.waits_for, worker.restarts, worker.state], () => last(worker));
  say(part("sum"), `${figure(worker.tasks_done)} done`);
}

function fillThing(node, worker, busy) {
  const name = worker.label ? subject(worker.phase, worker.label, worker.label) : "";
  mark(node, "title", name || null);
  if (busy) fill(node, name, () => [name]);
  else fill(node, [worker.last_result, worker.label, worker.state], () => (worker.last_result ? atRest(worker) : [idleWords(worker)]));
}

const atRest = (worker) => outcome(worker.label ? `Last: ${worker.label}, ` : "Last: ", worker);
const idleWords = (worker) => (worker.state === "stopped" ? "At rest" : "Waits for a task");

function page(worker) {
  const phase = PHASES[worker.phase]?.name ?? "";
  if (!worker.page) return phase;
  return worker.pages_max ? `${phase}, page ${worker.page} of ${worker.pages_max}` : `${phase}, page ${worker.page}`;
}

/** The price window, the filters of the run, and the address. */
function parameters(worker, state) {
  const filters = state.row.settings?.filters ?? {};
  const ebay = worker.phase === "ebay";
  const window = priceWindow(worker.price_min, worker.price_max);
  return [
    window && chip(window, null, "price window"),
    ebay && filters.brand_new && optional("Brand New"),
    ebay && filters.free_shipping && optional("Free shipping"),
    ebay && filters.us_only && optional("US only"),
    worker.url && h("span", { class: "mono cut", title: worker.url }, shortUrl(worker.url)),
  ];
}

const optional = (text) => h("span", { class: "chip opt" }, text);

function last(worker) {
  const restarted = worker.restarts > 0
    && chip(worker.restarts === 1 ? "restarted" : `restarted ${figure(worker.restarts)} times`, null, "This place got a new worker after a crash");
  const waits = worker.state === "waiting" && worker.waits_for ? `${capital(WAITS[worker.waits_for])}. ` : "";
  if (!worker.last_result) return [restarted, restarted && " ", waits || "Nothing asked yet"];
  return [restarted, restarted && " ", waits, ...outcome("Last: ", worker)];
}

function outcome(lead, worker) {
  const { action, text, new_sellers: fresh, duration_ms: ms } = worker.last_result;
  if (action !== "found") {
    return [lead, h("span", { class: action === "error" ? "bad" : "" }, text), ` after ${span(ms)}`];
  }
  const gained = worker.phase === "amazon" ? [] : [", ", fresh > 0 ? h("span", { class: "new" }, `${figure(fresh)} new`) : "none new"];
  return [lead, text, ...gained, `, in ${span(ms)}`];
}

// The workers: one card each with what it does, what about, for how long, and what came of its newest request.

import { subject } from "./card.js";
import { badge, chip, fill, h, icon, keyed, mark, say } from "./dom.js";
import { PHASES, capital, count, figure, now, priceWindow, rough, shortUrl, span, words } from "./format.js";

const MANY = 8;

const STATES = {
  idle: ["Idle", "idle", "idle"],
  fetching: ["Fetching", "arc", "fetching"],
  waiting: ["Waiting", "clock", "waiting"],
  keeping: ["Keeping", "up", "keeping"],
  stopped: ["Stopped", "idle", "idle"],
};

const WAITS = {
  rate_limit: "rate limited",
  provider_limit: "for its turn at the provider",
  backoff: "before it asks again",
  page_delay: "before the next page",
  lease: "for the database's word that the run is ours",
};

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
  ].filter(([number]) => number > 0);
  const all = parts.length === 1 && workers.length > 1;
  const notes = [parts.map(([number, what]) => `${all ? `all ${words(number)}` : words(number)} ${what}`).join(", ")];
  if (progress.streak > 0) notes.push(`${progress.streak} of ${progress.streak_max} failures in a row`);
  const throttled = progress.throttled_until ? Date.parse(progress.throttled_until) - now() : 0;
  if (throttled > 0) notes.push(`the provider asked to slow down for ${span(throttled)}`);
  const away = progress.storage_away_since;
  if (away) notes.push(`the database is away for ${rough(now() - Date.parse(away))}: nothing is lost, workers wait`);
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
  fillThing(part("thing"), worker, busy, state);
  say(part("pg"), busy ? page(worker) : "");
  say(part("at"), busy && worker.attempt ? `attempt ${worker.attempt} of ${worker.attempts_max}` : "");
  fill(part("q"), busy ? [worker.phase, worker.price_min, worker.price_max, worker.url] : [], () => (busy ? parameters(worker, state) : []));
  const told = outcome(worker, state);
  fill(part("last"), [told.key, worker.waits_for, worker.restarts, worker.state], () => last(worker, told));
  say(part("sum"), `${figure(worker.tasks_done)} done`);
}

function fillThing(node, worker, busy, state) {
  const name = worker.label ? subject(worker.phase, worker.label, worker.label) : "";
  mark(node, "title", name || null);
  if (busy) fill(node, name, () => [name]);
  else {
    const told = outcome(worker, state);
    fill(node, [told.key, worker.state], () => (told.parts
      ? [h("span", { class: "cut" }, "Last: ", told.about), h("span", { class: "cut came" }, ...told.parts)]
      : [idleWords(worker)]));
  }
}

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

function last(worker, told) {
  const restarted = worker.restarts > 0
    && chip(worker.restarts === 1 ? "restarted" : `restarted ${figure(worker.restarts)} times`, null, "This place got a new worker after a crash");
  const waits = worker.state === "waiting" && worker.waits_for ? capital(WAITS[worker.waits_for]) : "";
  const lead = [restarted, restarted && " "];
  if (!told.parts) return [...lead, waits || "Nothing asked yet"];
  return [...lead, "Last: ", ...told.parts, waits && `. ${waits}`];
}

/** What came of its newest request: from the event where it arrived, which knows more, else from the status. */
function outcome(worker, state) {
  const event = state.latest.get(worker.worker_id);
  if (event) return { key: event.seq, about: `${subject(event.phase, event.category, event.product_name)},`, parts: eventOutcome(event) };
  const told = worker.last_result;
  if (!told) return { key: 0, about: "", parts: null };
  const words = told.action === "error" ? h("span", { class: "bad" }, told.text) : told.text;
  return { key: told, about: "", parts: [words, `, in ${span(told.duration_ms)}`] };
}

function eventOutcome(event) {
  const took = span(event.duration_ms);
  if (event.action === "error") return [h("span", { class: "bad" }, event.error_type), ` after ${took}, attempt ${event.attempt}`];
  if (event.action === "rate_limited") return [`rate limited after ${took}`];
  const rest = h("span", { class: "opt" }, `, page ${event.api_params.page}, in ${took}`);
  if (event.phase === "amazon") return [count(event.items_count, "product"), rest];
  const fresh = event.new_sellers_count;
  return [count(event.items_count, "seller"), ", ",
    fresh > 0 ? h("span", { class: "new" }, `${figure(fresh)} new`) : "none new", rest];
}

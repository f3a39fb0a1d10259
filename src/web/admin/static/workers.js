// The workers: one card each with what it does, what about, for how long, and what came of its newest request.

import { subject } from "./card.js";
import { badge, chip, fill, h, icon, keyed, mark, say } from "./dom.js";
import { capital, count, figure, now, priceWindow, rough, shortUrl, span, words } from "./format.js";
import { parts, t } from "./words.js";

const MANY = 8;
const FILTERS = ["brand_new", "free_shipping", "us_only"];
/** While a run is in one of these, a worker that rests keeps the room that its next request takes. */
const WORKING = ["running", "pausing", "cancelling"];

/** Icon and look of each state; its word is `worker.state.NAME`. */
const STATES = {
  idle: ["idle", "idle"],
  fetching: ["arc", "fetching"],
  waiting: ["clock", "waiting"],
  keeping: ["up", "keeping"],
  stopped: ["idle", "idle"],
};

export class Workers {
  #only = null;

  constructor(state) {
    this.state = state;
    this.list = h("ul", { class: "panel workers" });
    this.summary = h("span", { class: "mut" });
    this.node = h("section", { "aria-labelledby": "h-workers" },
      h("div", { class: "sec" }, h("h2", { id: "h-workers" }, t("worker.others")), this.summary), this.list);
  }

  /** Shows only this worker; null shows all. */
  only(worker) {
    this.#only = worker;
    this.render();
  }

  render() {
    const workers = this.state.progress.workers.filter(({ worker_id: id }) => this.#only === null || id === this.#only);
    this.list.classList.toggle("many", workers.length > MANY);
    this.list.classList.toggle("rest", !WORKING.includes(this.state.progress.state));
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
  if (worker.state === "waiting" && worker.until) return t("worker.in", { time: span(Math.max(0, Date.parse(worker.until) - now())) });
  const ms = now() - Date.parse(worker.since);
  return worker.state === "idle" || worker.state === "stopped" ? rough(ms) : span(ms);
}

/** "four at work, one waiting; 2 of 5 failures in a row". */
function summary(progress) {
  const { workers } = progress;
  const many = (...states) => workers.filter((worker) => states.includes(worker.state)).length;
  const parts = [
    [many("fetching", "keeping"), t("worker.at_work")], [many("waiting"), t("worker.waiting")],
    [many("idle"), t("worker.idle")], [many("stopped"), t("worker.stopped")],
  ].filter(([number]) => number > 0);
  const all = parts.length === 1 && workers.length > 1;
  const notes = [parts.map(([number, what]) => `${all ? t("worker.all_of", { count: words(number) }) : words(number)} ${what}`).join(", ")];
  if (progress.streak > 0) notes.push(t("worker.streak", { count: progress.streak, most: progress.streak_max }));
  const throttled = progress.throttled_until ? Date.parse(progress.throttled_until) - now() : 0;
  if (throttled > 0) notes.push(t("worker.throttled", { time: span(throttled) }));
  const away = progress.storage_away_since;
  if (away) notes.push(t("worker.away", { time: rough(now() - Date.parse(away)) }));
  return notes.filter(Boolean).join("; ");
}

function make(worker) {
  return h("li", { class: "wk", "data-worker": worker.worker_id },
    badge(worker.worker_id),
    h("span", { class: "state" }),
    h("a", { class: "thing cut", href: `#worker-${worker.worker_id}`, dir: "auto" }),
    h("span", { class: "for" }),
    h("span", { class: "pg" }),
    h("span", { class: "at" }),
    h("span", { class: "q" }),
    h("span", { class: "last cut" }),
    h("span", { class: "sum" }));
}

function update(node, worker, state) {
  const [glyph, look] = STATES[worker.state];
  const part = (name) => node.querySelector(`:scope > .${name}`);
  const busy = look !== "idle";
  mark(node, "data-s", look);
  mark(part("state"), "data-s", look);
  fill(part("state"), worker.state, () => [icon(glyph, worker.state === "fetching" ? "i i-s spin" : "i i-s"), t(`worker.state.${worker.state}`)]);
  fillThing(part("thing"), worker, busy, state);
  say(part("pg"), busy ? page(worker) : "");
  say(part("at"), busy && worker.attempt ? t("card.attempt", { attempt: worker.attempt, most: worker.attempts_max }) : "");
  fill(part("q"), busy ? [worker.phase, worker.price_min, worker.price_max, worker.url] : [], () => (busy ? parameters(worker, state) : []));
  const told = outcome(worker, state);
  fill(part("last"), [told.key, worker.waits_for, worker.restarts, worker.state], () => last(worker, told));
  say(part("sum"), t("worker.sum", { count: figure(worker.tasks_done) }));
}

function fillThing(node, worker, busy, state) {
  const name = worker.label ? subject(worker.phase, worker.label, worker.label) : "";
  mark(node, "title", name || null);
  if (busy) fill(node, name, () => [name]);
  else {
    const told = outcome(worker, state);
    fill(node, [told.key, worker.state], () => (told.parts
      ? [h("span", { class: "cut" }, t("worker.last_of", { what: told.about })), h("span", { class: "cut came" }, told.parts)]
      : [idleWords(worker)]));
  }
}

const idleWords = (worker) => t(`worker.rests.${worker.state === "stopped" ? "stopped" : "idle"}`);

function page(worker) {
  const phase = worker.phase ? t(`phase.${worker.phase}.name`) : "";
  if (!worker.page) return phase;
  const { page: at, pages_max: most } = worker;
  return `${phase}, ${most ? t("card.page_of", { page: at, most }) : t("card.page", { page: at })}`;
}

/** The price window, the filters of the run, and the address. */
function parameters(worker, state) {
  const filters = state.row.settings?.filters ?? {};
  const ebay = worker.phase === "ebay";
  const window = priceWindow(worker.price_min, worker.price_max);
  return [
    window && chip(window, null, t("card.window")),
    ...FILTERS.map((name) => ebay && filters[name] && h("span", { class: "chip opt" }, capital(t(`settings.described.${name}`)))),
    worker.url && h("span", { class: "mono cut", title: worker.url }, shortUrl(worker.url)),
  ];
}

function last(worker, told) {
  const restarted = worker.restarts > 0
    && chip(t("worker.restarted", { n: worker.restarts, count: figure(worker.restarts) }), null, t("worker.restarted_why"));
  const waits = worker.state === "waiting" && worker.waits_for ? capital(t(`worker.waits.${worker.waits_for}`)) : "";
  const lead = [restarted, restarted && " "];
  if (!told.parts) return [...lead, waits || t("worker.nothing")];
  return [...lead, parts("worker.last_of", { what: told.parts }), waits && `. ${waits}`];
}

/** What came of its newest request: from the event where it arrived, which knows more, else from the status. */
function outcome(worker, state) {
  const event = state.latest.get(worker.worker_id);
  if (event) return { key: event.seq, about: `${subject(event.phase, event.category, event.product_name)},`, parts: eventOutcome(event) };
  const told = worker.last_result;
  if (!told) return { key: 0, about: "", parts: null };
  const said = told.action === "error" ? h("span", { class: "bad" }, told.text) : told.text;
  return { key: told, about: "", parts: parts("worker.took", { what: said, time: span(told.duration_ms) }) };
}

function eventOutcome(event) {
  const took = span(event.duration_ms);
  if (event.action === "error") return parts("worker.failed", { what: h("span", { class: "bad" }, event.error_type), time: took, attempt: event.attempt });
  if (event.action === "rate_limited") return [t("worker.limited", { time: took })];
  const rest = h("span", { class: "opt" }, t("worker.page_took", { page: event.api_params.page, time: took }));
  if (event.phase === "amazon") return [count(event.items_count, "product"), rest];
  const fresh = event.new_sellers_count;
  return [count(event.items_count, "seller"), ", ",
    fresh > 0 ? h("span", { class: "new" }, t("run.new", { n: figure(fresh) })) : t("run.none_new"), rest];
}

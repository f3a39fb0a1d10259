// The list of runs, newest first: what works now above, what has ended below. Asked again every two seconds.

import * as api from "./api.js";
import { bar, fill, fillBar, h, icon, keyed, mark, say } from "./dom.js";
import { PHASES, STATES, count, dayAndTime, figure, isFinal, now, percent, rough, span } from "./format.js";
import { waitWords } from "./halt.js";
import { tone } from "./head.js";

const EVERY_MS = 2_000;
const PHASE_WORDS = { amazon: "Amazon, phase 1 of 2", ebay: "eBay, phase 2 of 2" };
const PAUSES = {
  manual: "by hand", consecutive_failures: "failures in a row", rate_limited: "rate limits only", provider_refused: "the provider refuses",
  failure_rate: "most pages fail", suspicious_results: "pages hold nothing", crash_loop: "a fault in Gleaner",
  budget: "the budget is spent",
};
const COMMANDS = { pending: ["start", "play", "Start"], running: ["pause", "pause", "Pause"], paused: ["resume", "play", "Resume"] };

export class HomeView {
  constructor(refused, collect) {
    this.refused = refused;
    this.rows = [];
    this.conn = h("span", { class: "conn", "data-conn": "reconnecting" }, "Connecting");
    this.problem = h("p", { class: "notice", role: "alert", hidden: true });
    this.live = h("ul", { class: "panel lives" });
    this.ended = h("ul", { class: "panel lives" });
    this.liveNote = h("span", { class: "mut" });
    this.more = h("button", { class: "btn", type: "button", hidden: true, click: () => void this.#more() }, "Show earlier runs");
    const begin = (classes) => h("button", { class: classes, type: "button", "data-command": "collect", click: collect },
      icon("plus", "i"), "Collect sellers");
    this.liveSection = h("section", { "aria-labelledby": "h-live", hidden: true },
      h("div", { class: "sec" }, h("h2", { id: "h-live" }, "Under way"), this.liveNote), this.live);
    this.endedSection = h("section", { "aria-labelledby": "h-ended", hidden: true },
      h("div", { class: "sec" }, h("h2", { id: "h-ended" }, "Ended")), this.ended, h("p", { class: "note" }, this.more));
    this.empty = h("section", { class: "panel empty-page", hidden: true }, h("div", { class: "empty" },
      h("h2", null, "No run yet"),
      h("p", null, "A run reads the Best Sellers of the categories you choose, looks each product up on eBay, and collects who sells it there."),
      h("p", { class: "note" }, begin("btn btn-main"))));
    this.begin = begin("btn btn-main");
    this.node = h("main", { class: "page home", id: "main" },
      h("div", { class: "sec big" }, h("h1", null, "Collect"), h("span", { class: "row" }, this.conn, this.begin)),
      this.problem, this.liveSection, this.endedSection, this.empty);
  }

  async open() {
    document.title = "Collect · Gleaner";
    await this.#refresh();
    this.ticker = setInterval(() => void this.#refresh(), EVERY_MS);
  }

  close() {
    this.closed = true;
    clearInterval(this.ticker);
  }

  async #refresh() {
    if (this.busy || (document.hidden && this.loaded) || this.closed) return;
    this.busy = true;
    try {
      const { items, next_cursor: cursor } = await api.runs();
      this.#merge(items);
      if (!this.loaded) this.cursor = cursor;
      this.loaded = true;
      this.#connected(true);
      this.#render();
    } catch (problem) {
      if (this.refused(problem)) return;
      this.#connected(false);
    } finally {
      this.busy = false;
    }
  }

  async #more() {
    try {
      const { items, next_cursor: cursor } = await api.runs(this.cursor);
      this.cursor = cursor;
      this.#merge(items);
      this.#render();
    } catch (problem) {
      if (!this.refused(problem)) this.#complain(problem.message);
    }
  }

  #merge(items) {
    const rows = new Map(this.rows.map((row) => [row.id, row]));
    for (const row of items) rows.set(row.id, row);
    this.rows = [...rows.values()].sort((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at));
  }

  #connected(yes) {
    mark(this.conn, "data-conn", yes ? "live" : "reconnecting");
    say(this.conn, yes ? "Live" : "Reconnecting");
  }

  #complain(text) {
    this.problem.hidden = !text;
    say(this.problem, text ?? "");
  }

  #render() {
    if (this.closed) return;
    const live = this.rows.filter((row) => !isFinal(row.status));
    const ended = this.rows.filter((row) => isFinal(row.status));
    const make = (row) => this.#make(row);
    keyed(this.live, live, (row) => row.id, make, (node, row) => this.#update(node, row));
    keyed(this.ended, ended, (row) => row.id, make, (node, row) => this.#update(node, row));
    this.liveSection.hidden = live.length === 0;
    this.endedSection.hidden = ended.length === 0;
    this.empty.hidden = this.rows.length > 0;
    this.begin.hidden = this.rows.length === 0;
    this.more.hidden = !this.cursor;
    say(this.liveNote, count(live.length, "run"));
    document.title = live.length > 0 ? `${count(live.length, "run")} under way · Gleaner` : "Collect · Gleaner";
  }

  #make(row) {
    return h("li", { class: "lr" },
      h("div", null,
        h("a", { class: "thing cut", href: `/?run=${row.id}`, "data-go": true, title: row.name }, h("b", null, row.name), " ",
          h("span", { class: "mut" }, `#${figure(row.number)}`)),
        h("p", { class: "row where" })),
      h("div", { class: "prog" }, bar(row.name), h("p", { class: "row" })),
      h("div", { class: "took" }), h("div", { class: "gain" }), h("div", { class: "asked" }), h("div", { class: "act" }));
  }

  #update(node, row) {
    const part = (name) => node.querySelector(name);
    const { state } = row;
    const over = isFinal(row.status);
    const [noun, done, all] = row.status === "failed" ? achieved(row) : row.phase === "amazon"
      ? ["amazon", row.categories_completed, row.categories_total]
      : ["ebay", row.processed_items - row.categories_completed, row.products_total];
    const share = row.status === "failed" ? Math.floor((done * 100) / Math.max(all, 1)) : row.percent;
    const waiting = row.status === "failed" && row.failed_items > 0 ? row.products_total - (row.processed_items - row.categories_completed) : 0;
    fill(part(".where"), [state, where(row)], () => [
      h("span", { class: "state", "data-s": tone(state) }, icon(STATES[state]?.[1] ?? "clock"), STATES[state]?.[0] ?? state),
      h("small", null, where(row)),
    ]);
    fillBar(part(".bar"), [[{ paused: "halt", cancelled: "skipped" }[state] ?? "ok", done]], all, share);
    const of = `${figure(done)} of ${count(all, ...PHASES[noun].task)}`;
    fill(part(".prog p"), [row.status, row.percent, of, waiting], () => (row.status === "failed"
      ? [h("small", { class: "whole" }, `${of} done`, waiting > 0 && `; ${waitWords(waiting)}`)]
      : [h("span", { class: "fig" }, `${percent(row.percent)} %`), h("small", { class: "cut" }, of)]));
    const until = row.completed_at ? Date.parse(row.completed_at) : now();
    const took = row.started_at ? taken(until - Date.parse(row.started_at)) : "";
    two(part(".took"), took, [took === "" ? "" : over ? "taken" : "so far"]);
    const fresh = row.sellers_new > 0 ? `${figure(row.sellers_new)} new` : row.sellers_found > 0 ? "none new" : over ? "none" : "none yet";
    two(part(".gain"), [figure(row.sellers_found), " ", h("span", { class: "mut" }, "found")], [fresh], row.sellers_new > 0 ? "new" : null);
    const failed = row.failed_items;
    two(part(".asked"), [figure(row.requests_made), " ", h("span", { class: "mut" }, row.requests_made === 1 ? "request" : "requests")],
      [failed > 0 ? `${count(failed, "task")} failed` : "no task failed"], failed > 0 ? "bad" : null);
    fill(part(".act"), state, () => this.#button(row.id, state));
  }

  #button(id, state) {
    const offer = COMMANDS[state];
    if (!offer) return [];
    const [word, glyph, text] = offer;
    return [h("button", { class: "btn", type: "button", click: (event) => void this.#command(event.currentTarget, id, word) }, icon(glyph), text)];
  }

  async #command(button, id, word) {
    button.disabled = true;
    this.#complain(null);
    try {
      await api.command(id, word);
    } catch (problem) {
      if (this.refused(problem)) return;
      this.#complain(problem.message);
    }
    button.disabled = false;
    await this.#refresh();
  }
}

/** Of a failed run what is done, without what failed. */
function achieved(row) {
  if (row.phase === "ebay") return ["ebay", row.products_searched, row.products_total];
  return ["amazon", Math.max(0, row.categories_completed - row.failed_items), row.categories_total];
}

/** The small word behind the state: when, why, or which phase. */
function where(row) {
  if (isFinal(row.status)) return dayAndTime(Date.parse(row.completed_at ?? row.updated_at));
  if (row.state === "paused" && row.pause) return PAUSES[row.pause.reason] ?? row.pause.reason;
  return row.state === "pending" ? `made ${dayAndTime(Date.parse(row.created_at))}` : PHASE_WORDS[row.phase];
}

const taken = (ms) => (ms < 3_600_000 ? rough(ms) : span(ms));

function two(node, first, second, classes) {
  const parts = [first, second].flat().map((part) => (typeof part === "string" ? part : part.textContent));
  fill(node, [parts, classes], () => [h("p", { class: "fig" }, first), h("small", { class: classes }, second)]);
}

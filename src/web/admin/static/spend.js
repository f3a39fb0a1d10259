// What the run has spent, of which budget, and what the rest will cost at this pace.

import { metrics } from "./api.js";
import { fill, h } from "./dom.js";
import { figure, isFinal, price, rough } from "./format.js";
import { finished, remaining, total } from "./state.js";
import { t } from "./words.js";

const ASK_MS = 10_000;
const MICROS = 1_000_000;
const TASKS_ENOUGH = 3;

export class Spend {
  #asked = -Infinity;
  #metrics = null;

  constructor(state) {
    this.state = state;
    this.list = h("table", { class: "tbl tbl-s bare spent" });
    this.node = h("section", { "aria-labelledby": "h-spend" },
      h("div", { class: "sec" }, h("h2", { id: "h-spend" }, t("spend.title"))), this.list);
  }

  tick() {
    if (!this.state.replay && performance.now() - this.#asked > ASK_MS && !(isFinal(this.state.progress.status) && this.#metrics)) void this.#ask();
    const rows = this.#rows();
    fill(this.list, rows, () => h("tbody", null, rows.map(([name, value, note, classes, row]) => h("tr", { class: row },
      h("th", { scope: "row" }, name), h("td", { class: "r" }, h("span", { class: classes || null }, value)), h("td", { class: "r mut" }, note)))));
  }

  async #ask() {
    this.#asked = performance.now();
    this.#metrics = await metrics(this.state.row.id).catch(() => this.#metrics);
  }

  #rows() {
    const { progress, row } = this.state;
    const { spend, counters } = progress;
    const requests = counters.requests_made;
    const budget = row.settings?.request_budget ?? null;
    const cost = spend?.cost ?? null;
    const rows = [[t("spend.spent"), (cost && price(cost)) ?? t("spend.no_price"), t("spend.requests", { n: requests, count: figure(requests) })]];
    if (budget !== null) {
      const share = Math.round((requests * 100) / budget);
      rows.push([t("spend.budget"), `${figure(share)} %`, t("spend.of", { n: budget, count: figure(budget) }), share >= 100 ? "bad" : ""]);
    }
    const rest = this.#rest();
    if (rest === null && !isFinal(progress.status)) rows.push([t("spend.rest"), "–", "", "", "ahead"]);
    if (rest !== null) {
      const ends = budget !== null && requests + rest > budget;
      rows.push([t("spend.rest"), coming(cost, requests, rest), this.#when(rest), "", "ahead"]);
      if (ends) rows.push([t("spend.ends"), t("spend.after", { count: figure(Math.max(budget - requests, 0)) }), "", "bad"]);
    }
    if (isFinal(progress.status) && cost && counters.sellers_new > 0) {
      rows.push([t("spend.each"), written(cost, cost.micros / counters.sellers_new), t("spend.news", { n: counters.sellers_new, count: figure(counters.sellers_new) })]);
    }
    if (spend?.repeated > 0) rows.push([t("spend.repeated"), figure(spend.repeated), t("spend.repeated_note")]);
    if (spend?.reattached > 0) rows.push([t("spend.reattached"), figure(spend.reattached), t("spend.reattached_note")]);
    return rows;
  }

  /** Requests that the rest of the phase takes, as its finished tasks did; null where too little is known. */
  #rest() {
    const { progress } = this.state;
    const { tasks, phase, status } = progress;
    const done = finished(tasks);
    const made = this.#metrics?.latency?.[phase]?.answers ?? 0;
    if (isFinal(status) || made === 0 || done < TASKS_ENOUGH) return null;
    return Math.round((made * (total(tasks) - done)) / done);
  }

  #when(rest) {
    const { progress, pace } = this.state;
    const left = progress.state === "running" ? pace.left(remaining(progress.tasks)) : null;
    const count = t("spend.requests", { n: rest, count: figure(rest) });
    return left === null ? count : t("spend.in", { requests: count, time: rough(left) });
  }
}

/** What the rest will come to. */
const coming = (cost, requests, rest) => (cost && requests > 0 ? `+ ${written(cost, (cost.micros / requests) * rest)}` : `+ ${figure(rest)}`);

/** A share of what was spent; less than a unit with a digit more. */
const written = (cost, micros) => price({ ...cost, micros }, micros < MICROS ? 3 : 2);

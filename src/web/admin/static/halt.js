// Why a run stands still, or failed: since when, the errors as proof, and what to do next.

import { badge, fill, h, icon } from "./dom.js";
import { ago, exact, figure, now, pauseTitle, span, stopwatch, timeOfDay, ungrouped } from "./format.js";
import { NUMBERS } from "./settings_told.js";
import { t } from "./words.js";

/** Waits before the probes, in minutes; the last is that of every further one. */
const WAITS = [1, 2, 5, 10, 15];

export class Halt {
  /** @param raise what to do with another budget, for whoever may give one */
  constructor(state, raise = null) {
    this.state = state;
    this.raise = raise;
    this.node = h("section", { class: "halt-box", "aria-labelledby": "h-halt", hidden: true });
  }

  render() {
    const told = this.#told();
    this.node.hidden = told === null;
    if (told === null) return;
    this.node.dataset.s = told.look;
    fill(this.node, told, () => [
      h("header", null, icon(told.look === "failed" ? "alert" : told.icon, "i"), h("h2", { id: "h-halt" }, told.title),
        h("span", null, told.since), h("span", { class: "mut ago", "data-at": told.at }, ago(told.at))),
      h("div", { class: `halt-cols${told.proofs.length > 0 ? "" : " plain"}${told.probe ? " probed" : ""}` },
        told.proofs.length > 0 && h("div", null, h("p", null, within(told.proofs)), table(told.proofs)),
        told.probe && probe(told.probe),
        h("div", null, told.message && h("p", null, told.message), told.waiting > 0 && h("p", null, t("collect.row.waits", { n: told.waiting, count: figure(told.waiting) })), told.advice && [h("h3", null, t("halt.what")), h("p", null, told.advice)],
          told.allowed && this.raise && budget(told.allowed, this.raise))),
    ]);
  }

  tick() {
    const node = this.node.querySelector(".ago");
    if (node) node.textContent = ago(Number(node.dataset.at));
    const due = this.node.querySelector(".due");
    if (due) due.textContent = countdown(Number(due.dataset.at));
  }

  #told() {
    const { progress, failure } = this.state;
    const { amazon, ebay } = progress.counters;
    if (progress.state === "paused" && progress.pause) {
      const { reason, since, proofs, error, spent, probes, resumes_at: resumes, gives_up_at: gives, what_to_do: advice } = progress.pause;
      const at = Date.parse(since);
      const allowed = spent?.budget === "run" ? spent.allowed : null;
      return {
        look: "paused", icon: reason === "manual" ? "pause" : "alert", at, proofs, allowed, message: error ?? (spent ? spentWords(spent) : ""),
        // Words that are code in the answer to a program are words like others here.
        advice: allowed !== null ? t(this.raise ? "halt.raise" : "halt.raise_by") : advice?.replaceAll("\u0060", ""),
        probe: resumes ? { at: Date.parse(resumes), gives: gives ? Date.parse(gives) : null, probes } : null,
        title: pauseTitle(reason, proofs.length),
        since: t(reason === "manual" ? "halt.moment" : "halt.paused_at", { time: timeOfDay(at) }),
      };
    }
    if (progress.status === "failed" && failure) {
      const at = Date.parse(progress.completed_at ?? progress.updated_at);
      return {
        look: "failed", at, proofs: [], message: failure.message, waiting: amazon.failed + ebay.failed > 0 ? ebay.pending : 0, since: t("halt.moment", { time: timeOfDay(at) }),
        title: t(failure.reason === "nothing_succeeded" ? "halt.nothing" : "card.said.failed"),
        advice: t("halt.mend"),
      };
    }
    return null;
  }
}

const countdown = (at) => (at > now() ? stopwatch(at - now() + 999) : t("halt.due"));

/** A field for another budget. What is wrong with it is told beside it. */
function budget(allowed, raise) {
  const [, , min, max] = NUMBERS.find(([name]) => name === "request_budget");
  const input = h("input", { class: "in", id: "f-budget", inputmode: "numeric", autocomplete: "off", "aria-describedby": "e-budget", value: figure(Math.min(allowed * 2, max)) });
  const problem = h("p", { class: "bad", id: "e-budget", role: "alert" });
  const button = h("button", { class: "btn", type: "submit" }, t("halt.raise_do"));
  const send = async (event) => {
    event.preventDefault();
    const text = ungrouped(input.value);
    problem.textContent = /^\d+$/.test(text) ? "" : t("settings.whole", { min: figure(min), max: figure(max) });
    if (problem.textContent !== "" || button.disabled) return;
    button.disabled = true;
    problem.textContent = (await raise(Number(text))) ?? "";
    button.disabled = false;
  };
  return h("form", { class: "field", novalidate: true, submit: (event) => void send(event) },
    h("label", { for: "f-budget" }, t("settings.request_budget")), h("div", { class: "row" }, input, button), problem);
}

/** When the next page is asked for by itself, counted down; and how those before went. */
function probe({ at, gives, probes }) {
  const state = (place) => (place < probes ? "failed" : place === Math.min(probes, WAITS.length - 1) ? "next" : "");
  return h("div", null, h("h3", null, t("halt.next")), h("p", { class: "pct due", "data-at": at }, countdown(at)), h("p", { class: "mut" }, t("halt.at", { time: timeOfDay(at) })),
    h("ol", { class: "probes", "aria-label": t("halt.probes") }, WAITS.map((minutes, place) => h("li", { class: state(place) || null, "aria-current": state(place) === "next" ? "step" : null },
      t("halt.minutes", { n: minutes }), h("br"), place === WAITS.length - 1 && state(place) !== "next" ? t("halt.each") : { failed: t("halt.failed"), next: t("halt.coming") }[state(place)] ?? ""))),
    gives !== null && h("p", null, t("halt.gives_up", { time: timeOfDay(gives) })));
}

const spentWords = ({ budget, sent, allowed }) =>
  t(budget === "month" ? "halt.drawn" : "halt.sent", { n: allowed, sent: figure(sent), allowed: figure(allowed) });

/** "Workers 1, 2 and 5 met these errors within 48 s." */
function within(proofs) {
  const ids = [...new Set(proofs.map((proof) => proof.worker_id))].sort((a, b) => a - b).map(String);
  const who = ids.length === 1 ? t("worker.title", { n: ids[0] }) : t("halt.workers", { some: ids.slice(0, -1).join(", "), last: ids.at(-1) });
  const times = proofs.map((proof) => Date.parse(proof.at));
  const ms = Math.max(...times) - Math.min(...times);
  return t("halt.met", { n: proofs.length, who, time: span(ms) });
}

function table(proofs) {
  const newest = proofs.toReversed();
  return h("table", { class: "tbl tbl-s bare" },
    h("thead", null, h("tr", null, h("th", { scope: "col" }, t("halt.errors", { n: proofs.length })),
      h("th", { scope: "col" }, h("span", { class: "sr" }, t("halt.worker"))), h("th", { scope: "col" }, t("halt.kind")),
      h("th", { scope: "col", class: "opt" }, t("halt.task")), h("th", { scope: "col" }, t("halt.answer")))),
    h("tbody", null, newest.map((proof) => h("tr", null,
      h("td", { title: exact(Date.parse(proof.at)) }, timeOfDay(Date.parse(proof.at))),
      h("td", null, badge(proof.worker_id, true)),
      h("td", { class: "mono" }, proof.error_type),
      h("td", { class: "opt" }, String(proof.task_no)),
      h("td", null, h("span", { class: "mono" }, proof.error_message))))));
}

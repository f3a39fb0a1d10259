// Why a run stands still, or failed: since when, the errors as proof, and what to do next.

import { badge, fill, h, icon } from "./dom.js";
import { ago, count, exact, figure, pauseTitle, span, timeOfDay } from "./format.js";

export class Halt {
  constructor(state) {
    this.state = state;
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
      h("div", { class: told.proofs.length > 0 ? "halt-cols" : "halt-cols plain" },
        told.proofs.length > 0 && h("div", null, h("p", null, within(told.proofs)), table(told.proofs)),
        h("div", null, told.message && h("p", null, told.message), told.waiting > 0 && h("p", null, waitWords(told.waiting)), h("h3", null, "What to do"), h("p", null, told.advice))),
    ]);
  }

  tick() {
    const node = this.node.querySelector(".ago");
    if (node) node.textContent = ago(Number(node.dataset.at));
  }

  #told() {
    const { progress, failure } = this.state;
    const { amazon, ebay } = progress.counters;
    if (progress.state === "paused" && progress.pause) {
      const { reason, since, proofs, error, spent, resumes_at: resumes, what_to_do: advice } = progress.pause;
      const at = Date.parse(since);
      return {
        look: "paused", icon: reason === "manual" ? "pause" : "alert", at, proofs, advice, message: error ?? (spent ? `${figure(spent.sent)} of ${figure(spent.allowed)} requests ${spent.budget === "month" ? "of this month were drawn" : "were sent"}.` : resumes ? `It asks for one page at ${timeOfDay(Date.parse(resumes))}, and goes on by itself if that is fine.` : ""),
        title: pauseTitle(reason, proofs.length),
        since: reason === "manual" ? `at ${timeOfDay(at)}` : `The engine paused the run at ${timeOfDay(at)}`,
      };
    }
    if (progress.status === "failed" && failure) {
      const at = Date.parse(progress.completed_at ?? progress.updated_at);
      return {
        look: "failed", at, proofs: [], message: failure.message, waiting: amazon.failed + ebay.failed > 0 ? ebay.pending : 0, since: `at ${timeOfDay(at)}`,
        title: failure.reason === "nothing_succeeded" ? "Nothing succeeded" : "The run cannot go on",
        advice: "Look at the errors below. When their cause is mended, retry the failed tasks, or start a new run.",
      };
    }
    return null;
  }
}

/** What a failed run has kept and never asked for. */
export const waitWords = (products) => `${count(products, "product")} ${products === 1 ? "waits" : "wait"} for retry failed`;

/** "Workers 1, 2 and 5 met these errors within 48 s." */
function within(proofs) {
  const ids = [...new Set(proofs.map((proof) => proof.worker_id))].sort((a, b) => a - b).map(String);
  const who = ids.length === 1 ? `Worker ${ids[0]}` : `Workers ${ids.slice(0, -1).join(", ")} and ${ids.at(-1)}`;
  const times = proofs.map((proof) => Date.parse(proof.at));
  const ms = Math.max(...times) - Math.min(...times);
  return `${who} met ${proofs.length === 1 ? "this error" : `these errors within ${span(ms)}`}.`;
}

function table(proofs) {
  const newest = proofs.toReversed();
  return h("table", { class: "tbl tbl-s bare" },
    h("thead", null, h("tr", null, h("th", { scope: "col" }, proofs.length === 1 ? "Last error" : "Last errors"),
      h("th", { scope: "col" }, h("span", { class: "sr" }, "Worker")), h("th", { scope: "col" }, "Kind"),
      h("th", { scope: "col", class: "opt" }, "Task"), h("th", { scope: "col" }, "Answer"))),
    h("tbody", null, newest.map((proof) => h("tr", null,
      h("td", { title: exact(Date.parse(proof.at)) }, timeOfDay(Date.parse(proof.at))),
      h("td", null, badge(proof.worker_id, true)),
      h("td", { class: "mono" }, proof.error_type),
      h("td", { class: "opt" }, String(proof.task_no)),
      h("td", null, h("span", { class: "mono" }, proof.error_message))))));
}

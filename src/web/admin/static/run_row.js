// A run in the list of runs: written as the server's page writes it, and kept up with what the API tells.

import { bar, fill, fillBar, h, icon } from "./dom.js";
import { STATE_ICONS, figure, isFinal as isFinalStatus, now, percent, price, rough, roughly, stopwatch } from "./format.js";
import { WRITE } from "./local.js";
import { Pace } from "./pace.js";
import { t } from "./words.js";

const TONES = { pausing: "paused", cancelling: "cancelled" };
const OFFERS = { pending: ["start", "play"], running: ["pause", "pause"], paused: ["resume", "play"] };

const moment = (text) => WRITE.moment(new Date(text));

/** Whether nothing more happens by itself. */
export const isFinal = (row) => isFinalStatus(row.status);

const paces = new Map();

/** A new row. */
export function make(row) {
  return h("li", { class: "lr", "data-told": "" },
    h("div", null,
      h("a", { class: "thing cut", href: `/admin/runs/${row.id}`, title: row.name }, h("b", null, row.name), " ",
        h("span", { class: "mut" }, `#${row.number}`)),
      h("p", { class: "row where" })),
    h("div", { class: "prog" }, bar(row.name), h("p", { class: "row" })),
    h("div", { class: "took" }), h("div", { class: "gain" }), h("div", { class: "asked" }), h("div", { class: "act" }));
}

/** Shows in a row how the run stands. */
export function update(node, row, may) {
  const part = (name) => node.querySelector(name);
  const { state } = row;
  const tasks = tasksOf(row);
  const small = where(row);
  fill(part(".where"), [state, small], () => [
    h("span", { class: "state", "data-s": TONES[state] ?? state }, icon(STATE_ICONS[state]), t(`state.${state}`)), h("small", null, small)]);
  fillBar(part(".bar"), [[{ paused: "halt", cancelled: "skipped" }[state] ?? "ok", tasks.done]], tasks.all,
    state === "failed" ? Math.floor((tasks.done * 100) / Math.max(tasks.all, 1)) : row.percent);
  const of = t(`phase.${row.phase}.of`, { n: tasks.all, done: figure(tasks.done), all: figure(tasks.all) });
  fill(part(".prog p"), [state, row.percent, of, tasks.waits], () => (state === "failed"
    ? [h("small", { class: "whole" }, t("collect.row.done", { what: of }),
      tasks.waits > 0 && `; ${t("collect.row.waits", { n: tasks.waits, count: figure(tasks.waits) })}`)]
    : [h("span", { class: "fig" }, `${percent(row.percent)} %`), h("small", { class: "cut" }, of)]));
  two(part(".took"), [elapsed(row)], [timeLeft(row, tasks)]);
  const fresh = row.sellers_new > 0 ? t("run.new", { n: figure(row.sellers_new) })
    : t(row.sellers_found > 0 ? "run.none_new" : isFinal(row) ? "collect.row.none" : "collect.row.none_yet");
  two(part(".gain"), [figure(row.sellers_found), " ", h("span", { class: "mut" }, t("run.found"))], [fresh], row.sellers_new > 0 ? "new" : null);
  two(part(".asked"), [figure(row.requests_made)], spent(row));
  fill(part(".act"), [state, may], () => (may && !isFinal(row) ? commands(row) : []));
}

/** How many of the phase's tasks there are, are final, and wait behind those that failed. */
function tasksOf(row) {
  const amazon = row.phase === "amazon";
  const all = amazon ? row.categories_total : row.products_total;
  const final = amazon ? row.categories_completed : row.processed_items - row.categories_completed;
  if (row.state !== "failed") return { all, done: final, waits: 0 };
  const done = amazon ? Math.max(0, row.categories_completed - row.failed_items) : row.products_searched;
  return { all, done, waits: row.failed_items > 0 ? row.products_total - (row.processed_items - row.categories_completed) : 0 };
}

/** The small word behind the state: when, why, or which phase. */
function where(row) {
  if (isFinal(row)) return moment(row.completed_at ?? row.updated_at);
  if (row.state === "paused" && row.pause) return t(`pause.${row.pause.reason}`);
  if (row.state === "pending") return `${t("collect.row.made")} ${moment(row.created_at)}`;
  return t(`phase.${row.phase}.long`);
}

function elapsed(row) {
  if (!row.started_at) return "";
  const ms = (row.completed_at ? Date.parse(row.completed_at) : now()) - Date.parse(row.started_at);
  return roughly(ms);
}

/** How long it will take, or when it asks again by itself. */
function timeLeft(row, { all, done }) {
  if (!paces.has(row.id)) paces.set(row.id, new Pace());
  const pace = paces.get(row.id);
  pace.see(row.phase, done, row.state === "running");
  if (!row.started_at) return "";
  if (isFinal(row)) return t("run.taken");
  const resumes = row.state === "paused" && row.pause?.resumes_at ? Date.parse(row.pause.resumes_at) - now() : null;
  if (resumes !== null && resumes > 0) return t("collect.row.probes", { time: stopwatch(resumes) });
  const left = pace.left(all - done);
  return left === null ? t("run.so_far") : t("collect.row.left", { time: rough(left) });
}

/** Requests of the budget, what they cost, and how many tasks failed. */
function spent(row) {
  const { settings, spend, requests_made: made, failed_items: failed } = row;
  const of = settings.request_budget ? t("collect.row.of_budget", { budget: figure(settings.request_budget) }) : t("collect.row.requests", { n: made });
  return [spend.cost ? `${of}, ${price(spend.cost)}` : of,
    ...(failed > 0 ? [", ", h("span", { class: "bad" }, t("run.tasks_failed", { n: failed }))] : [])];
}

function commands(row) {
  const cancel = t("collect.command.cancel", { number: row.number });
  const [word, glyph] = OFFERS[row.state] ?? [];
  return [word && h("button", { class: "btn", type: "button", "data-command": word, "aria-label": t("deed.of", { what: t(`collect.command.${word}`), name: row.name }) },
    icon(glyph), t(`collect.command.${word}`)),
    h("button", { class: "btn btn-bare", type: "button", "data-command": "cancel", "aria-label": cancel }, t("sellers.cancel"))];
}

function two(node, first, second, classes) {
  const parts = [first, second].flat().map((part) => (typeof part === "string" ? part : part.textContent));
  fill(node, [parts, classes], () => [h("p", { class: "fig" }, first), h("small", { class: classes }, second)]);
}

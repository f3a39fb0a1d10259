// One activity event as a card: worker, verb, thing, result at the right edge. Every action has its own body.

import { badge, chip, h, icon } from "./dom.js";
import { PHASES, ago, capital, count, exact, figure, pauseTitle, priceWindow, span } from "./format.js";

/** What a card of each action looks like: kind (see base.css), icon and verb. */
const ACTIONS = {
  fetching: ["fetching", "arc", "Fetching"],
  found: ["found", "check", "Found"],
  error: ["error", "alert", "Error"],
  rate_limited: ["waiting", "clock", "Rate limited"],
  throttled: ["band", "clock", "Throttled"],
  uploading: ["system", "up", "Uploading"],
  deduped: ["system", "merge", "Deduped"],
  inserted: ["system", "plus", "Inserted"],
  updated: ["system", "row", "Updated"],
  started: ["band", "play", "Started"],
  paused: ["band", "pause", "Paused"],
  resumed: ["band", "play", "Resumed"],
  reopened: ["band", "restart", "Reopened"],
  cancelled: ["band", "x", "Cancelled"],
  failed: ["band", "alert", "Failed"],
  worker_restarted: ["band", "restart", "Restarted"],
  recovered: ["band", "restart", "Recovered"],
  run_recovered: ["band", "restart", "Taken over"],
  answer_refused: ["error", "clock", "Refused"],
  reparsed: ["band", "row", "Read again"],
  complete: ["band", "check", "Complete"],
};

/** Which cards the filter's groups hold. */
export const GROUPS = {
  all: ["Every action", () => true],
  found: ["Found", (event) => event.action === "found"],
  fetching: ["Fetching", (event) => event.action === "fetching"],
  trouble: ["Errors and waits", (event) => ["error", "rate_limited", "throttled", "answer_refused"].includes(event.action)],
  pipeline: ["Pipeline", (event) => kindOf(event) === "system"],
  milestones: ["Milestones", (event) => kindOf(event) === "band"],
};

const kindOf = (event) => (ACTIONS[event.action] ?? ["band"])[0];

/** The category's or product's name as a heading. */
export const subject = (phase, category, product) =>
  phase === "amazon" ? `Best Sellers in ${category ?? "a category"}` : product ?? category ?? "A product";

const sellersOrProducts = (event) => (event.phase === "amazon" ? "product" : "seller");
const number = (value, noun) => [h("b", null, figure(value)), ` ${value === 1 ? noun : `${noun}s`}`];
const gain = (value) => (value > 0
  ? h("span", { class: "new" }, `${figure(value)} new`)
  : h("span", { class: "mut" }, "none new"));

/** Chips of a page request: price window, page, attempt. */
function requestChips(event, settings, withAttempt) {
  const params = event.api_params ?? {};
  const pages = event.phase === "amazon" ? settings.pages_per_category : settings.pages_per_product;
  const window = priceWindow(params.price_min, params.price_max);
  return [
    window && chip(window, null, "price window"),
    params.page && chip(pages ? `page ${params.page} of ${pages}` : `page ${params.page}`),
    (withAttempt || event.attempt > 1) && chip(`attempt ${event.attempt} of ${settings.max_attempts}`),
  ];
}

const says = (text) => text && h("span", { class: "says cut", title: text }, text);
const note = (text) => text && h("span", { class: "cut", title: text }, text);

/** Parts of a card by action: thing, sub (second line) and res (right edge). */
const BODIES = {
  fetching: (event) => ({ res: [`page ${event.api_params?.page ?? 1}`] }),
  found: (event, settings) => ({
    sub: [
      ...requestChips(event, settings, false),
      chip(span(event.duration_ms)),
      note(event.seller_found ?? (event.phase === "ebay" ? event.category : `node ${event.api_params?.node_id ?? ""}`)),
    ],
    res: [...number(event.items_count, sellersOrProducts(event)), event.phase === "ebay" && " ",
      event.phase === "ebay" && gain(event.new_sellers_count)],
  }),
  error: (event, settings) => ({
    sub: [
      chip(event.error_type, "err"), chip(event.error_stage, "err"),
      ...requestChips(event, settings, true), says(event.error_message),
    ],
    res: event.wait_seconds === undefined ? [event.error_stage === "product_extraction" ? "left out" : "gave up"] : ["retries in ", h("b", null, span(event.wait_seconds * 1_000))],
  }),
  rate_limited: (event, settings) => ({
    sub: [chip(event.error_type, "warn"), ...requestChips(event, settings, true), note(event.error_message)],
    res: ["waits ", h("b", null, span(event.wait_seconds * 1_000))],
  }),
  uploading: (event) => ({ ...rows(event, ""), res: [figure(event.items_count)] }),
  deduped: (event) => ({ ...rows(event, ", seen before in this run"), res: [`${figure(event.items_count)} known`] }),
  inserted: (event) => ({
    ...rows(event, ""),
    res: [h("span", { class: event.operation_type === "seller_insert" ? "new" : null }, `+${figure(event.items_count)}`)],
  }),
  updated: (event) => ({ ...rows(event, ""), res: [figure(event.items_count)] }),
  throttled: (event) => ({
    thing: ["The provider slows every run down"],
    sub: [chip(event.error_type, "warn"), says(event.error_message)],
    res: ["for ", h("b", null, span(event.wait_seconds * 1_000)), " at least"],
  }),
  started: (event) => ({ thing: ["Collecting from ", count(event.items_count, "category", "categories")] }),
  paused: (event) => ({
    thing: [pauseTitle(event.reason, 0)],
    sub: [chip(event.reason, "warn"), note(event.error_message)],
  }),
  resumed: () => ({ thing: ["The run goes on"] }),
  reopened: (event) => ({ thing: [count(event.items_count, "failed task"), event.items_count === 1 ? " runs again" : " run again"] }),
  cancelled: () => ({ thing: ["Ended by hand; what was collected is kept"] }),
  failed: (event) => ({
    thing: [event.reason === "nothing_succeeded" ? "No task of the phase succeeded" : "The run's settings make no sense"],
    sub: [chip(event.reason, "err"), note(event.error_message)],
  }),
  worker_restarted: (event) => ({
    thing: ["Worker ", badge(event.source_worker_id, true), " after a crash"],
    sub: [says(event.error_message), note(event.product_name ?? event.category)],
  }),
  recovered: (event) => ({
    thing: ["The run goes on as before"],
    sub: [says(event.error_message)],
    res: event.items_count > 0 ? [`${count(event.items_count, "task")} released`] : [],
  }),
  run_recovered: (event) => ({
    thing: [capital(event.why)],
    sub: [
      event.requests_repeated > 0 && chip(`${count(event.requests_repeated, "request")} perhaps paid twice`, "warn"),
      event.answers_reattached > 0 && chip(`${count(event.answers_reattached, "answer")} re-attached`),
      chip(`${span(event.time_lost_ms)} lost`),
    ],
    res: event.tasks_released > 0 ? [`${count(event.tasks_released, "task")} released`] : [],
  }),
  answer_refused: (event, settings) => ({
    sub: [chip(`task ${event.task_no}`), chip(`claim ${event.claim_no}`), ...requestChips(event, settings, false), says(event.error_message)],
    res: ["came too late"],
  }),
  reparsed: (event) => ({
    thing: ["Kept pages were read again"],
    res: [`${count(event.items_count, "listing")} saved`, event.new_sellers_count > 0 && ` ${figure(event.new_sellers_count)} new`],
  }),
  complete: (event) => ({
    thing: [event.scope === "run" ? "The run" : `Phase ${PHASES[event.phase].name}`, ": ",
      count(event.done, ...PHASES[event.phase].task), " done"],
    sub: [
      event.failed > 0 && chip(`${figure(event.failed)} failed`, "err"),
      event.skipped > 0 && chip(`${figure(event.skipped)} skipped`),
    ],
    res: [...number(event.items_count, sellersOrProducts(event)), event.phase === "ebay" && " ",
      event.phase === "ebay" && gain(event.new_sellers_count)],
  }),
};

function rows(event, tail) {
  const noun = event.operation_type === "product_batch" ? "product" : "seller";
  return { thing: [count(event.items_count, noun), " from ", badge(event.source_worker_id, true), tail] };
}

/** The card of an event. */
export function card(event, settings) {
  const [kind, glyph, verb] = ACTIONS[event.action] ?? ["band", "row", capital(event.action)];
  const body = BODIES[event.action]?.(event, settings) ?? {};
  const named = subject(event.phase, event.category, event.product_name);
  const thing = body.thing ?? [named];
  const sub = (body.sub ?? []).filter(Boolean);
  const at = Date.parse(event.timestamp);
  const node = h("li", { class: "ev", "data-k": kind, "data-seq": event.seq, tabindex: "0" },
    badge(event.worker_id),
    h("span", { class: "verb" }, icon(glyph), verb),
    h("div", null,
      h("p", { class: "thing cut", title: body.thing ? null : named }, thing),
      sub.length > 0 && h("p", { class: "sub" }, sub)),
    h("span", { class: "res" }, body.res ?? []),
    h("time", { datetime: event.timestamp, title: exact(at) }, ago(at)));
  return node;
}

const NAMES = { seq: "event", timestamp: "time", worker_id: "worker", api_params: "parameters" };

function shown(name, value) {
  if (name === "timestamp" || name === "started_at") return `${exact(Date.parse(value))}`;
  if (name === "seq") return figure(value);
  if (name === "duration_ms") return `${figure(value)} ms`;
  if (name === "worker_id" && value === 0) return "0, the system";
  if (typeof value === "object") return Object.entries(value).map(([key, part]) => `${key} ${part}`).join(", ");
  return String(value);
}

/** The whole event, for a card that is pointed at. */
export function details(event) {
  const { id, run_id: run, ...rest } = event;
  const entries = Object.entries({ ...rest, id, run_id: run });
  return h("dl", { class: "more kv" }, entries.map(([name, value]) =>
    [h("dt", null, NAMES[name] ?? name.replaceAll("_", " ")), h("dd", null, shown(name, value))]));
}


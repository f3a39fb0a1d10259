// One activity event as a card: worker, verb, thing, result at the right edge. Every action has its own body.

import { badge, chip, h, icon } from "./dom.js";
import { ago, capital, count, exact, figure, pauseTitle, priceWindow, span } from "./format.js";
import { parts, t } from "./words.js";

/** What a card of each action looks like: kind (see base.css) and icon; its verb is `card.verb.NAME`. */
const ACTIONS = {
  fetching: ["fetching", "arc"],
  found: ["found", "check"],
  error: ["error", "alert"],
  rate_limited: ["waiting", "clock"],
  throttled: ["band", "clock"],
  uploading: ["system", "up"],
  deduped: ["system", "merge"],
  inserted: ["system", "plus"],
  updated: ["system", "row"],
  started: ["band", "play"],
  paused: ["band", "pause"],
  resumed: ["band", "play"],
  probe: ["band", "clock"],
  reopened: ["band", "restart"],
  cancelled: ["band", "x"],
  failed: ["band", "alert"],
  worker_restarted: ["band", "restart"],
  recovered: ["band", "restart"],
  run_recovered: ["band", "restart"],
  answer_refused: ["error", "clock"],
  reparsed: ["band", "row"],
  complete: ["band", "check"],
};

/** Which cards the filter's groups hold; their names are `feed.group.NAME`. */
export const GROUPS = {
  all: () => true,
  found: (event) => event.action === "found",
  fetching: (event) => event.action === "fetching",
  trouble: (event) => ["error", "rate_limited", "throttled", "answer_refused"].includes(event.action),
  pipeline: (event) => kindOf(event) === "system",
  milestones: (event) => kindOf(event) === "band",
};

const looksOf = (event) => ACTIONS[event.action] ?? ["band", "row"];
const kindOf = (event) => looksOf(event)[0];

/** The category's or product's name as a heading. */
export const subject = (phase, category, product) => (phase === "amazon"
  ? t("card.best", { category: category ?? t("card.a_category") }) : product ?? category ?? t("card.a_product"));

/** What the tasks of each phase are, and what they give, as `count` names them. */
const TASKS = { amazon: "category", ebay: "product" };
const YIELDS = { amazon: "product", ebay: "seller" };

/** So many tasks or answers, and what a take-over did with them. */
export const recovered = (word, n) => t(`recovery.${word}`, { n, count: figure(n) });
const gain = (value) => (value > 0
  ? h("span", { class: "new" }, t("run.new", { n: figure(value) }))
  : h("span", { class: "mut" }, t("run.none_new")));
const yielded = (event) => [parts(`count.${YIELDS[event.phase]}`, { n: event.items_count, count: h("b", null, figure(event.items_count)) }),
  event.phase === "ebay" && " ", event.phase === "ebay" && gain(event.new_sellers_count)];
const lasting = (key, seconds) => parts(key, { time: h("b", null, span(seconds * 1_000)) });

/** Chips of a page request: price window, page, attempt. */
function requestChips(event, settings, withAttempt) {
  const params = event.api_params ?? {};
  const pages = event.phase === "amazon" ? settings.pages_per_category : settings.pages_per_product;
  const window = priceWindow(params.price_min, params.price_max);
  return [
    window && chip(window, null, t("card.window")),
    params.page && chip(pages ? t("card.page_of", { page: params.page, most: pages }) : t("card.page", { page: params.page })),
    (withAttempt || event.attempt > 1) && chip(t("card.attempt", { attempt: event.attempt, most: settings.max_attempts })),
  ];
}

const says = (text) => text && h("span", { class: "says cut", title: text }, text);
const note = (text) => text && h("span", { class: "cut", title: text }, text);

/** Parts of a card by action: thing, sub (second line) and res (right edge). */
const BODIES = {
  fetching: (event) => ({ res: [t("card.page", { page: event.api_params?.page ?? 1 })] }),
  found: (event, settings) => ({
    sub: [
      ...requestChips(event, settings, false),
      chip(span(event.duration_ms)),
      note(event.seller_found ?? (event.phase === "ebay" ? event.category : t("card.node", { id: event.api_params?.node_id ?? "" }))),
    ],
    res: yielded(event),
  }),
  error: (event, settings) => ({
    sub: [
      chip(event.error_type, "err"), chip(event.error_stage, "err"),
      ...requestChips(event, settings, true), says(event.error_message),
    ],
    res: event.wait_seconds === undefined
      ? [t(event.error_stage === "product_extraction" ? "card.left_out" : "card.gave_up")] : lasting("card.retries", event.wait_seconds),
  }),
  rate_limited: (event, settings) => ({
    sub: [chip(event.error_type, "warn"), ...requestChips(event, settings, true), note(event.error_message)],
    res: lasting("card.waits", event.wait_seconds),
  }),
  uploading: (event) => ({ thing: rows(event, "card.from"), res: [figure(event.items_count)] }),
  deduped: (event) => ({ thing: rows(event, "card.seen_before"), res: [t("card.known", { count: figure(event.items_count) })] }),
  inserted: (event) => ({
    thing: rows(event, "card.from"),
    res: [h("span", { class: event.operation_type === "seller_insert" ? "new" : null }, `+${figure(event.items_count)}`)],
  }),
  updated: (event) => ({ thing: rows(event, "card.from"), res: [figure(event.items_count)] }),
  throttled: (event) => ({
    thing: [t("card.said.throttled")],
    sub: [chip(event.error_type, "warn"), says(event.error_message)],
    res: lasting("card.for", event.wait_seconds),
  }),
  started: (event) => ({ thing: [t("card.started", { categories: count(event.items_count, "category") })] }),
  paused: (event) => ({
    thing: [pauseTitle(event.reason, 0)],
    sub: [chip(event.reason, "warn"), note(event.error_message)],
  }),
  resumed: () => ({ thing: [t("card.said.resumed")] }),
  probe: (event) => ({ thing: [t("card.said.probe")], res: [t("card.probe", { n: event.attempt })] }),
  reopened: (event) => ({ thing: [t("card.reopened", { n: event.items_count, count: figure(event.items_count) })] }),
  cancelled: () => ({ thing: [t("card.said.cancelled")] }),
  failed: (event) => ({
    thing: [t(`card.reason.${event.reason}`)],
    sub: [chip(event.reason, "err"), note(event.error_message)],
  }),
  worker_restarted: (event) => ({
    thing: parts("card.restarted", { worker: badge(event.source_worker_id, true) }),
    sub: [says(event.error_message), note(event.product_name ?? event.category)],
  }),
  recovered: (event) => ({ thing: [t("card.said.recovered")], sub: [says(event.error_message)], res: event.items_count > 0 ? [recovered("released", event.items_count)] : [] }),
  run_recovered: (event) => ({
    thing: [capital(event.why)],
    sub: [
      event.requests_repeated > 0 && chip(recovered("repeated", event.requests_repeated), "warn"),
      event.answers_reattached > 0 && chip(recovered("reattached", event.answers_reattached)),
      chip(t("recovery.lost", { time: span(event.time_lost_ms) })),
    ],
    res: event.tasks_released > 0 ? [recovered("released", event.tasks_released)] : [],
  }),
  answer_refused: (event, settings) => ({
    sub: [chip(t("card.task", { n: event.task_no })), chip(t("card.claim", { n: event.claim_no })),
      ...requestChips(event, settings, false), says(event.error_message)],
    res: [t("card.late")],
  }),
  reparsed: (event) => ({
    thing: [t("card.said.reparsed")],
    res: [t("card.saved", { n: event.items_count, count: figure(event.items_count) }), event.new_sellers_count > 0 && " ",
      event.new_sellers_count > 0 && t("run.new", { n: figure(event.new_sellers_count) })],
  }),
  complete: (event) => ({
    thing: [t(`card.scope.${event.scope}`, { phase: t(`phase.${event.phase}.name`), count: count(event.done, TASKS[event.phase]) })],
    sub: [
      event.failed > 0 && chip(t("run_head.key.failed", { count: figure(event.failed) }), "err"),
      event.skipped > 0 && chip(t("run_head.key.skipped", { count: figure(event.skipped) })),
    ],
    res: yielded(event),
  }),
};

const rows = (event, key) => parts(key, {
  rows: count(event.items_count, event.operation_type === "product_batch" ? "product" : "seller"), worker: badge(event.source_worker_id, true),
});

/** The card of an event. */
export function card(event, settings) {
  const [kind, glyph] = looksOf(event);
  const body = BODIES[event.action]?.(event, settings) ?? {};
  const named = subject(event.phase, event.category, event.product_name);
  const thing = body.thing ?? [named];
  const sub = (body.sub ?? []).filter(Boolean);
  const at = Date.parse(event.timestamp);
  const node = h("li", { class: "ev", "data-k": kind, "data-seq": event.seq, tabindex: "0" },
    badge(event.worker_id),
    h("span", { class: "verb" }, icon(glyph), event.action in ACTIONS ? t(`card.verb.${event.action}`) : capital(event.action)),
    h("div", null,
      h("p", { class: "thing cut", title: body.thing ? null : named }, thing),
      sub.length > 0 && h("p", { class: "sub" }, sub)),
    h("span", { class: "res" }, body.res ?? []),
    h("time", { datetime: event.timestamp, title: exact(at) }, ago(at)));
  return node;
}

const NAMED = ["seq", "timestamp", "worker_id", "api_params"];

function shown(name, value) {
  if (name === "timestamp" || name === "started_at") return exact(Date.parse(value));
  if (name === "seq") return figure(value);
  if (name === "duration_ms") return t("time.ms", { n: figure(value) });
  if (name === "worker_id" && value === 0) return t("card.system");
  if (typeof value === "object") return Object.entries(value).map(([key, part]) => `${key} ${part}`).join(", ");
  return String(value);
}

/** The whole event, for a card that is pointed at. */
export function details(event) {
  const { id, run_id: run, ...rest } = event;
  const entries = Object.entries({ ...rest, id, run_id: run });
  return h("dl", { class: "more kv" }, entries.map(([name, value]) =>
    [h("dt", null, NAMED.includes(name) ? t(`card.field.${name}`) : name.replaceAll("_", " ")), h("dd", null, shown(name, value))]));
}


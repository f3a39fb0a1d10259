// The public API, as this page asks it: JSON in, JSON or a problem out.

import { setClock } from "./format.js";
import { t } from "./words.js";

const PATIENCE_MS = 20_000;

/** An answer that is no success, as the server's problem document tells it. Status 0: no answer came. */
export class Problem extends Error {
  constructor(status, title, detail, errors, body = {}) {
    super(detail || title);
    this.status = status;
    this.title = title;
    this.errors = errors;
    this.body = body;
  }
}

async function problemOf(response) {
  const body = await response.json().catch(() => ({}));
  const title = body.title ?? t("problem.answered", { status: response.status });
  return new Problem(response.status, title, body.detail ?? "", Array.isArray(body.errors) ? body.errors : [], body);
}

const heads = new WeakMap();

/** A header of the answer whose body this is. */
export const headOf = (body, name) => heads.get(body)?.get(name) ?? null;

/** Which organisation the page shows: the session may have been switched to another meanwhile, in another tab. */
const ours = () => (document.body.dataset.org ? { "X-Gleaner-Organisation": document.body.dataset.org } : {});

async function answer(path, { patience = PATIENCE_MS, headers, ...options }) {
  let response;
  try {
    response = await fetch(path, { ...options, headers: { ...headers, ...ours() }, signal: AbortSignal.timeout(patience), credentials: "same-origin" });
  } catch {
    throw new Problem(0, t("problem.silent.title"), t("problem.silent.text"), []);
  }
  setClock(response.headers.get("date"));
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function ask(path, options, patience) {
  const response = await answer(path, patience ? { ...options, patience } : options);
  if (response.status === 204) return null;
  const body = await response.json();
  heads.set(body, response.headers);
  return body;
}

// The custom header cannot be sent by a page of another origin: it is what tells our own requests apart.
const change = (method) => (path, body, headers = {}, patience = PATIENCE_MS) => ask(path, {
  method,
  headers: { "X-Gleaner-CSRF": "1", ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
  body: body === undefined ? undefined : JSON.stringify(body),
}, patience);

/** Asks for what is at this path. */
export const read = (path) => ask(path, { headers: { Accept: "application/json" } });
/** The same with the tag that a change of it names in `If-Match`. */
export async function tagged(path) {
  const response = await answer(path, { headers: { Accept: "application/json" } });
  return { value: await response.json(), tag: response.headers.get("etag") };
}
/** Sends to this path. */
export const send = change("POST");
/** Changes what is at this path. */
export const patch = change("PATCH");
/** Removes what is at this path. */
export const remove = change("DELETE");

/** Sends a file as it is; it may take its time. */
export const sendFile = (path, file, type) => ask(path, {
  method: "POST", headers: { "X-Gleaner-CSRF": "1", "Content-Type": type }, body: file, patience: PATIENCE_MS * 5,
});

/** A key that makes a repeated request harmless: one for each thing that is to be made. */
export function freshKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// What was sent last whose answer never came: sent again word for word, it is answered as if it were the first time.
let unanswered = null;

/** Sends to this path what is not to be done twice because its answer was lost. */
export async function once(path, body) {
  const text = `${path} ${JSON.stringify(body)}`;
  if (unanswered?.text !== text) unanswered = { text, key: freshKey() };
  try {
    const answer = await send(path, body, { "Idempotency-Key": unanswered.key });
    unanswered = null;
    return answer;
  } catch (problem) {
    if (problem.status >= 400 && problem.status < 500) unanswered = null;
    throw problem;
  }
}

const at = (id) => `/collection/runs/${encodeURIComponent(id)}`;

/** What a run would take. */
export const estimate = (body) => send("/collection/estimate", body);
/** Takes an entry of the history back. */
export const undo = (id) => send(`/history/${encodeURIComponent(id)}/undo`);
/** Signs in with an e-mail address and a password. */
export const login = (given) => send("/auth/login", given);
export const runs = (cursor) => read(`/collection/runs?limit=20${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
export const run = (id) => read(at(id));
export const progress = (id) => read(`${at(id)}/progress`);
export const categories = () => read("/amazon/categories");
export const create = (body, key) => send("/collection/runs", body, { "Idempotency-Key": key });
/** Where a run's sellers are as a file. */
export const sellersFile = (id, format) => `${at(id)}/sellers?format=${format}`;
/** Gives a run that stands another budget of requests. */
export const setBudget = (id, budget) => patch(at(id), { settings: { request_budget: budget } });
/** Gives a command: start, pause, resume, cancel or retry-failed. */
export const command = (id, word) => send(`${at(id)}/${word}`);
/** Has exactly these failed tasks run again. */
export const retry = (id, numbers) => send(`${at(id)}/retry-failed`, { task_nos: numbers });
/** Makes a run like this one. */
export const again = (id, key) => send(`${at(id)}/again`, undefined, { "Idempotency-Key": key });
/** The kept events of a run behind the one with this number. */
export const events = (id, after, limit = 500) => read(`${at(id)}/events?after=${after}&limit=${limit}`);
/** The requests of a run before the event with this number, column by column. */
export const requests = (id, before) => read(`${at(id)}/requests?before=${before}&limit=10000`);
/** What a run's requests were like. */
export const metrics = (id) => read(`${at(id)}/metrics`);
/** Where the live stream of a run is, from the event after this one on. */
export const activity = (id, after) => `${at(id)}/activity?last_event_id=${after}`;

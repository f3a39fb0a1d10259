// The public API, as this page asks it: JSON in, JSON or a problem out.

import { setClock } from "./format.js";

const PATIENCE_MS = 20_000;

/** An answer that is no success, as the server's problem document tells it. Status 0: no answer came. */
export class Problem extends Error {
  constructor(status, title, detail, errors) {
    super(detail || title);
    this.status = status;
    this.title = title;
    this.errors = errors;
  }
}

async function problemOf(response) {
  const body = await response.json().catch(() => ({}));
  const title = body.title ?? `The server answered ${response.status}`;
  return new Problem(response.status, title, body.detail ?? "", Array.isArray(body.errors) ? body.errors : []);
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, { ...options, signal: AbortSignal.timeout(PATIENCE_MS), credentials: "same-origin" });
  } catch {
    throw new Problem(0, "The server does not answer", "Check that Gleaner runs; this page tries again.", []);
  }
  setClock(response.headers.get("date"));
  if (!response.ok) throw await problemOf(response);
  return response.status === 204 ? null : response.json();
}

const read = (path) => ask(path, { headers: { Accept: "application/json" } });

// The custom header cannot be sent by a page of another origin: it is what tells our own requests apart.
const send = (path, body, headers = {}) => ask(path, {
  method: "POST",
  headers: { "X-Gleaner-CSRF": "1", ...(body ? { "Content-Type": "application/json" } : {}), ...headers },
  body: body ? JSON.stringify(body) : undefined,
});

const at = (id) => `/collection/runs/${encodeURIComponent(id)}`;

export const runs = (cursor) => read(`/collection/runs?limit=20${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
export const run = (id) => read(at(id));
export const progress = (id) => read(`${at(id)}/progress`);
export const categories = () => read("/amazon/categories");
export const create = (body, key) => send("/collection/runs", body, { "Idempotency-Key": key });
/** Where a run's sellers are as a file. */
export const sellersFile = (id, format) => `${at(id)}/sellers?format=${format}`;
/** Gives a command: start, pause, resume, cancel or retry-failed. */
export const command = (id, word) => send(`${at(id)}/${word}`);
/** Where the live stream of a run is, from the event after this one on. */
export const activity = (id, after) => `${at(id)}/activity?last_event_id=${after}`;

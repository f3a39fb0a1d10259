// Sellers as a file: which of them, in which form, with which columns. The browser takes the file from the server as it is
// made, but for a selection, whose ids are too long for an address.

import { Problem, read } from "./api.js";
import { h } from "./dom.js";
import { sends } from "./forms.js";
import { choice, field, open } from "./sellers_dialog.js";
import { t } from "./words.js";

const FORMATS = ["csv", "xlsx", "json", "ndjson"];
const COLUMNS = ["display_name", "name", "id", "platform", "feedback_percent", "feedback_score", "feedback_approx", "first_seen_at",
  "first_seen_run_id", "last_seen_at", "last_seen_run_id", "times_seen", "products_matched", "best_price_position", "flagged", "status",
  "tags", "note"];
/** What is ticked at first. */
const USUAL = ["display_name", "feedback_percent", "feedback_score", "first_seen_at", "last_seen_at", "times_seen", "flagged", "status", "tags", "note"];
const MINUTE_MS = 60_000;

const wrong = (message) => Object.assign(new Error(message), { status: 422, errors: [] });

/**
 * Opens the dialog.
 * @param query the filter and the order of the list
 * @param runs the runs that can be chosen, where the runs may be seen
 * @param ids those that are selected
 */
export function exports(query, { isFiltered, runs, ids, wants }) {
  const scope = (value) => h("input", { type: "radio", name: "scope", value, checked: value === wants, change: () => (run.disabled = value !== "run") });
  const run = h("select", { class: "in", id: "x-run", name: "run", "aria-label": t("sellers.export.run_label"), disabled: true },
    h("option", { value: "" }, "–"), runs.map(({ id, number, name }) => h("option", { value: id }, `#${number} ${name}`)));
  const boxes = COLUMNS.map((name) => h("input", { type: "checkbox", name: "column", value: name, checked: USUAL.includes(name) }));
  const every = h("input", { type: "checkbox", change: () => boxes.forEach((box) => (box.checked = every.checked)) });
  const format = h("select", { class: "in", id: "x-format", name: "format" }, FORMATS.map((one) => h("option", { value: one }, one.toUpperCase())));
  const { dialog, form } = open(t("sellers.export.title"), [
    h("fieldset", { class: "stack" }, h("legend", null, t("sellers.export.scope")),
      choice(scope("all"), t("sellers.export.all")),
      isFiltered && choice(scope("filter"), t("sellers.export.filter")),
      ids.length > 0 && choice(scope("selection"), t("sellers.export.selection", { n: ids.length })),
      runs.length > 0 && h("div", { class: "row" }, choice(scope("run"), t("sellers.export.run")), run)),
    field("format", t("sellers.export.format"), format),
    h("fieldset", { class: "stack" }, h("legend", null, t("sellers.export.columns")),
      choice(every, t("sellers.export.every_column")),
      h("div", { class: "columns" }, boxes.map((box) => choice(box, t(`sellers.export.column.${box.value}`))))),
    h("p", { class: "mut" }, t("sellers.export.remembered")),
  ], h("button", { class: "btn btn-main", type: "submit" }, t("sellers.export.button")));
  sends(form, async () => {
    const columns = boxes.filter((box) => box.checked).map((box) => box.value);
    if (columns.length === 0) throw wrong(t("sellers.export.no_column"));
    const which = form.elements.scope.value;
    if (which === "run" && !run.value) throw wrong(t("sellers.export.no_run"));
    if (which === "selection") return selection({ ids, format: format.value, columns });
    const asked = new URLSearchParams(which === "filter" ? query : "");
    asked.set("format", format.value);
    asked.set("columns", columns.join(","));
    if (which === "run") asked.set("run", run.value);
    return whole(`/sellers/export?${asked}`);
  }, () => dialog.close());
  return dialog;
}

/** Looks whether there is such a file before the browser goes for it: it tells nobody why there is none. */
async function whole(address) {
  const head = await fetch(address, { method: "HEAD", credentials: "same-origin" }).catch(() => null);
  if (!head) throw new Problem(0, t("problem.silent.title"), t("problem.silent.text"), []);
  if (!head.ok) await read(address);
  save(address);
}

async function selection(asked) {
  const answer = await fetch("/sellers/export", {
    method: "POST", credentials: "same-origin", signal: AbortSignal.timeout(MINUTE_MS),
    headers: { "X-Gleaner-CSRF": "1", "Content-Type": "application/json" }, body: JSON.stringify(asked),
  }).catch(() => null);
  if (!answer) throw new Problem(0, t("problem.silent.title"), t("problem.silent.text"), []);
  if (!answer.ok) {
    const told = await answer.json().catch(() => ({}));
    throw new Problem(answer.status, told.title ?? t("problem.answered", { status: answer.status }), told.detail ?? "", told.errors ?? []);
  }
  const name = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition") ?? "")?.[1] ?? `sellers.${asked.format}`;
  const address = URL.createObjectURL(await answer.blob());
  save(address, name);
  setTimeout(() => URL.revokeObjectURL(address), MINUTE_MS);
}

function save(address, name = "") {
  const link = h("a", { href: address, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
}

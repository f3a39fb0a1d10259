// Sellers from a file or from what is pasted: looked at first, row by row, then imported as one change.

import { freshKey, send, sendFile } from "./api.js";
import { h, icon } from "./dom.js";
import { sends } from "./forms.js";
import { figure } from "./format.js";
import { choice, field, open } from "./sellers_dialog.js";
import { t } from "./words.js";

const MIB_MAX = 32;
const ROWS_SHOWN = 200;
const TYPES = ["text/csv", "text/plain", "application/json", "application/x-ndjson"];
const XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const BY_NAME = { csv: "text/csv", tsv: "text/csv", json: "application/json", ndjson: "application/x-ndjson", jsonl: "application/x-ndjson", txt: "text/plain", xlsx: XLSX };
const GLYPHS = { new: "plus", known: "check", excluded: "x", repeated: "copy", bad: "alert" };

const wrong = (message) => Object.assign(new Error(message), { status: 422, errors: [] });

/** What a pasted text is, by how it begins. */
function guess(text) {
  const begins = text.trimStart();
  if (begins.startsWith("[")) return "application/json";
  if (begins.startsWith("{")) return "application/x-ndjson";
  return /^[^\n]*\bname\b[^\n]*/i.test(begins) ? "text/csv" : "text/plain";
}

/** Opens the dialog. */
export function imports(done) {
  const file = h("input", { class: "in", id: "i-file", name: "file", type: "file", accept: ".csv,.tsv,.txt,.json,.ndjson,.jsonl,.xlsx", change: () => {
    const known = BY_NAME[file.files[0]?.name.split(".").pop().toLowerCase()];
    if (known) choose(known);
  } });
  const format = h("select", { class: "in", id: "i-format", name: "format" }, TYPES.map((type) => h("option", { value: type }, t(`sellers.import.formats.${type}`))));
  const paste = h("textarea", { class: "in tall-in", id: "i-paste", name: "paste", rows: 8, dir: "auto", spellcheck: "false", input: () => choose(guess(paste.value)) });
  const look = h("button", { class: "btn btn-main", type: "submit" }, t("sellers.import.look"));
  const chosen = [field("file", t("sellers.import.file"), file), field("paste", t("sellers.import.paste"), paste), field("format", t("sellers.import.format"), format)];
  const { dialog, form, body } = open(t("sellers.import.title"), chosen, look, "wide");
  let [type, preview, key, skip, isLast] = ["text/csv", null, null, null, false];
  const back = h("button", { class: "btn", type: "button", hidden: true, click: () => form.getAttribute("aria-busy") !== "true" && show(null) }, icon("back", "i"), t("sellers.import.back"));
  look.before(back);
  choose("text/plain");
  sends(form, () => {
    isLast = preview !== null;
    return isLast ? commit() : ask();
  }, (answer) => {
    if (!isLast) return show(answer);
    dialog.close();
    return done(answer);
  });

  function choose(chosenType) {
    type = chosenType;
    format.disabled = type === XLSX;
    if (TYPES.includes(type)) format.value = type;
  }

  function ask() {
    const given = file.files[0] ?? (paste.value.trim() ? new Blob([paste.value]) : null);
    if (!given) throw wrong(t("sellers.import.nothing"));
    if (given.size > MIB_MAX * 1_048_576) throw wrong(t("sellers.import.large", { most: MIB_MAX }));
    const charset = file.files[0] ? "" : ";charset=utf-8";
    return sendFile(`/sellers/import/preview?limit=${ROWS_SHOWN}`, given, type === XLSX ? XLSX : `${format.value}${charset}`);
  }

  function commit() {
    if (preview.totals.bad > 0 && !skip.checked) throw wrong(t("sellers.import.skip_first"));
    return send("/sellers/import/commit", { preview_id: preview.preview_id, skip_bad: skip.checked }, { "Idempotency-Key": key });
  }

  function show(seen) {
    preview = seen;
    key = freshKey();
    back.hidden = !seen;
    skip = h("input", { type: "checkbox", checked: false, change: () => ready() });
    body.replaceChildren(...(seen ? table(seen) : chosen));
    ready();
  }

  // `sends` frees every button after it has shown this: whether there is anything to import is said by the button's text.
  function ready() {
    look.textContent = preview ? t("sellers.import.commit", { n: preview.totals.new }) : t("sellers.import.look");
  }

  function table({ totals, rows, rows_not_shown: more, ignored_columns: ignored }) {
    const counts = ["new", "known", "excluded", "repeated", "bad"].map((verdict) => h("div", null,
      h("dt", null, t(`sellers.import.verdict.${verdict}`)), h("dd", { class: verdict === "bad" && totals.bad > 0 ? "bad" : null }, figure(totals[verdict]))));
    return [
      h("div", { role: "status" }, h("dl", { class: "strip" }, counts)),
      totals.bad > 0 && choice(skip, t("sellers.import.skip")),
      ignored.length > 0 && h("p", { class: "mut" }, t("sellers.import.ignored", { n: ignored.length, columns: ignored.join(", ") })),
      totals.new === 0 && h("p", { class: "mut" }, t("sellers.import.none_new")),
      h("table", { class: "tbl tbl-s bare rows-seen" },
        h("thead", null, h("tr", null, ["row", "what", "name", "why"].map((word) => h("th", { scope: "col", class: word === "row" ? "r" : null }, t(`sellers.import.${word}`))))),
        h("tbody", null, rows.map(row))),
      more > 0 && h("p", { class: "mut" }, t("sellers.import.more", { n: more })),
    ].filter(Boolean);
  }
}

function row({ row: number, verdict, name, errors = [], first_row: first }) {
  const why = errors.map(({ field: column, message }) => t("sellers.import.cell", { column, why: message })).join("; ")
    || (first ? t("sellers.import.first_row", { n: first }) : "");
  return h("tr", null, h("td", { class: "r" }, figure(number)),
    h("td", null, h("span", { class: "state", "data-s": { bad: "failed", excluded: "paused", new: "found" }[verdict] ?? "idle" }, icon(GLYPHS[verdict]), t(`sellers.import.verdict.${verdict}`))),
    h("th", { scope: "row", class: "cut", dir: "auto", title: name }, name ?? ""), h("td", { class: "why", dir: "auto" }, why));
}

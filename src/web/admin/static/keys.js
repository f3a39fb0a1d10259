// Shortcuts: one place that knows which keys do what, and the dialog that lists them.
//
// A key does nothing while somebody writes; only the palette is reached from everywhere. Pages add theirs by `on`.

import { h, icon } from "./dom.js";
import { t } from "./words.js";

const CHORD_MS = 3_000;
const EVERYWHERE = "ctrl+k";

const bound = new Map();
let first = null;

/**
 * Does this when these keys are pressed: "?", "g h" (one after the other), "Ctrl+k". Later pages win over earlier ones.
 * @param word the key of the text that the list says of it
 */
export function on(keys, word, act) {
  bound.set(keys.toLowerCase(), { keys, word, act });
}

/** Whether keys belong to what is written here. */
const isWriting = (node) => Boolean(node.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]"));

function pressed(event) {
  const held = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  const name = `${held ? "ctrl+" : ""}${held && event.shiftKey ? "shift+" : ""}${key}`;
  if (event.altKey || (isWriting(event.target) && name !== EVERYWHERE)) return;
  const chord = first && performance.now() - first.at < CHORD_MS ? bound.get(`${first.key} ${name}`) : undefined;
  first = null;
  const found = chord ?? bound.get(name);
  if (found) {
    if (document.querySelector("dialog[open]")) return;
    if (found.act(event) !== false) event.preventDefault();
  } else if ([...bound.keys()].some((keys) => keys.startsWith(`${name} `))) {
    first = { key: name, at: performance.now() };
  }
}

/** Opens the list of shortcuts. */
export function list() {
  const rows = [...bound.values()].map(({ keys, word }) => h("div", { class: "key-row" },
    h("dt", null, keys.split(" ").map((key) => h("kbd", null, key))), h("dd", null, t(word))));
  const dialog = h("dialog", { class: "dlg ask", "aria-labelledby": "h-keys" },
    h("div", { class: "dlg-head" }, h("h2", { id: "h-keys" }, t("keys.title")), h("span", { class: "grow" }),
      h("button", { class: "btn btn-bare btn-i", type: "button", "aria-label": t("shell.close"), click: () => dialog.close() }, icon("x", "i"))),
    h("dl", { class: "ask-body" }, rows));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** Listens from now on. */
export function listen() {
  document.addEventListener("keydown", pressed);
  on("?", "keys.list", list);
  document.getElementById("keys")?.addEventListener("click", list);
}

// Dialogs: those that stand in the page and are opened, the question before what cannot be undone, and what is shown once.

import { h, icon, say } from "./dom.js";
import { t } from "./words.js";

/** Opens a dialog of the page; its buttons that close it do. One whose page was loaded anew meanwhile is not there any more. */
export function open(dialog) {
  if (!dialog.isConnected) return;
  for (const button of dialog.querySelectorAll("[data-close]")) button.onclick = () => dialog.close();
  if (dialog.open) return;
  dialog.showModal();
  first(dialog);
}

/** One begins to write in the first field, where there is one. */
export const first = (dialog) => dialog.querySelector("form :is(input:not([type=hidden], [type=file]), select, textarea):enabled")?.focus();

function made(title, body, foot) {
  const dialog = h("dialog", { class: "dlg ask", "aria-labelledby": "h-made" },
    h("div", { class: "dlg-head" }, h("h2", { id: "h-made", dir: "auto" }, title)), h("div", { class: "ask-body" }, body),
    h("footer", null, h("span", { class: "grow" }), foot(() => dialog)));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

const closed = (dialog) => new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue)));

/** Asks before something is done that cannot be undone; resolves to whether it is to be. */
export async function isSure({ title, text, yes }) {
  const dialog = made(title, h("p", { dir: "auto" }, text), (it) => [
    h("button", { class: "btn", type: "button", autofocus: true, click: () => it().close("") }, t("deed.keep")),
    h("button", { class: "btn btn-bad", type: "button", click: () => it().close("yes") }, yes)]);
  return (await closed(dialog)) === "yes";
}

/** Says that the session has ended where something is written on the page, and leads to the sign-in beside it; resolves once it was read. */
export async function signsInBeside(address) {
  const dialog = made(t("sign_in.ended.title"), h("p", { role: "status" }, t("sign_in.ended.written")), (it) => [
    h("button", { class: "btn", type: "button", click: () => it().close("") }, t("sign_in.ended.back")),
    h("a", { class: "btn btn-main", href: address, target: "_blank", rel: "noopener", autofocus: true, click: () => it().close("") }, t("sign_in.ended.beside"))]);
  await closed(dialog);
}

async function copy(field, status) {
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    // A page that came without TLS may not write to the clipboard; what is selected it may copy.
    field.select();
    if (!document.execCommand("copy")) return say(status, t("once.select"));
  }
  say(status, t("once.copied"));
}

/** Shows a secret once: it stands in this dialog only, and is gone with it. */
export async function showOnce({ title, label, secret, text }) {
  const field = h("input", { class: "in mono", id: "f-once", type: "text", readonly: true, autocomplete: "off", spellcheck: "false",
    focus: () => field.select() });
  field.value = secret;
  const status = h("span", { class: "mut", role: "status" });
  const dialog = made(title, [h("p", null, text),
    h("div", { class: "field" }, h("label", { for: "f-once" }, label),
      h("div", { class: "row" }, field, h("button", { class: "btn", type: "button", click: () => void copy(field, status) }, icon("copy"), t("once.copy")))),
    status], (it) => h("button", { class: "btn", type: "button", click: () => it().close("") }, t("once.done")));
  await closed(dialog);
}

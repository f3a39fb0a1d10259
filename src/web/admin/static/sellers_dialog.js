// A dialog with a form: it closes by its button and by Esc, and what cannot be done is told at its foot.

import { first } from "./dialog.js";
import { h, icon } from "./dom.js";
import { t } from "./words.js";

/**
 * Opens one.
 * @param body what stands in it
 * @param actions what stands at its foot, the button of type submit among it
 */
export function open(title, body, actions, classes = "") {
  const form = h("form", { class: "dlg-form", novalidate: true });
  const dialog = h("dialog", { class: `dlg tool ${classes}`, "aria-labelledby": "h-tool" }, form);
  const close = () => dialog.close();
  form.append(
    h("div", { class: "dlg-head" }, h("h2", { id: "h-tool", class: "cut", dir: "auto" }, title), h("span", { class: "grow" }),
      h("button", { class: "btn btn-bare btn-i", type: "button", "aria-label": t("sellers.close"), title: t("sellers.close"), click: close }, icon("x", "i"))),
    h("div", { class: "tool-body stack", tabindex: "-1" }, body),
    h("footer", null, h("p", { class: "notice grow", role: "alert", hidden: true }), h("span", { class: "grow" }),
      h("button", { class: "btn", type: "button", click: close }, t("sellers.cancel")), actions));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  first(dialog);
  return { dialog, form, body: form.querySelector(".tool-body"), foot: form.querySelector("footer") };
}

/** A field with its label, and a place for what is wrong with it. */
export const field = (name, label, input, hint) => h("div", { class: "field" },
  h("label", { for: input.id }, label), input, hint && h("small", null, hint), h("span", { class: "bad", id: `e-${name}` }));

/** What one may tick or choose, with its label. */
export const choice = (input, label) => h("label", { class: "row check" }, input, h("span", null, label));

// The one question that this page asks before it does what cannot be undone.

import { h } from "./dom.js";

/** Asks whether to cancel the run; resolves to the answer. */
export function confirmCancel(name) {
  return new Promise((resolve) => {
    const dialog = h("dialog", { class: "dlg ask", "aria-labelledby": "h-ask" },
      h("div", { class: "dlg-head" }, h("h2", { id: "h-ask" }, "Cancel this run?")),
      h("div", { class: "ask-body" }, h("p", null, h("b", null, name), " ends for good and cannot be resumed."),
        h("p", { class: "mut" }, "What is on the wire is still awaited and kept, as is all that was collected.")),
      h("footer", null, h("span", { class: "grow" }),
        h("button", { class: "btn", type: "button", autofocus: true, click: () => dialog.close("") }, "Keep it running"),
        h("button", { class: "btn btn-bad", type: "button", "data-command": "confirm-cancel", click: () => dialog.close("yes") }, "Cancel run")));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

// The one question that this page asks before it does what cannot be undone.

import { h } from "./dom.js";

/** Asks whether to cancel the run, which works or stands; resolves to the answer. */
export function confirmCancel(name, works) {
  return new Promise((resolve) => {
    const dialog = h("dialog", { class: "dlg ask", "aria-labelledby": "h-ask" },
      h("div", { class: "dlg-head" }, h("h2", { id: "h-ask" }, "Cancel this run?")),
      h("div", { class: "ask-body" }, h("p", null, h("b", null, name), " ends for good and cannot be resumed."),
        h("p", { class: "mut" }, works
          ? "What is on the wire is still awaited and kept, as is all that was collected."
          : "All that was collected is kept.")),
      h("footer", null, h("span", { class: "grow" }),
        h("button", { class: "btn", type: "button", autofocus: true, click: () => dialog.close("") }, "Keep it"),
        h("button", { class: "btn btn-bad", type: "button", "data-command": "confirm-cancel", click: () => dialog.close("yes") }, "Cancel run")));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

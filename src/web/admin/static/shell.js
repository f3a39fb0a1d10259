// What stands around every page: where keys lead, and whether the browser is connected at all.

import { h, icon } from "./dom.js";
import * as keys from "./keys.js";
import * as menu from "./menu.js";
import { t } from "./words.js";

const PLACES = [["g r", "keys.collect", "/admin"], ["g h", "keys.history", "/admin/history"], ["g s", "keys.sellers", "/admin/sellers"]];

// Few look for something on a page that they opened for what is on it: the palette comes when it is asked for. Where it cannot be
// had, the line under the head says that the server is away.
const search = () => void import("./palette.js").then(({ open }) => open(), () => {});

/** Makes the shell live. */
export function enliven() {
  keys.listen();
  keys.on("Ctrl+k", "keys.palette", search);
  document.getElementById("jump")?.addEventListener("click", search);
  menu.enliven();
  for (const [chord, word, address] of PLACES) {
    if (document.querySelector(`.nav a[href="${address}"]`)) keys.on(chord, word, () => location.assign(address));
  }
  keys.on("/", "keys.search", () => {
    // Where the page has no search of its own, that of everything opens.
    const field = document.querySelector("main input[type=search]");
    if (field) field.focus();
    else document.getElementById("jump")?.click();
  });
  const away = h("aside", { class: "away", "aria-label": t("shell.connection"), hidden: navigator.onLine },
    icon("alert"), h("span", { role: "status" }, t("shell.offline")));
  document.querySelector(".top").after(away);
  addEventListener("offline", () => (away.hidden = false));
  addEventListener("online", () => (away.hidden = true));
}

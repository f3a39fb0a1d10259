// What stands around every page: where keys lead, and whether the browser is connected at all.

import { h, icon } from "./dom.js";
import * as keys from "./keys.js";
import * as menu from "./menu.js";
import { t } from "./words.js";

const PLACES = [["g r", "keys.collect", "/admin"], ["g h", "keys.history", "/admin/history"], ["g s", "keys.sellers", "/admin/sellers"]];

/** Makes the shell live. */
export function enliven() {
  const told = h("span", { role: "status" }, t("shell.offline"));
  const away = h("aside", { class: "away", "aria-label": t("shell.connection"), hidden: navigator.onLine }, icon("alert"), told);
  document.querySelector(".top").after(away);
  const tell = (word) => {
    told.textContent = t(word);
    away.hidden = false;
  };
  addEventListener("offline", () => tell("shell.offline"));
  addEventListener("online", () => (away.hidden = true));
  // Few look for something on a page that they opened for what is on it: the palette comes when it is asked for.
  const search = () => void import("./palette.js").then(({ open }) => {
    away.hidden = navigator.onLine;
    open();
  }, () => tell(navigator.onLine ? "shell.silent" : "shell.offline"));
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
}

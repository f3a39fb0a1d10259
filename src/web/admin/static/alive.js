// How a page comes alive, and how it is loaded anew in place: the server writes it, a module of its own makes it live.

import { h, icon } from "./dom.js";
import { refused } from "./door.js";
import { localise } from "./local.js";
import { t } from "./words.js";

const SCRIPTS = {
  history: () => import("./history.js"),
  coverage: () => import("./coverage.js"),
  home: () => import("./home.js"),
  seller: () => import("./seller.js"),
  sellers: () => import("./sellers.js"),
  run: () => import("./run.js"),
  account: () => import("./account.js"),
  defaults: () => import("./defaults.js"),
  first_admin: () => import("./first_admin.js"),
  join: () => import("./join.js"),
  members: () => import("./members.js"),
  provider: () => import("./provider.js"),
  schedules: () => import("./schedules.js"),
  sign_in: () => import("./sign_in.js"),
  tokens: () => import("./tokens.js"),
  webhooks: () => import("./webhooks.js"),
};

/** Writes figures and times as the browser's owner does, and starts the page's own module; says when that has begun its work. */
export async function enliven(main) {
  localise(main);
  const script = SCRIPTS[main.dataset.script];
  if (script) await (await script()).enliven(main);
  main.dataset.alive = "";
}

const AWAY = 500;

/** That the page shows what was before is told on top of it, with a way on; and where something was done, that it is done. */
function stale(main, address, done) {
  main.querySelector(":scope > .stale")?.remove();
  const told = h("p", { class: "notice stale", role: "alert" }, icon("alert"), h("span", { class: "grow" }, t(done ? "problem.stale" : "problem.unloaded")),
    h("button", { class: "btn", type: "button", click: () => void refresh(address, { done }) }, t("problem.again")));
  main.prepend(told);
  told.scrollIntoView({ block: "nearest" });
}

/** Whether a page is of another organisation than this one. */
export const isOther = ({ body }) => body.dataset.org !== undefined && body.dataset.org !== document.body.dataset.org;

/** Asks the server for this page (or for another address of it) and shows its answer in place of what is shown: after something was done, or to look. */
export async function refresh(address = location.href, { done = true } = {}) {
  // Whoever writes in a dialog goes on writing: the page behind it is shown anew when it closes.
  const dialog = document.querySelector("main dialog[open]");
  if (dialog) await new Promise((closed) => dialog.addEventListener("close", closed, { once: true }));
  const answer = await fetch(address, { headers: { Accept: "text/html" }, credentials: "same-origin" }).catch(() => null);
  if (!answer || answer.status >= AWAY) return stale(document.getElementById("main"), address, done);
  if (answer.redirected && new URL(answer.url).pathname === "/sign-in") return refused({ status: 401 });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const { id: focused, selectionStart: from, selectionEnd: to } = document.activeElement ?? {};
  // The whole page is another one where another tab has switched to another organisation.
  if (isOther(fresh)) return location.reload();
  const main = document.adoptNode(fresh.getElementById("main"));
  document.getElementById("main").replaceWith(main);
  document.title = fresh.title;
  const again = focused ? document.getElementById(focused) : null;
  again?.focus({ preventScroll: true });
  // The cursor stays where one writes; a field that has none answers with null.
  if (again && Number.isInteger(from) && again.selectionStart !== null) again.setSelectionRange(from, to);
  return enliven(main);
}

// Parts of a page that the server writes anew: fetched as the page, taken out of it, and put in place of what is shown.

import { isOther } from "./alive.js";
import { Problem } from "./api.js";
import { h, icon } from "./dom.js";
import { refused } from "./door.js";
import { localise } from "./local.js";
import { t } from "./words.js";

/** The page at this address; where it cannot be had, a Problem is thrown. */
export async function page(address, signal) {
  const answer = await fetch(address, { headers: { Accept: "text/html" }, credentials: "same-origin", signal }).catch((fault) => {
    if (signal?.aborted) throw fault;
    throw new Problem(0, t("problem.silent.title"), t("problem.silent.text"), []);
  });
  if (answer.redirected && new URL(answer.url).pathname === "/sign-in") refused({ status: 401 });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!answer.ok) throw new Problem(answer.status, fresh.querySelector("h1")?.textContent ?? "", "", []);
  if (isOther(fresh)) location.reload();
  const main = fresh.getElementById("main");
  localise(main);
  return { title: fresh.title, main };
}

/** Puts the fresh part in place of the one that is shown, where it says anything else. Tells whether it did. */
export function renew(shown, fresh) {
  if (!shown || !fresh || shown.isEqualNode(fresh)) return false;
  shown.replaceWith(document.adoptNode(fresh));
  return true;
}

/** What went wrong, in words; that there was no answer needs no advice beside "try again". */
export const told = ({ status, title, message }) => (status === 0 ? title : message);

/** Tells at this place what went wrong, with a button that tries it again; null takes it back. */
export function trouble(place, problem, again) {
  place.hidden = !problem;
  place.replaceChildren(...(problem ? [icon("alert"), h("span", { class: "grow" }, told(problem)),
    h("button", { class: "btn", type: "button", click: again }, t("problem.again"))] : []));
}

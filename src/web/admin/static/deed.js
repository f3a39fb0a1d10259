// A button that does one thing: once, however often it is pressed; what fails is told beside it, with a way to try again.

import { refused } from "./door.js";
import { h, icon } from "./dom.js";
import { t } from "./words.js";

/** The words for a problem: where no answer came, nobody knows whether it was done. */
export const wordsOf = (problem) => (problem.status === 0 ? t("deed.silent") : problem.message);

/** Tells beside a button what failed; `again` tries it once more. Without a problem it takes back what was told. */
export function tell(button, problem, again) {
  const spot = button.closest("[data-told]") ?? button.parentElement;
  spot.querySelector(":scope > .notice.told")?.remove();
  if (!problem) return;
  spot.append(h("p", { class: "notice told", role: "alert" }, icon("alert"), h("span", { class: "grow" }, wordsOf(problem)),
    again && h("button", { class: "btn", type: "button", click: again }, t("deed.again"))));
}

/** Does this when the button is pressed. */
export function does(button, act) {
  if (!button) return;
  let busy = false;
  const run = async () => {
    if (busy) return;
    busy = true;
    button.setAttribute("aria-disabled", "true");
    tell(button, null);
    try {
      await act();
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      if (problem.status !== 401 || !refused(problem)) tell(button, problem, () => void run());
    } finally {
      busy = false;
      button.removeAttribute("aria-disabled");
    }
  };
  button.addEventListener("click", () => void run());
}

/** The same for every element that this selector finds. */
export function each(root, selector, act) {
  for (const button of root.querySelectorAll(selector)) does(button, () => act(button));
}

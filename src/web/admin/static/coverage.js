// The coverage of a run: products whose page failed are chosen, and exactly those run again.

import { retry } from "./api.js";
import { wordsOf } from "./deed.js";
import { mark, say } from "./dom.js";
import { refused } from "./door.js";
import { complain } from "./forms.js";
import { figure } from "./format.js";
import { t } from "./words.js";

/** Makes the page live. */
export function enliven(main) {
  const form = main.querySelector("#retry");
  const button = form.querySelector("[type=submit]");
  if (!button) return;
  const boxes = [...form.querySelectorAll("[name=task]")];
  const all = form.querySelector("#all");
  const chosen = () => boxes.filter((box) => box.checked);
  const tell = () => {
    const n = chosen().length;
    button.disabled = n === 0;
    say(button.querySelector("span"), t("coverage.retry", { n, count: figure(n) }));
    mark(all, "aria-pressed", String(n === boxes.length && n > 0));
    say(form.querySelector("#chosen"), boxes.length === 0 ? t("coverage.elsewhere") : "");
  };
  button.parentElement.hidden = false;
  all.hidden = boxes.length === 0;
  all.addEventListener("click", () => {
    const on = chosen().length < boxes.length;
    for (const box of boxes) box.checked = on;
    tell();
  });
  form.addEventListener("change", tell);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void send();
  });
  tell();

  async function send() {
    button.disabled = true;
    complain(form, null);
    try {
      await retry(main.dataset.run, chosen().map((box) => Number(box.value)));
      location.assign(`/admin/runs/${main.dataset.run}`);
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      if (problem.status === 401) refused(problem);
      complain(form, [wordsOf(problem), ...problem.errors.map(({ message }) => message)].filter(Boolean).join(" "));
      say(button.querySelector("span"), t("coverage.try"));
      button.disabled = false;
    }
  }
}

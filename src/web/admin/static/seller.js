// A seller's page, made live: what people make of it is edited here, and it is flagged, removed, excluded or restored.

import { headOf, remove, send } from "./api.js";
import { refresh } from "./alive.js";
import { h, icon } from "./dom.js";
import { refused } from "./door.js";
import { on } from "./keys.js";
import { Marks } from "./sellers_marks.js";
import { Trail } from "./sellers_trail.js";
import { t } from "./words.js";

/** Makes the page live. */
export async function enliven(main) {
  const { seller: id } = main.dataset;
  if (!("may" in main.dataset)) return;
  const dock = h("div", { class: "dock" });
  main.append(dock);
  const trail = new Trail(dock, () => void refresh());
  actions(main, id);
  const form = main.querySelector("#marks");
  on("f", "seller.keys.flag", () => main.querySelector("#flag")?.click());
  on("e", "seller.keys.edit", () => form?.querySelector("[name]")?.focus());
  on("Delete", "seller.keys.remove", () => main.querySelector("#remove")?.click());
  if (form) await edit(main, form, id);

  function actions() {
    const entryOf = (answer) => answer.entry_id ?? headOf(answer, "gleaner-entry-id");
    for (const [name, word, ask] of [
      ["flag", "flagged", (button) => send(`/sellers/${id}/flag`, { flagged: button.getAttribute("aria-pressed") !== "true" })],
      ["remove", "removed", () => remove(`/sellers/${id}`)],
      ["exclude", "excluded", () => remove(`/sellers/${id}?exclude=true`)],
      ["restore", "marked", () => send(`/sellers/${id}/restore`)],
    ]) {
      const button = main.querySelector(`#${name}`);
      if (!button) continue;
      button.addEventListener("click", () => void act(button, ask, word, entryOf));
    }
  }

  async function act(button, ask, word, entryOf) {
    const wasFlagged = button.getAttribute("aria-pressed") === "true";
    button.disabled = true;
    try {
      const entry = entryOf(await ask(button));
      await refresh();
      // The page is another one by now, with a note of its own at its foot.
      newest?.did(entry, wasFlagged ? "unflagged" : word, 1);
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      button.disabled = false;
      complain(main, problem, () => void act(button, ask, word, entryOf));
    }
  }

  newest = trail;
}

let newest = null;

async function edit(main, form, id) {
  const marks = new Marks(form, async (seller, entry) => {
    await refresh();
    newest?.did(entry, "marked", 1);
  });
  marks.inputs.note.rows = 4;
  const fields = [...marks.fields, h("p", { class: "notice", role: "alert", hidden: true }),
    h("p", null, h("button", { class: "btn btn-main", type: "submit" }, t("sellers.save")))];
  try {
    await marks.load(id);
    form.replaceChildren(...fields);
    form.inert = false;
  } catch (problem) {
    if (problem.status === undefined) throw problem;
    if (!refused(problem)) complain(main, problem, () => void refresh(location.href, { done: false }));
  }
}

function complain(main, problem, again) {
  if (problem.status === 401) return void refused(problem);
  const trouble = main.querySelector("#trouble");
  const word = problem.status === 0 ? "offline" : "change";
  trouble.replaceChildren(icon("alert"), h("span", { class: "grow" }, t(`sellers.trouble.${word}`, { why: problem.message })),
    h("button", { class: "btn", type: "button", click: () => {
      trouble.hidden = true;
      again();
    } }, t("sellers.again")));
  trouble.hidden = false;
  return undefined;
}

// Adding sellers by their names, one a line: what is new comes in, and what became of the others is told.

import { freshKey, send } from "./api.js";
import { h } from "./dom.js";
import { complain, sends } from "./forms.js";
import { figure } from "./format.js";
import { field, open } from "./sellers_dialog.js";
import { t } from "./words.js";

const NAMES_MAX = 10_000;
const TOLD_MAX = 5;
const NAMES_SHOWN_MAX = 200;

const wrong = (message) => Object.assign(new Error(message), { status: 422, errors: [] });

/** Opens the dialog. */
export function add(done) {
  let key = freshKey();
  let lines = [];
  const names = h("textarea", { class: "in tall-in", id: "a-names", name: "text", rows: 12, dir: "auto", spellcheck: "false", required: true,
    "aria-describedby": "e-names", input: () => (key = freshKey()) });
  const button = h("button", { class: "btn btn-main", type: "submit" }, t("sellers.add.button"));
  const { dialog, form, body } = open(t("sellers.add.title"), field("names", t("sellers.add.names"), names), button);
  sends(form, async () => {
    // The number of a line is what a person sees beside it; empty ones are passed by.
    lines = names.value.split(/\r?\n/).map((line, at) => ({ name: line.trim(), at: at + 1 })).filter(({ name }) => name);
    if (lines.length === 0) throw wrong(t("sellers.add.empty"));
    if (lines.length > NAMES_MAX) throw wrong(t("sellers.add.many", { n: figure(lines.length), most: figure(NAMES_MAX) }));
    try {
      return await send("/sellers/bulk", { names: lines.map(({ name }) => name) }, { "Idempotency-Key": key });
    } catch (problem) {
      if (problem.errors?.length > 0) throw wrong(told(problem.errors));
      throw problem;
    }
  }, (added) => {
    show(added);
    done(added);
  });
  names.focus();

  // "names[3]" is the fourth of those that were sent.
  function told(errors) {
    const line = ({ field: path, message }) => {
      const at = /\[(\d+)\]/.exec(path)?.[1];
      return at === undefined ? message : t("sellers.add.line", { n: lines[Number(at)]?.at ?? "?", why: message });
    };
    return errors.slice(0, TOLD_MAX).map(line).join("; ");
  }

  function show({ added_count: addedCount, repeated_count: repeatedCount, known, excluded }) {
    const list = (found) => found.length > 0 && h("ul", { class: "names" }, found.slice(0, NAMES_SHOWN_MAX).map((name) => h("li", { class: "cut", dir: "auto", title: name }, name)));
    const said = (word, n) => h("p", null, t(`sellers.add.done.${word}`, { n }));
    body.replaceChildren(h("div", { class: "stack", role: "status" }, said("added", addedCount),
      ...(known.length > 0 ? [said("known", known.length), list(known)] : []),
      ...(excluded.length > 0 ? [said("excluded", excluded.length), list(excluded)] : []),
      ...(repeatedCount > 0 ? [said("repeated", repeatedCount)] : [])));
    complain(form, null);
    button.remove();
    const close = form.querySelector("footer .btn");
    close.textContent = t("sellers.close");
    close.focus();
    dialog.dataset.done = "";
  }
}

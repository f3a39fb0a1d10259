// A form over something that others may change too: what was read is named when it is sent. Where it is not there any more,
// what they made of it is told beside each field, and one may take theirs or save one's own over it.

import { Problem, patch, tagged } from "./api.js";
import { refused } from "./door.js";
import { complain, mark, sends } from "./forms.js";
import { t } from "./words.js";

const fields = (form) => [...form.elements].filter((input) => input.name);
const same = (one, other) => JSON.stringify(one ?? null) === JSON.stringify(other ?? null);

/** Writes values into the fields of a form, by their names. */
export function fillIn(form, values) {
  for (const input of fields(form)) {
    const value = values[input.name];
    if (value === undefined) continue;
    if (input.type === "checkbox") input.checked = Array.isArray(value) ? value.includes(input.value) : Boolean(value);
    else if (input.type === "radio") input.checked = input.value === value;
    else input.value = value ?? "";
  }
}

/** A value as the form shows it. */
function shown(form, name, value) {
  const input = fields(form).find((one) => one.name === name);
  if (Array.isArray(value)) return value.join(", ") || t("edit.nothing");
  if (input?.type === "radio") return t(`${input.name}.${value}`);
  if (input?.type === "checkbox") return t(value ? "edit.on" : "edit.off");
  if (input?.localName === "select") return [...input.options].find((one) => one.value === String(value ?? ""))?.text ?? String(value);
  return value === null || value === "" || value === undefined ? t("edit.nothing") : String(value);
}

/** Where a session has ended nothing on the page helps: the sign-in does, and leads back. */
export async function known(asked) {
  try {
    return await asked;
  } catch (problem) {
    if (problem.status === 401) refused(problem);
    throw problem;
  }
}

/**
 * @param values what is shown, as values by the names of the fields
 * @param body what is sent, from the form and what was read
 * @param done what to do with the answer
 */
export function edits(form, { values, body, done, filled = () => {} }) {
  let [base, opened, sending] = [null, 0, Promise.resolve()];
  const theirs = form.querySelector("[data-theirs]");

  const show = (path, { value, tag }) => {
    base = { path, value, tag };
    fillIn(form, values(value));
    mark(form, []);
    complain(form, null);
    if (theirs) theirs.hidden = true;
    filled(value);
  };

  async function conflict(mine) {
    const fresh = await tagged(mine.path);
    const [before, now] = [values(mine.value), values(fresh.value)];
    const names = [...new Set(fields(form).map(({ name }) => name))].filter((name) => !same(before[name], now[name]));
    base = { ...mine, ...fresh };
    // What others did touches nothing that stands here: it is no matter of this form.
    if (names.length === 0) return null;
    if (theirs) theirs.hidden = false;
    const errors = names.map((field) => ({ field, message: t("edit.theirs", { value: shown(form, field, now[field]) }) }));
    return new Problem(412, t("edit.changed"), t("edit.changed"), errors);
  }

  if (theirs) theirs.addEventListener("click", () => show(base.path, base));
  async function save(given, button) {
    if (!base) throw new Problem(0, "", "", []);
    const change = () => known(patch(base.path, body(given, base.value, button), { "If-Match": base.tag }));
    try {
      return await change();
    } catch (problem) {
      if (problem.status !== 412) throw problem;
      const told = await conflict(base);
      if (told) throw told;
      return change();
    }
  }

  sends(form, (given, button) => {
    const saving = save(given, button);
    sending = saving.catch(() => {});
    return saving;
  }, done);

  return {
    /** Reads what is at this path and shows it, once nothing is on its way any more. Resolves to whether it is what was asked for last. */
    async open(path) {
      const mine = ++opened;
      await sending;
      const read = await known(tagged(path));
      if (mine !== opened) return false;
      show(path, read);
      return true;
    },
  };
}

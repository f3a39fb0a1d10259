// Forms: what was written is sent once, and what cannot be taken is told beside its field.
//
// A form has a field for each name (`<input name=…>`), a place for what is wrong with it (the first element that
// `aria-describedby` names, else `e-NAME`), one for all else (`<p class="notice" role="alert" hidden>`), and a button of type submit.
// The settings of a run in it, where there are any, are its `ownSettings` (see `fields.js`).

import { h, say } from "./dom.js";
import { refused } from "./door.js";
import { t } from "./words.js";

/** Puts each error at its field and returns those that have none. A path such as `settings.workers[0]` is the field `workers`. */
export function mark(form, errors) {
  const told = new Set();
  for (const input of form.querySelectorAll("[name]")) {
    const error = errors.find(({ field }) => named(field) === input.name);
    input.setAttribute("aria-invalid", String(Boolean(error)));
    const place = placeOf(form, input);
    if (place) say(place, error?.message ?? "");
    if (place && error) told.add(error);
  }
  for (const error of errors) {
    const place = form.ownSettings?.named(named(error.field));
    if (!place) continue;
    place.complain(error.message);
    place.input.closest("details")?.setAttribute("open", "");
    told.add(error);
  }
  return errors.filter((error) => !told.has(error));
}

const placeOf = (form, input) => {
  const id = input.getAttribute("aria-describedby")?.split(" ")[0] ?? `e-${input.name}`;
  return form.querySelector(`[id="${id}"]`);
};

const named = (path) => path.replace(/^settings\./, "").split(/[.[]/)[0];

/** Tells what is wrong with the form as a whole; nothing takes it back. Where no answer came it can be sent again from there. */
export function complain(form, text, isSilent = false) {
  const notice = form.querySelector(".notice");
  notice.hidden = !text;
  say(notice, text ?? "");
  if (isSilent) notice.append(h("button", { class: "btn", type: "submit" }, t("deed.again")));
}

/**
 * Sends the form when it is submitted.
 * @param send what to do with the fields by name; rejects with a Problem
 * @param done what to do with the answer
 */
export function sends(form, send, done) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void submit(event.submitter);
  });

  // What is wrong with a field is said until somebody mends it.
  form.addEventListener("input", ({ target }) => {
    if (target.getAttribute("aria-invalid") !== "true") return;
    target.setAttribute("aria-invalid", "false");
    const place = placeOf(form, target);
    if (place) say(place, "");
  });

  async function submit(button) {
    if (form.getAttribute("aria-busy") === "true") return;
    const free = (yes) => {
      form.setAttribute("aria-busy", String(!yes));
      form.querySelectorAll("button[type=submit]").forEach((one) => (one.disabled = !yes));
    };
    free(false);
    complain(form, null);
    mark(form, []);
    try {
      const answer = await send(Object.fromEntries(new FormData(form)), button);
      await done(answer);
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      // Where a session has ended the sign-in helps, and leads back; a sign-in that is refused is another matter.
      if (problem.status === 401 && !form.closest(".signin")) refused(problem);
      if (problem.status === 0) return complain(form, t("deed.silent"), true);
      const rest = mark(form, problem.errors);
      if (rest.length > 0 || problem.errors.length === 0) {
        complain(form, rest.map(({ field, message }) => `${field}: ${message}`).join("; ") || problem.message);
      }
      form.querySelector('[aria-invalid="true"]')?.focus();
    } finally {
      free(true);
    }
  }
}

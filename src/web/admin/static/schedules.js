// Schedules: made, changed, switched and removed; what is typed shows its next dates while it is typed.

import { patch, read, remove, send, tagged } from "./api.js";
import { refresh } from "./alive.js";
import { each } from "./deed.js";
import { isSure, open } from "./dialog.js";
import { ScheduleForm } from "./schedule_form.js";
import { t } from "./words.js";

const at = (id) => `/collection/schedules/${encodeURIComponent(id)}`;

/** Makes the list, or the page of one, live. */
export function enliven(main) {
  const dialog = main.querySelector("#d-schedule");
  if (!dialog) return;
  const of = (button) => button.closest("[data-id]").dataset;
  const done = async () => {
    dialog.close();
    await refresh();
  };
  const form = new ScheduleForm(dialog, { read, send, done });
  each(main, "#new-schedule", async () => {
    await form.make();
    open(dialog);
  });
  each(main, "[data-edit]", async (button) => {
    if (await form.change(at(of(button).id))) open(dialog);
  });
  each(main, "[data-switch]", async (button) => {
    await patch(at(of(button).id), { enabled: of(button).enabled !== "true" });
    await refresh();
  });
  each(main, "[data-remove]", async (button) => {
    const { id, name } = of(button);
    const { tag } = await tagged(at(id));
    if (!(await isSure({ title: t("schedules.removing"), text: t("schedules.removing_text", { name }), yes: t("schedules.remove") }))) return;
    await remove(at(id), undefined, { "If-Match": tag });
    if (location.pathname === "/admin/schedules") await refresh();
    else location.assign("/admin/schedules");
  });
}

// The own account: the password, where one is signed in, and the other organisations.

import { remove, send } from "./api.js";
import { refresh } from "./alive.js";
import { does, each } from "./deed.js";
import { isSure } from "./dialog.js";
import { say } from "./dom.js";
import { known } from "./edit.js";
import { sends } from "./forms.js";
import { t } from "./words.js";

/** Makes it live. */
export function enliven(main) {
  const form = main.querySelector("#password");
  if (!form) return;
  sends(form, (given) => known(send("/auth/password", given)), async () => {
    form.reset();
    await refresh();
    say(document.getElementById("changed"), t("settings.account.changed"));
  });
  does(main.querySelector("#end-others"), async () => {
    const text = t("settings.account.ending_others_text");
    if (!(await isSure({ title: t("settings.account.ending_others"), text, yes: t("settings.account.yes_others") }))) return;
    await remove("/auth/sessions");
    await refresh();
  });
  each(main, "[data-end]", async (button) => {
    await remove(`/auth/sessions/${encodeURIComponent(button.closest("[data-id]").dataset.id)}`);
    if (button.dataset.current === undefined) await refresh();
    else location.assign("/sign-in");
  });
  each(main, "[data-switch]", async ({ dataset }) => {
    await send("/auth/switch", { org: dataset.switch });
    location.assign("/admin");
  });
}

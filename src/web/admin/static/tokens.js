// API tokens: made for a purpose, shown once, taken back.

import { Problem, remove, send } from "./api.js";
import { refresh } from "./alive.js";
import { does, each } from "./deed.js";
import { isSure, open, showOnce } from "./dialog.js";
import { known } from "./edit.js";
import { sends } from "./forms.js";
import { t } from "./words.js";

/** Makes the list live. */
export function enliven(main) {
  const dialog = main.querySelector("#d-token");
  const form = dialog.querySelector("form");
  does(main.querySelector("#new-token"), () => open(dialog));
  sends(form, async ({ name, expires_at: until }) => {
    const permissions = new FormData(form).getAll("permissions");
    if (permissions.length === 0) {
      const message = t("settings.tokens.no_permission");
      throw new Problem(422, message, "", [{ field: "permissions", message }]);
    }
    return known(send("/auth/tokens", { name, permissions, ...(until ? { expires_at: new Date(until).toISOString() } : {}) }));
  }, async ({ name, token }) => {
    dialog.close();
    await showOnce({ title: t("settings.tokens.made", { name }), label: t("settings.tokens.secret"), secret: token, text: t("once.text") });
    await refresh();
  });
  each(main, "[data-revoke]", async (button) => {
    const { id, name } = button.closest("[data-id]").dataset;
    const text = t("settings.tokens.revoking_text", { name });
    if (!(await isSure({ title: t("settings.tokens.revoking"), text, yes: t("settings.tokens.revoke") }))) return;
    await remove(`/auth/tokens/${encodeURIComponent(id)}`);
    await refresh();
  });
}

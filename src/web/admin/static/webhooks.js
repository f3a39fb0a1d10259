// Webhooks: made, changed, tested, given a new secret and removed; what was sent can be sent again.

import { remove, send, tagged } from "./api.js";
import { refresh } from "./alive.js";
import { does, each } from "./deed.js";
import { isSure, open, showOnce } from "./dialog.js";
import { say } from "./dom.js";
import { WebhookForm } from "./webhook_form.js";
import { t } from "./words.js";

const LIST = "/admin/settings/webhooks";
const at = (id) => `/webhooks/${encodeURIComponent(id)}`;

const showSecret = (secret) => showOnce({ title: t("settings.webhooks.secret_title"), label: t("settings.webhooks.secret"), secret,
  text: t("settings.webhooks.secret_text") });

/** Makes the list, or the page of one, live. */
export function enliven(main) {
  const dialog = main.querySelector("#d-webhook");
  const id = (button) => button.closest("[data-id]").dataset.id;
  const form = new WebhookForm(dialog, async ({ secret }) => {
    dialog.close();
    if (secret) await showSecret(secret);
    await refresh();
  });
  does(main.querySelector("#new-webhook"), () => {
    form.make();
    open(dialog);
  });
  each(main, "[data-edit]", async (button) => {
    if (await form.change(at(id(button)))) open(dialog);
  });
  each(main, "[data-remove]", async (button) => {
    const { tag } = await tagged(at(id(button)));
    const text = t("settings.webhooks.removing_text");
    if (!(await isSure({ title: t("settings.webhooks.removing"), text, yes: t("settings.webhooks.remove") }))) return;
    await remove(at(id(button)), undefined, { "If-Match": tag });
    if (location.pathname === LIST) await refresh();
    else location.assign(LIST);
  });
  each(main, "[data-test]", async (button) => {
    await send(`${at(id(button))}/test`);
    await refresh();
    say(document.getElementById("said"), t("settings.webhooks.tested"));
  });
  each(main, "[data-rotate]", async (button) => {
    const text = t("settings.webhooks.rotating_text");
    if (!(await isSure({ title: t("settings.webhooks.rotating"), text, yes: t("settings.webhooks.rotate") }))) return;
    await showSecret((await send(`${at(id(button))}/rotate`)).secret);
    await refresh();
  });
  each(main, "[data-resend]", async (button) => {
    const { delivery } = button.closest("[data-delivery]").dataset;
    await send(`${at(main.querySelector("[data-id]").dataset.id)}/deliveries/${encodeURIComponent(delivery)}/resend`);
    await refresh();
  });
}

// Members and invitations: roles, who goes, who is asked to come. The code of an invitation is shown once.

import { remove, send, tagged } from "./api.js";
import { refresh } from "./alive.js";
import { does, each } from "./deed.js";
import { isSure, open, showOnce } from "./dialog.js";
import { say } from "./dom.js";
import { edits, known } from "./edit.js";
import { sends } from "./forms.js";
import { t } from "./words.js";

const member = (id) => `/members/${encodeURIComponent(id)}`;

/** Makes both lists live. */
export function enliven(main) {
  members(main);
  invitations(main);
}

function members(main) {
  const dialog = main.querySelector("#d-role");
  const edit = edits(dialog.querySelector("form"), {
    values: ({ role }) => ({ role }),
    body: ({ role }) => ({ role }),
    done: async () => {
      dialog.close();
      await refresh();
    },
  });
  each(main, "[data-role]", async (button) => {
    const { id, name } = button.closest("[data-id]").dataset;
    if (!(await edit.open(member(id)))) return;
    say(dialog.querySelector("#role-name"), name);
    open(dialog);
  });
  each(main, "[data-id] [data-remove]", async (button) => {
    const { id, name } = button.closest("[data-id]").dataset;
    const { tag } = await tagged(member(id));
    const text = t("settings.members.removing_text");
    if (!(await isSure({ title: t("settings.members.removing", { name }), text, yes: t("settings.members.remove") }))) return;
    await remove(member(id), undefined, { "If-Match": tag });
    await refresh();
  });
}

function invitations(main) {
  const dialog = main.querySelector("#d-invite");
  does(main.querySelector("#invite"), () => open(dialog));
  sends(dialog.querySelector("form"), ({ email, role }) => known(send("/invitations", { email, role })), async ({ email, code }) => {
    dialog.close();
    // Behind the #, which browsers send nowhere and no log has.
    const secret = `${location.origin}/join#${code}`;
    const title = t("settings.members.link_title", { email });
    await showOnce({ title, label: t("settings.members.link"), secret, text: t("settings.members.link_text") });
    await refresh();
  });
  each(main, "[data-revoke]", async (button) => {
    const { id, email } = button.closest("[data-id]").dataset;
    const text = t("settings.members.revoking_text", { email });
    if (!(await isSure({ title: t("settings.members.revoking"), text, yes: t("settings.members.revoke") }))) return;
    await remove(`/invitations/${encodeURIComponent(id)}`);
    await refresh();
  });
}

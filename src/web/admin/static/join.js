// Accepting an invitation: its code comes behind the # of the link, and is taken out of the address at once.

import { send } from "./api.js";
import { sends } from "./forms.js";

/** Makes the form work. */
export function enliven(main) {
  const form = main.querySelector("form");
  const take = () => {
    const code = location.hash.slice(1);
    if (!code) return;
    form.elements.code.value = code;
    main.querySelector("#join-code").hidden = true;
    history.replaceState(null, "", location.pathname);
  };
  take();
  addEventListener("hashchange", take);
  sends(form, ({ code, name, password }) => send("/auth/accept", { code: code.trim(), password, ...(name.trim() ? { name } : {}) }),
    () => location.assign("/admin"));
}

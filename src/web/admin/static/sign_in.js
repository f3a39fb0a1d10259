// Signing in with a password; afterwards one is where one wanted to go.

import { login } from "./api.js";
import { h } from "./dom.js";
import { sends } from "./forms.js";
import { t } from "./words.js";

/** Makes the form work. */
export function enliven(main) {
  // Whoever was led here by a page had a session until then, whether or not the browser still has its cookie.
  if (location.hash === "#ended") {
    const heading = main.querySelector("h1");
    heading.textContent = t("sign_in.ended.title");
    main.querySelector("[role=status]")?.remove();
    heading.after(h("p", { role: "status" }, t("sign_in.ended.text")));
  }
  sends(main.querySelector("form"), login, () => location.assign(main.dataset.next));
}

// Becoming the first admin of an installation that has no people yet.

import { send } from "./api.js";
import { sends } from "./forms.js";

/** Makes the form work. */
export function enliven(main) {
  const form = main.querySelector("form");
  if (form) sends(form, (given) => send("/auth/first-admin", given), () => location.assign("/admin"));
}

// The menu under the organisation's name: the own account, the other organisations, and the way out.

import { send } from "./api.js";
import { does, each } from "./deed.js";

/** Makes it live; it closes as menus do. */
export function enliven() {
  const menu = document.getElementById("who");
  if (!menu) return;
  does(menu.querySelector("[data-out]"), async () => {
    await send("/auth/logout");
    location.assign("/sign-in");
  });
  each(menu, "[data-org]", async ({ dataset }) => {
    await send("/auth/switch", { org: dataset.org });
    location.assign("/admin");
  });
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

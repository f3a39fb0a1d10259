// Testing the connection: one page is asked for, and what came of it is said in words.

import { send } from "./api.js";
import { does } from "./deed.js";
import { say } from "./dom.js";
import { t } from "./words.js";

/** Longer than the server waits for the provider. */
const PATIENCE_MS = 75_000;

/** Makes the button work. */
export function enliven(main) {
  const outcome = main.querySelector("#outcome");
  does(main.querySelector("#test"), async () => {
    outcome.dataset.s = "waiting";
    say(outcome, t("settings.provider.testing"));
    try {
      const { answered, products, error_type: kind, detail, took_ms } = await send("/settings/provider/test", undefined, {}, PATIENCE_MS);
      const took = (took_ms / 1_000).toLocaleString(undefined, { maximumFractionDigits: 1 });
      outcome.dataset.s = answered ? "good" : "bad";
      say(outcome, answered ? t("settings.provider.answered", { n: products, took }) : t("settings.provider.failed", { kind, took, detail }));
    } catch (problem) {
      say(outcome, "");
      throw problem;
    }
  });
}

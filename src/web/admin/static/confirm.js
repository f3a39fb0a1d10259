// The one question that is asked before a run is cancelled, which cannot be undone.

import { isSure } from "./dialog.js";
import { h } from "./dom.js";
import { parts, t } from "./words.js";

/** Asks whether to cancel the run, which works or stands; resolves to the answer. */
export const confirmCancel = (name, works) => isSure({
  title: t("run_head.cancelling.title"),
  text: [...parts("run_head.cancelling.text", { name: h("b", null, name) }), " ", t(`run_head.cancelling.${works ? "awaited" : "kept"}`)],
  yes: t("run_head.cancel"),
});

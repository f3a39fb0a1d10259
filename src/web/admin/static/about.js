// Below the figures of a run: its sellers as files, its id, and the settings it obeys.

import { sellersFile } from "./api.js";
import { recovered } from "./card.js";
import { h, icon, say } from "./dom.js";
import { capital, span, timeOfDay } from "./format.js";
import { describe } from "./settings_told.js";
import { t } from "./words.js";

const FORMATS = [["csv", "CSV"], ["ndjson", "NDJSON"]];

export class About {
  constructor(state) {
    this.state = state;
    const { row } = state;
    const links = FORMATS.map(([format, text]) => h("a", { class: "link", href: sellersFile(row.id, format), download: true }, text));
    this.files = h("span", { class: "files gone" }, t("run_head.files"), " ", links[0], ", ", links[1]);
    this.recovery = h("span", { class: "recovery", hidden: true });
    // What may come later stands behind what is always there.
    this.node = h("div", { class: "about" },
      h("span", { class: "id" }, t("run_head.id"), " ", h("code", null, row.id)),
      h("details", null,
        h("summary", null, icon("chev"), t("run_head.settings")),
        h("dl", { class: "settings" }, describe(row.settings ?? {}).map(([name, value]) =>
          h("div", null, h("dt", null, name), h("dd", null, value))))), this.files, this.recovery);
  }

  /** There is a file as soon as there is a seller, and a report where the run was taken over. */
  render() {
    const { counters, recovery } = this.state.progress;
    this.files.classList.toggle("gone", counters.sellers_found === 0);
    this.recovery.hidden = !recovery;
    if (recovery) say(this.recovery, recoveryWords(recovery));
  }
}

/** The newest take-over in one line. */
const recoveryWords = (recovery) => t("recovery.line", {
  why: capital(recovery.why),
  time: timeOfDay(Date.parse(recovery.at)),
  report: [
    recovered("released", recovery.tasks_released),
    recovery.answers_reattached > 0 && recovered("reattached", recovery.answers_reattached),
    recovered("repeated", recovery.requests_repeated),
    recovery.late_answers > 0 && recovered("late", recovery.late_answers),
    t("recovery.lost", { time: span(recovery.time_lost_ms) }),
  ].filter(Boolean).join(", "),
});

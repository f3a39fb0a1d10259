// Below the figures of a run: its sellers as files, its id, and the settings it obeys.

import { sellersFile } from "./api.js";
import { h, icon, say } from "./dom.js";
import { describe } from "./fields.js";
import { capital, count, span, timeOfDay } from "./format.js";

const FORMATS = [["csv", "CSV"], ["ndjson", "NDJSON"]];

export class About {
  constructor(state) {
    this.state = state;
    const { row } = state;
    const links = FORMATS.map(([format, text]) => h("a", { class: "link", href: sellersFile(row.id, format), download: true }, text));
    this.files = h("span", { class: "files", hidden: true }, "Sellers: ", links[0], ", ", links[1]);
    this.recovery = h("span", { class: "recovery", hidden: true });
    this.node = h("div", { class: "about" }, this.files, this.recovery,
      h("span", { class: "id" }, "Run ", h("code", null, row.id)),
      h("details", null,
        h("summary", null, icon("chev"), "Settings"),
        h("dl", { class: "settings" }, describe(row.settings ?? {}).map(([name, value]) =>
          h("div", null, h("dt", null, name), h("dd", null, value))))));
  }

  /** There is a file as soon as there is a seller, and a report where the run was taken over. */
  render() {
    const { counters, recovery } = this.state.progress;
    this.files.hidden = counters.sellers_found === 0;
    this.recovery.hidden = !recovery;
    if (recovery) say(this.recovery, recoveryWords(recovery));
  }
}

/** The newest take-over in one line. */
const recoveryWords = (recovery) => [
  `${capital(recovery.why)} at ${timeOfDay(Date.parse(recovery.at))}: ${count(recovery.tasks_released, "task")} released`,
  recovery.answers_reattached > 0 && `${count(recovery.answers_reattached, "answer")} re-attached`,
  `${count(recovery.requests_repeated, "request")} perhaps paid twice`,
  recovery.late_answers > 0 && `${count(recovery.late_answers, "late answer")} refused`,
  `${span(recovery.time_lost_ms)} lost`,
].filter(Boolean).join(", ");

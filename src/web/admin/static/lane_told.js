// The line under the timeline: the request that is pointed at or chosen, in words; else how to move.

import { events } from "./api.js";
import { subject } from "./card.js";
import { badge, fill, h } from "./dom.js";
import { figure, span, timeOfDay } from "./format.js";
import { GAIN, OUTCOMES, REQUESTS_MAX } from "./requests.js";
import { t } from "./words.js";

const PAUSE_MS = 120;

export class LaneTold {
  #note = "";

  constructor(state) {
    this.state = state;
    this.node = h("p", { class: "lane-told", role: "status" });
  }

  /** What the timeline lacks, if anything. */
  note(requests) {
    let note = t("lanes.help");
    if (requests.reading) note = t("lanes.reading", { n: requests.count, count: figure(requests.count) });
    else if (requests.isCut) note = t("lanes.cut", { count: figure(REQUESTS_MAX) });
    else if (requests.removedAt) note = t("lanes.removed");
    if (note === this.#note) return;
    this.#note = note;
    if (!this.request) this.#rest();
  }

  /** Tells of a request; null tells how to move. */
  tell(request) {
    this.request = request;
    clearTimeout(this.timer);
    if (!request) return this.#rest();
    this.#show(request, this.state.events.find(({ seq }) => seq === request.seq));
    return undefined;
  }

  #rest() {
    fill(this.node, this.#note, () => [h("span", { class: "mut cut" }, this.#note)]);
  }

  #show(request, event) {
    // Where one points in passing nothing is asked for.
    if (!event) this.timer = setTimeout(() => void this.#ask(request), PAUSE_MS);
    const outcome = t(`lanes.${OUTCOMES[request.kind]}`);
    const name = event ? subject(event.phase, event.category, event.product_name) : "";
    fill(this.node, [request.seq, name], () => [badge(request.worker, true), h("b", { class: "nw" }, timeOfDay(request.start)),
      h("span", { class: "nw" }, request.kind === GAIN && request.fresh > 0 ? t("lanes.fresh", { n: request.fresh, count: figure(request.fresh) }) : outcome),
      h("span", { class: "nw mut" }, t("lanes.took", { time: span(request.took) })),
      request.wait > 0 && h("span", { class: "nw mut" }, t("lanes.waits", { time: span(request.wait) })),
      h("span", { class: "cut grow", dir: "auto", title: name }, name),
      event?.error_message && h("span", { class: "mono cut bad", title: event.error_message }, event.error_message)]);
  }

  async #ask(request) {
    const { items } = await events(this.state.row.id, request.seq - 1, 1).catch(() => ({ items: [] }));
    if (this.request?.seq === request.seq && items[0]?.seq === request.seq) this.#show(request, items[0]);
  }
}

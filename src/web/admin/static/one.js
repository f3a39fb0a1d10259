// One worker's own view: its card, its figures and its log; the others are small icons that lead to theirs.

import { badge, fill, h, icon } from "./dom.js";
import { figure, span } from "./format.js";
import { ERROR, GAIN, WAIT } from "./requests.js";
import { t } from "./words.js";

/** The worker that an address names behind its `#`; null where it names none of these. */
export function workerOf(hash, workers) {
  const named = /^#worker-(\d+)$/.exec(hash);
  const id = named && Number(named[1]);
  return workers.some((worker) => worker.worker_id === id) ? id : null;
}

export class One {
  #worker = null;

  constructor(state) {
    this.state = state;
    this.title = h("h2", { id: "h-one", tabindex: "-1" });
    this.others = h("nav", { class: "row wrap others", "aria-label": t("worker.others") });
    this.strip = h("dl", { class: "strip" });
    this.node = h("section", { class: "one", "aria-labelledby": "h-one", hidden: true }, h("div", { class: "sec" }, this.title, this.others), this.strip);
  }

  /** Shows this worker; null hides the view. */
  only(worker) {
    this.#worker = worker;
    this.node.hidden = worker === null;
    this.render();
  }

  /** Puts the keyboard to where the view begins. */
  focus() {
    this.title.focus({ preventScroll: true });
  }

  render() {
    if (this.#worker === null) return;
    const { workers } = this.state.progress;
    fill(this.title, String(this.#worker), () => [t("worker.title", { n: this.#worker })]);
    fill(this.others, [this.#worker, workers.map(({ worker_id: id }) => id)], () => [
      ...workers.map(({ worker_id: id }) => h("a", { href: `#worker-${id}`, "aria-label": t("worker.title", { n: id }), "aria-current": id === this.#worker ? "true" : null }, badge(id))),
      h("a", { class: "btn", href: "#workers" }, icon("back"), t("worker.all"))]);
    const cells = this.#figures(workers.find(({ worker_id: id }) => id === this.#worker));
    fill(this.strip, cells, () => cells.map(([name, value, classes]) => h("div", null, h("dt", null, name), h("dd", null, h("span", { class: classes || null }, value)))));
  }

  #figures(worker) {
    const lane = this.state.requests.lanes.get(this.#worker);
    const sums = lane ? summed(lane) : { kinds: [0, 0, 0, 0], fresh: 0, took: 0 };
    const count = lane?.length ?? 0;
    return [
      [t("worker.done"), figure(worker?.tasks_done ?? 0)],
      [t("worker.requests"), figure(count)],
      [t("worker.fresh"), figure(sums.fresh), sums.fresh > 0 ? "new" : ""],
      [t("worker.gains"), figure(sums.kinds[GAIN])],
      [t("worker.errors"), figure(sums.kinds[ERROR]), sums.kinds[ERROR] > 0 ? "bad" : ""],
      [t("worker.limits"), figure(sums.kinds[WAIT])],
      [t("worker.mean"), count > 0 ? span(sums.took / count) : ""],
      [t("worker.restarts"), figure(worker?.restarts ?? 0)],
    ];
  }
}

function summed(lane) {
  const sums = { kinds: [0, 0, 0, 0], fresh: 0, took: 0 };
  for (let at = lane.first; at < lane.end; at += 1) {
    sums.kinds[lane.kind[at]] += 1;
    sums.fresh += lane.fresh[at];
    sums.took += lane.took[at];
  }
  return sums;
}

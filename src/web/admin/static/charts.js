// Two small charts: requests a minute by outcome, and how long they took.

import { fill, h, mark, svg } from "./dom.js";
import { figure, hourAndMinute, isFinal, now, span } from "./format.js";
import { ERROR, WAIT } from "./requests.js";
import { t } from "./words.js";

const [WIDE, HIGH] = [179, 60];
const BUCKETS = 30;
const LATEST_MS = 1_800_000;
const REDO_MS = 1_000;
const MINUTE_MS = 60_000;
const PERCENTILES = [["p", 50], ["p p95", 95], ["p p99", 99]];

export class Charts {
  #drawn = "";
  #at = -Infinity;

  constructor(state) {
    this.state = state;
    this.pace = chart(["ok", "warn", "err"]);
    this.took = chart(PERCENTILES.map(([classes]) => classes));
    this.keys = h("p", { class: "keys lat" });
    this.node = h("section", { "aria-label": t("charts.title") },
      h("div", { class: "charts" },
        h("figure", null, h("figcaption", null, t("charts.pace"), this.pace.figure), this.pace.node, this.pace.axis,
          h("p", { class: "keys" }, h("span", { class: "key" }, t("charts.fine")), h("span", { class: "key key-warn" }, t("charts.waited")), h("span", { class: "key key-err" }, t("charts.error")))),
        h("figure", null, h("figcaption", null, t("charts.latency"), this.took.figure), this.took.node, this.took.axis, this.keys)));
  }

  tick() {
    const { requests, progress } = this.state;
    const final = isFinal(progress.status);
    const key = `${requests.count} ${final}`;
    if (performance.now() - this.#at < REDO_MS || (final && key === this.#drawn)) return;
    [this.#at, this.#drawn] = [performance.now(), key];
    const whole = requests.span;
    const to = final && whole ? whole[1] : now();
    const from = Math.max(whole?.[0] ?? to - BUCKETS * 1_000, final ? 0 : to - LATEST_MS);
    this.#draw(from, Math.max(to, from + BUCKETS), final);
  }

  #draw(from, to, final) {
    const wide = (to - from) / BUCKETS;
    const buckets = Array.from({ length: BUCKETS }, () => ({ counts: [0, 0, 0], took: [] }));
    const all = [];
    for (const lane of this.state.requests.lanes.values()) {
      for (let at = lane.from(from); at < lane.end; at += 1) {
        const bucket = buckets[Math.min(Math.floor((lane.start[at] + lane.took[at] - from) / wide), BUCKETS - 1)];
        if (!bucket || lane.start[at] + lane.took[at] < from) continue;
        bucket.counts[part(lane.kind[at])] += 1;
        bucket.took.push(lane.took[at]);
        all.push(lane.took[at]);
      }
    }
    const times = [hourAndMinute(from), final ? hourAndMinute(to) : t("lanes.now")];
    for (const { axis } of [this.pace, this.took]) fill(axis, times, () => times.map((text) => h("span", null, text)));
    this.#drawPace(buckets, wide, all.length / ((to - from) / MINUTE_MS), times);
    this.#drawTook(buckets, all, times);
  }

  #drawPace(buckets, wide, mean, [from, to]) {
    const minute = MINUTE_MS / wide;
    const most = Math.max(...buckets.map(({ counts }) => counts[0] + counts[1] + counts[2]), 1);
    const step = WIDE / BUCKETS;
    const parts = [[], [], []];
    buckets.forEach(({ counts }, at) => {
      let y = HIGH;
      counts.forEach((count, kind) => {
        const high = (count * HIGH) / most;
        y -= high;
        if (count > 0) parts[kind].push(`M${(at * step).toFixed(1)} ${y.toFixed(1)}h${(step - 1).toFixed(1)}v${high.toFixed(1)}h-${(step - 1).toFixed(1)}z`);
      });
    });
    this.pace.set(parts.map((each) => each.join("")), figure(Math.round(mean)),
      t("charts.pace_told", { from, to, mean: figure(Math.round(mean)), most: figure(Math.round(most * minute)) }));
  }

  #drawTook(buckets, all, [from, to]) {
    const sorted = buckets.map(({ took }) => took.sort((a, b) => a - b));
    const most = Math.max(...sorted.map((took) => rank(took, 99)), 1);
    const lines = PERCENTILES.map(([, percent]) => line(sorted, percent, most));
    all.sort((a, b) => a - b);
    const [p50, p95, p99] = PERCENTILES.map(([, percent]) => span(rank(all, percent)));
    this.took.set(lines, p95, t("charts.latency_told", { from, to, p50, p95, p99 }));
    fill(this.keys, [p50, p99], () => [h("span", null, t("charts.share", { share: 50, time: p50 })), h("span", { class: "mut" }, t("charts.share", { share: 99, time: p99 }))]);
  }
}

const part = (kind) => (kind === ERROR ? 2 : kind === WAIT ? 1 : 0);

/** The value below which so many of a hundred are, of an ordered list. */
const rank = (sorted, percent) => (sorted.length === 0 ? 0 : sorted[Math.max(Math.ceil((sorted.length * percent) / 100) - 1, 0)]);

/** A line over the buckets that hold something; where one holds nothing it breaks off. */
function line(buckets, percent, most) {
  let draws = false;
  return buckets.map((took, at) => {
    if (took.length === 0) {
      draws = false;
      return "";
    }
    const point = `${((at + 0.5) * (WIDE / BUCKETS)).toFixed(1)} ${(HIGH - (rank(took, percent) * HIGH * 0.95) / most).toFixed(1)}`;
    const command = draws ? `L${point}` : `M${point}h1`;
    draws = true;
    return command;
  }).join("");
}

function chart(classes) {
  const shapes = classes.map((name) => svg("path", { class: name }));
  const node = svg("svg", { class: "chart", viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", role: "img", "aria-label": t("charts.title") },
    svg("path", { class: "grid", d: `M0 15H${WIDE}M0 37.5H${WIDE}` }), ...shapes);
  const figureNode = h("b");
  const set = (paths, value, told) => {
    shapes.forEach((shape, at) => mark(shape, "d", paths[at]));
    fill(figureNode, value, () => [value]);
    mark(node, "aria-label", told);
  };
  return { node, figure: figureNode, axis: h("p", { class: "axis" }), set };
}

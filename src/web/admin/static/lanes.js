// The timeline of a run: a lane for each worker, a bar for each request; zoomed by wheel, buttons, drag and keys.

import { badge, fill, h, icon, mark, svg } from "./dom.js";
import { dayAndTime, figure, isFinal, now, timeOfDay } from "./format.js";
import { LANE_HEIGHT, nearest, paths } from "./lane_path.js";
import { LaneTold } from "./lane_told.js";
import { OUTCOMES } from "./requests.js";
import { ViewSpan } from "./view_span.js";
import { t } from "./words.js";

const MINUTE_MS = 60_000;
const RANGES = [[5 * MINUTE_MS, "lanes.five"], [30 * MINUTE_MS, "lanes.thirty"], ["run", "lanes.run"]];
const ZOOM = 1.5;
const NEAR_PX = 6;
const LABELS = 6;
const LABEL_PX = 90;
const DAY_MS = 86_400_000;
const TABLE_MS = 5_000;

export class Lanes {
  #drawn = "";
  #rows = new Map();
  #at = null;
  #counts = new Map();
  #telling = undefined;
  #told = -Infinity;
  // Of a lane, as it was last laid out: asking for it at each drawing would lay the page out at each.
  #width = 0;

  constructor(state) {
    this.state = state;
    this.view = new ViewSpan(() => this.#whole, () => this.#last, isFinal(state.progress.status) || state.replay ? "run" : RANGES[0][0]);
    this.ranges = h("span", { class: "seg", role: "group", "aria-label": t("lanes.range") }, RANGES.map(([range, word]) =>
      h("button", { type: "button", "data-range": range, click: () => this.#look(range) }, t(word))));
    this.zooms = h("span", { class: "seg" },
      h("button", { type: "button", "aria-label": t("lanes.out"), title: t("lanes.out"), click: () => this.#zoom(ZOOM) }, icon("idle")),
      h("button", { type: "button", "aria-label": t("lanes.in"), title: t("lanes.in"), click: () => this.#zoom(1 / ZOOM) }, icon("plus")));
    this.axis = h("p", { class: "axis", "aria-hidden": "true" });
    this.panel = h("div", { class: "panel lanes", role: "group", tabindex: "0", "aria-label": t("lanes.label"), title: t("lanes.help") }, this.axis);
    this.point = new LaneTold(state);
    this.table = h("div", { class: "sr" });
    this.node = h("section", { class: "time-sec", "aria-labelledby": "h-time" },
      h("div", { class: "sec" }, h("h2", { id: "h-time" }, t("lanes.title")), this.ranges, this.zooms,
        h("span", { class: "row keys" }, OUTCOMES.toReversed().map((kind) => h("span", { class: `key ${kind === "ok" ? "key-low" : `key-${kind}`}` }, t(`lanes.${kind}`))))),
      this.panel, this.point.node, this.table);
    this.#listen();
    new ResizeObserver(() => {
      this.#width = Math.floor(this.#rows.values().next().value?.lane.clientWidth ?? 0);
      this.render();
    }).observe(this.panel);
  }

  /** Draws what is looked at, where it differs from what is drawn. */
  render() {
    const workers = this.state.progress.workers.map(({ worker_id: id }) => id);
    fill(this.panel, workers, () => this.#make(workers));
    const width = this.#width;
    if (width <= 0) return;
    const [from, to] = this.view.current;
    const key = [from, to, width, this.state.requests.count, this.state.requests.reading, this.#at?.seq].join();
    if (key === this.#drawn) return;
    this.#drawn = key;
    const counts = new Map();
    for (const [worker, row] of this.#rows) counts.set(worker, this.#draw(row, worker, from, to, width));
    this.#label(from, to);
    this.point.note(this.state.requests);
    for (const button of this.ranges.children) mark(button, "aria-pressed", String(button.dataset.range === String(this.view.range)));
    this.#tabulate(counts);
  }

  tick() {
    this.render();
  }

  /** Shows only this worker's requests at full strength; null shows all. */
  only(worker) {
    for (const [id, { lane }] of this.#rows) lane.classList.toggle("faint", worker !== null && id !== worker);
  }

  get #whole() {
    const { requests, progress } = this.state;
    const started = Date.parse(progress.started_at ?? progress.updated_at);
    return requests.span ?? [started, Math.max(now(), started + 1)];
  }

  get #last() {
    return isFinal(this.state.progress.status) ? Math.max(this.#whole[1], this.#whole[0] + 1) : now();
  }

  #make(workers) {
    this.#rows = new Map(workers.map((id) => {
      const shapes = OUTCOMES.map((name) => svg("path", { class: name }));
      const point = svg("rect", { class: "at", y: 0.5, height: LANE_HEIGHT - 1, width: 0 });
      const lane = svg("svg", { class: "lane", preserveAspectRatio: "none", role: "img", "aria-label": t("lanes.worker", { n: id }), "data-worker": id }, ...shapes, point);
      return [id, { lane, shapes, point }];
    }));
    return [...[...this.#rows].flatMap(([id, { lane }]) => [badge(id, true), lane]), this.axis];
  }

  #draw({ lane, shapes, point }, worker, from, to, width) {
    mark(lane, "viewBox", `0 0 ${width} ${LANE_HEIGHT}`);
    const requests = this.state.requests.lanes.get(worker);
    const drawn = requests ? paths(requests, from, to, width) : { paths: OUTCOMES.map(() => ""), counts: OUTCOMES.map(() => 0) };
    shapes.forEach((shape, kind) => mark(shape, "d", drawn.paths[kind]));
    const scale = width / (to - from);
    const shown = this.#at?.worker === worker;
    mark(point, "x", shown ? (this.#at.start - from) * scale : 0);
    mark(point, "width", shown ? Math.max(this.#at.took * scale, 3) : 0);
    return drawn.counts;
  }

  #label(from, to) {
    const write = to - from > DAY_MS ? dayAndTime : timeOfDay;
    const follows = !isFinal(this.state.progress.status) && this.view.range !== "hand";
    const labels = Math.max(2, Math.min(LABELS, Math.floor(this.#width / LABEL_PX)));
    const times = Array.from({ length: labels }, (_, at) => write(from + ((to - from) * at) / (labels - 1)));
    if (follows) times[labels - 1] = t("lanes.now");
    fill(this.axis, times, () => times.map((text) => h("span", null, text)));
  }

  // What the lanes show, for whom does not see them: not as often as they move, and what they come to in any case.
  #tabulate(counts) {
    this.#counts = counts;
    const wait = this.#told + TABLE_MS - performance.now();
    if (wait > 0) this.#telling ??= setTimeout(() => this.#tell(), wait);
    else this.#tell();
  }

  #tell() {
    clearTimeout(this.#telling);
    this.#telling = undefined;
    this.#told = performance.now();
    const rows = [...this.#counts].map(([worker, each]) => [worker, ...each.toReversed()]);
    fill(this.table, rows, () => h("table", null, h("caption", null, t("lanes.table")),
      h("thead", null, h("tr", null, h("th", { scope: "col" }, t("lanes.of")), OUTCOMES.toReversed().map((kind) => h("th", { scope: "col" }, t(`lanes.${kind}`))))),
      h("tbody", null, rows.map(([worker, ...each]) => h("tr", null, h("th", { scope: "row" }, String(worker)), each.map((value) => h("td", null, figure(value))))))));
  }

  #look(range) {
    this.view.look(range);
    this.render();
  }

  // Around the request that is chosen, where nothing else is said.
  #zoom(factor, place) {
    const [from, to] = this.view.current;
    const chosen = this.#at ? (this.#at.start - from) / (to - from) : 0.5;
    this.view.zoom(factor, place ?? (chosen >= 0 && chosen <= 1 ? chosen : 0.5));
    this.render();
  }

  #listen() {
    const { panel } = this;
    const place = (event) => (event.clientX - this.#left) / Math.max(this.#width, 1);
    let dragged = null;
    // The page scrolls as everywhere; with Ctrl, or where the timeline has the focus, the wheel zooms.
    panel.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey && document.activeElement !== panel) return;
      event.preventDefault();
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.#move(event.deltaX / this.#width);
      else this.#zoom(event.deltaY > 0 ? ZOOM : 1 / ZOOM, place(event));
    }, { passive: false });
    panel.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      dragged = event.clientX;
      panel.setPointerCapture(event.pointerId);
    });
    panel.addEventListener("pointermove", (event) => {
      if (dragged === null) return this.#pointed(event, place(event));
      const moved = dragged - event.clientX;
      if (moved !== 0) this.#move(moved / this.#width);
      dragged = event.clientX;
      return undefined;
    });
    for (const name of ["pointerup", "pointercancel"]) panel.addEventListener(name, () => (dragged = null));
    panel.addEventListener("pointerleave", () => document.activeElement !== panel && this.#choose(null));
    panel.addEventListener("blur", () => this.#choose(null));
    panel.addEventListener("keydown", (event) => this.#key(event));
  }

  get #left() {
    return this.#rows.values().next().value?.lane.getBoundingClientRect().left ?? 0;
  }

  #move(share) {
    this.view.move(share);
    this.render();
  }

  #pointed(event, place) {
    const row = [...this.#rows].find(([, { lane }]) => {
      const { top, bottom } = lane.getBoundingClientRect();
      return event.clientY >= top && event.clientY < bottom;
    });
    const requests = row && this.state.requests.lanes.get(row[0]);
    if (!requests) return this.#choose(null);
    const [from, to] = this.view.current;
    const found = nearest(requests, from + (to - from) * place, ((to - from) * NEAR_PX) / this.#width);
    return this.#choose(found === null ? null : of(requests, found));
  }

  #choose(request) {
    if (request?.seq === this.#at?.seq) return;
    this.#at = request;
    this.point.tell(request);
    this.render();
  }

  #key(event) {
    const moves = { ArrowLeft: () => this.#step(-1), ArrowRight: () => this.#step(1), ArrowUp: () => this.#change(-1), ArrowDown: () => this.#change(1),
      Home: () => this.#step(-Infinity), End: () => this.#step(Infinity), "+": () => this.#zoom(1 / ZOOM), "=": () => this.#zoom(1 / ZOOM), "-": () => this.#zoom(ZOOM),
      0: () => this.#look("run"), Escape: () => this.#choose(null) };
    const shifted = { ArrowLeft: () => this.#move(-0.25), ArrowRight: () => this.#move(0.25) };
    const move = (event.shiftKey && shifted[event.key]) || moves[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    move();
  }

  // From request to request on a lane; the first step finds the newest that is seen.
  #step(by) {
    const lane = this.state.requests.lanes.get(this.#at?.worker ?? this.#rows.keys().next().value);
    if (!lane || lane.length === 0) return;
    const [, to] = this.view.current;
    const next = this.#at ? lane.from(this.#at.start + this.#at.took) + by : lane.from(to) - 1;
    const place = Number.isFinite(by) ? next : by;
    this.#go(lane, Math.min(Math.max(place, lane.first), lane.end - 1));
  }

  #change(by) {
    const workers = [...this.#rows.keys()];
    const next = workers[Math.min(Math.max(workers.indexOf(this.#at?.worker) + by, 0), workers.length - 1)];
    const lane = this.state.requests.lanes.get(next);
    if (lane && lane.length > 0) this.#go(lane, Math.min(lane.from(this.#at?.start ?? this.view.current[1]), lane.end - 1));
  }

  #go(lane, place) {
    const request = of(lane, place);
    this.view.show(request.start);
    this.#choose(request);
  }
}

const of = (lane, at) => ({ worker: lane.worker, seq: lane.seq[at], start: lane.start[at], took: lane.took[at], wait: lane.wait[at], fresh: lane.fresh[at], kind: lane.kind[at] });

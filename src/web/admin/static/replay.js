// A finished run played again from its stored events: play, pause, faster, and to any moment of it.

import { fill, h, icon, mark, say } from "./dom.js";
import { figure, setNow, span, timeOfDay } from "./format.js";
import { ReplayProgress } from "./replay_progress.js";
import { ReplaySource } from "./replay_source.js";
import { RunState } from "./state.js";
import { t } from "./words.js";

const SPEEDS = [1, 10, 30, 100];
const FRAME_MS = 100;
const STEP_MS = 1_000;
/** A run that took longer is played faster from the start. */
const SHORT_MS = 300_000;
const SEEK_EVENTS = 5_000;

export class Replay {
  #speed;
  #plays = true;
  #seeking = null;

  /**
   * @param shown what to do with the state that is played: `begin(state)` for a new one, `changed()` when it went on
   */
  constructor(row, final, shown) {
    this.row = row;
    this.final = final;
    this.shown = shown;
    this.from = Date.parse(final.started_at ?? row.created_at);
    this.to = Math.max(Date.parse(final.completed_at ?? final.updated_at), this.from + 1_000);
    this.#speed = this.to - this.from > SHORT_MS ? 10 : 1;
    this.source = new ReplaySource(row.id, final.last_event_id);
    this.source.failed = (problem) => this.#failed(problem);
    this.clock = this.from;
    this.button = h("button", { class: "btn btn-main", type: "button", click: () => this.#toggle() });
    this.time = h("span", { class: "fig" });
    this.slider = h("input", { type: "range", class: "grow", min: "0", max: String(Math.ceil((this.to - this.from) / STEP_MS) * STEP_MS), step: String(STEP_MS), value: "0", "aria-label": t("replay.moment"),
      input: () => this.#wish(), change: () => this.#wish() });
    this.speeds = h("span", { class: "seg", role: "group", "aria-label": t("replay.speed") }, SPEEDS.map((speed) =>
      h("button", { type: "button", "data-speed": speed, click: () => this.#faster(speed) }, t("replay.times", { n: speed }))));
    this.said = h("span", { class: "mut nw", role: "status" });
    this.node = h("section", { class: "panel replay", "aria-label": t("replay.label") }, h("div", { class: "row wrap" },
      h("b", { class: "state", "data-s": "waiting" }, icon("clock", "i i-s"), t("replay.title")), this.button, this.speeds, this.time, this.slider, this.said,
      h("a", { class: "btn", href: location.pathname }, t("replay.leave"))));
    setNow(() => this.clock);
    this.#begin();
    this.#draw();
    setInterval(() => this.#frame(), FRAME_MS);
  }

  #begin() {
    this.source.rewind();
    this.progress = new ReplayProgress(structuredClone(this.final), new Date(this.from).toISOString());
    const state = new RunState(this.row, this.progress.value);
    Object.assign(state, { replay: true, conn: "replay", lastSeq: 0, countedFrom: 1 });
    this.state = state;
    this.shown.begin(state);
  }

  #take(until, most) {
    let count = 0;
    for (let event = this.source.upTo(until); event; event = this.source.upTo(until)) {
      this.progress.take(event);
      // Events that were removed leave a gap that nothing can fill.
      if (event.seq !== this.state.lastSeq + 1) this.state.lastSeq = event.seq - 1;
      this.state.take(event);
      count += 1;
      if (count >= most) break;
    }
    if (count > 0) this.state.paced(this.progress.value);
    return count;
  }

  #frame() {
    const at = performance.now();
    const passed = Math.min(at - (this.before ?? at), 1_000);
    this.before = at;
    if (this.#seeking !== null || !this.#plays || document.hidden) return;
    // Where the next events are not here yet the clock waits for them.
    const isHere = this.source.isAtEnd || this.source.nextAt !== null;
    if (isHere) this.clock = Math.min(this.clock + passed * this.#speed, this.to);
    this.#take(this.clock, SEEK_EVENTS);
    if (this.clock >= this.to && this.source.isAtEnd) this.#plays = false;
    this.#draw();
  }

  // The last moment that was wished for wins; on the way there nothing is shown but how far it is.
  #wish() {
    const to = Math.min(this.from + Number(this.slider.value), this.to);
    if (this.#seeking !== null) this.#seeking = to;
    else void this.#seek(to);
  }

  async #seek(to) {
    this.#seeking = to;
    try {
      for (let at = null; at !== this.#seeking;) {
        at = this.#seeking;
        if (at < this.clock) this.#begin();
        this.clock = at;
        for (;;) {
          const taken = this.#take(at, SEEK_EVENTS);
          if (taken === 0 && (this.source.isAtEnd || this.source.nextAt !== null)) break;
          if (taken === 0) await this.source.read();
          say(this.said, t("replay.reading", { count: figure(this.state.lastSeq), all: figure(this.final.last_event_id) }));
          await new Promise((done) => setTimeout(done));
          if (at !== this.#seeking) break;
        }
      }
      say(this.said, "");
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      this.#failed(problem);
    } finally {
      this.#seeking = null;
      this.#draw();
    }
  }

  #toggle() {
    if (!this.#plays && this.clock >= this.to) {
      this.clock = this.from;
      this.#begin();
    }
    this.#plays = !this.#plays;
    say(this.said, "");
    this.#draw();
  }

  // Play tries again from where it stands.
  #failed(problem) {
    this.#plays = false;
    say(this.said, problem.message);
    this.#draw();
  }

  #faster(speed) {
    this.#speed = speed;
    this.#draw();
  }

  #draw() {
    fill(this.button, String(this.#plays), () => (this.#plays ? [icon("pause"), t("replay.pause")] : [icon("play"), t("replay.play")]));
    for (const button of this.speeds.children) mark(button, "aria-pressed", String(Number(button.dataset.speed) === this.#speed));
    if (this.#seeking === null && !this.slider.matches(":active")) this.slider.value = String(this.clock - this.from);
    const told = t("replay.at", { time: timeOfDay(this.clock), passed: span(this.clock - this.from), all: span(this.to - this.from) });
    say(this.time, told);
    mark(this.slider, "aria-valuetext", told);
    this.shown.changed();
  }
}

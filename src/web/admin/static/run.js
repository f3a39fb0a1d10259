// The view of one run: loads it, listens to its stream, draws what changed at most ten times a second.

import * as api from "./api.js";
import { confirmCancel } from "./confirm.js";
import { h } from "./dom.js";
import { Feed } from "./feed.js";
import { STATES, figure, isFinal, percent } from "./format.js";
import { Halt } from "./halt.js";
import { Head } from "./head.js";
import { Rail } from "./rail.js";
import { RunState } from "./state.js";
import { Stream } from "./stream.js";
import { Workers } from "./workers.js";

const FRAME_MS = 100;
const HIDDEN_FRAME_MS = 1_000;
const TICK_MS = 250;

export class RunView {
  constructor(id, refused) {
    this.id = id;
    this.refused = refused;
    this.node = h("main", { class: "page run", id: "main" }, h("p", { class: "mut" }, "Loading the run"));
  }

  async open() {
    const [row, progress] = await Promise.all([api.run(this.id), api.progress(this.id)]);
    if (this.closed) return;
    this.state = new RunState(row, progress);
    this.head = new Head(this.state, (word) => void this.#command(word));
    this.halt = new Halt(this.state);
    this.workers = new Workers(this.state);
    this.feed = new Feed(this.state);
    this.rail = new Rail(this.state);
    this.node.replaceChildren(this.head.node, this.halt.node, h("div", { class: "left" }, this.workers.node), this.rail.node, this.feed.node);
    this.#listen();
    this.#render();
    this.ticker = setInterval(() => this.#tick(), TICK_MS);
    this.seen = () => void this.#lookAgain();
    addEventListener("visibilitychange", this.seen);
  }

  close() {
    this.closed = true;
    this.stream?.close();
    clearInterval(this.ticker);
    clearTimeout(this.frame);
    removeEventListener("visibilitychange", this.seen);
  }

  // A run that has ended may have been opened again somewhere else meanwhile.
  async #lookAgain() {
    if (document.hidden || this.state.conn !== "ended" || !(await this.#ask())) return;
    if (!isFinal(this.state.progress.status)) this.#listen();
  }

  #listen() {
    this.stream?.close();
    this.repaired = 0;
    this.stream = new Stream(this.id, () => this.state.lastSeq, {
      activity: (event) => this.#take(event),
      named: (name, data) => this.#named(name, data),
      state: (word) => {
        this.state.conn = word;
        this.#soon();
      },
      refused: async () => (await this.#ask()) && !this.#hasAll(),
    });
  }

  // A run that has ended has no stream for whom has all of it: that is no refusal.
  #hasAll() {
    const { progress, lastSeq } = this.state;
    if (!isFinal(progress.status) || lastSeq < progress.last_event_id) return false;
    this.stream.close();
    this.state.conn = "ended";
    return true;
  }

  // A number that was left out is asked for once more; if it is left out again, what comes is shown all the same.
  #take(event) {
    const taken = this.state.take(event);
    if (taken === "gap") {
      if (this.repaired !== this.state.lastSeq + 1) {
        this.repaired = this.state.lastSeq + 1;
        this.stream.restart();
        return;
      }
      this.state.lastSeq = event.seq - 1;
      this.state.take(event);
    }
    this.#soon();
  }

  #named(name, data) {
    if (name === "progress") this.state.setProgress(data);
    else this.state.setStanding(data.state ? data : { ...data, state: data.status, wanted: this.state.progress.wanted });
    if (name === "status" || name === "end") void this.#ask();
    this.#soon();
  }

  /** Asks for the progress; resolves to whether it makes sense to go on listening. */
  async #ask() {
    try {
      this.state.setProgress(await api.progress(this.id));
      this.#soon();
      return true;
    } catch (problem) {
      if (problem.status === 401 || problem.status === 403 || problem.status === 404) {
        this.refused(problem);
        return false;
      }
      return true;
    }
  }

  async #command(word) {
    const { state } = this.state.progress;
    if (word === "cancel" && state !== "cancelling" && !(await confirmCancel(this.state.progress.name, state === "running" || state === "pausing"))) return;
    const buttons = [...this.head.acts.querySelectorAll("button")];
    for (const button of buttons) button.disabled = true;
    this.head.complain(null);
    try {
      const answer = await api.command(this.id, word);
      if (answer?.state) this.state.setStanding(answer);
      await this.#ask();
      if (this.state.conn === "ended" && !isFinal(this.state.progress.status)) this.#listen();
    } catch (problem) {
      if (problem.status === 401) this.refused(problem);
      this.head.complain(problem.message);
      await this.#ask();
    }
    for (const button of buttons) button.disabled = false;
    this.#soon();
  }

  #soon() {
    if (this.frame !== undefined || this.closed) return;
    const wait = document.hidden ? HIDDEN_FRAME_MS : FRAME_MS;
    this.frame = setTimeout(() => {
      this.frame = undefined;
      this.#render();
    }, wait);
  }

  #render() {
    for (const part of [this.head, this.halt, this.workers, this.feed]) part.render();
    this.node.classList.toggle("halted", !this.halt.node.hidden);
    this.rail.tick();
    document.title = title(this.state);
  }

  #tick() {
    if (document.hidden) return;
    for (const part of [this.head, this.halt, this.workers, this.feed, this.rail]) part.tick();
  }
}

function title({ progress, row }) {
  const word = (STATES[progress.state]?.[0] ?? progress.state).toLowerCase();
  const share = ["completed", "pending", "failed"].includes(progress.status) ? "" : ` ${percent(progress.percent)} %`;
  return `${row.number ? `#${figure(row.number)} ` : ""}${word}${share} · ${progress.name} · Gleaner`;
}

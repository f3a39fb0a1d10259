// The view of one run: loads it, listens to its stream, draws what changed at most ten times a second.

import * as api from "./api.js";
import { Charts } from "./charts.js";
import { confirmCancel } from "./confirm.js";
import { wordsOf } from "./deed.js";
import { h } from "./dom.js";
import { refused, unstarted } from "./door.js";
import { Feed } from "./feed.js";
import { isFinal, percent } from "./format.js";
import { Halt } from "./halt.js";
import { Head } from "./head.js";
import { Lanes } from "./lanes.js";
import { One, workerOf } from "./one.js";
import { Rail } from "./rail.js";
import { Spend } from "./spend.js";
import { RunState } from "./state.js";
import { Tabs } from "./tabs.js";
import { Workers } from "./workers.js";
import { t } from "./words.js";

const FRAME_MS = 100;
const HIDDEN_FRAME_MS = 1_000;
const TICK_MS = 250;

const TRY_AGAIN_MS = 3_000;

/** Makes the run's page live. Until the server answers, what it wrote before stays. */
export async function enliven(main) {
  const view = new RunView(main);
  for (;;) {
    try {
      await view.open();
      return;
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      if (refused(problem)) return;
      await new Promise((done) => setTimeout(done, TRY_AGAIN_MS));
    }
  }
}

class RunView {
  constructor(main) {
    this.id = main.dataset.run;
    this.node = main;
  }

  async open() {
    const [row, progress] = await Promise.all([api.run(this.id), api.progress(this.id)]);
    if (isReplay() && isFinal(progress.status)) {
      const { Replay } = await import("./replay.js");
      this.replay = new Replay(row, progress, { begin: (state) => (this.state ? this.#swap(state) : this.#show(state)), changed: () => this.#render() });
      this.head.node.prepend(this.replay.node);
    } else {
      this.#show(new RunState(row, progress));
      this.#listen();
      // What fails here is asked for again when the page is opened again; the view goes on with what there is.
      this.state.requests.read(() => this.#soon()).catch((problem) => refused(problem));
      addEventListener("visibilitychange", () => {
        if (!document.hidden) this.#render();
        void this.#lookAgain();
      });
      // The browser may keep a page that is left for the way back: it gives its connection to another tab, and listens again.
      addEventListener("pagehide", () => this.stream.close());
      addEventListener("pageshow", ({ persisted }) => {
        if (persisted && this.state.conn !== "ended") this.#listen();
      });
    }
    this.#render();
    setInterval(() => this.#tick(), TICK_MS);
    addEventListener("hashchange", () => this.#choose());
    this.#choose(true);
    // A run that was just made in this tab and would not start says why.
    const why = sessionStorage.getItem(unstarted(this.id));
    if (why !== null) this.head.complain(why);
    sessionStorage.removeItem(unstarted(this.id));
  }

  /** Puts a state on the page in place of what is there. */
  #show(state) {
    this.state = state;
    this.head = new Head(state, (word) => void this.#command(word), { may: this.node.dataset.may === "yes", seesSellers: "seesSellers" in this.node.dataset });
    this.halt = new Halt(state, this.head.may ? (budget) => this.#raise(budget) : null);
    this.one = new One(state);
    this.workers = new Workers(state);
    this.lanes = new Lanes(state);
    this.feed = new Feed(state);
    this.charts = new Charts(state);
    this.spend = new Spend(state);
    this.rail = new Rail(state, [this.charts.node, this.spend.node]);
    this.node.replaceChildren(this.head.node, this.halt.node,
      h("div", { class: "left" }, this.one.node, this.workers.node, this.lanes.node), this.rail.node, this.feed.node);
  }

  // A replay that goes back begins with a new state; what shows it stays where it is.
  #swap(state) {
    this.state = state;
    for (const part of [this.head, this.head.about, this.halt, this.one, this.workers, this.lanes, this.lanes.point, this.feed, this.rail, this.charts, this.spend]) part.state = state;
    this.feed.redo();
  }

  // The worker that the address names has the page for itself; going back shows all of them, where one was.
  #choose(first = false) {
    const worker = workerOf(location.hash, this.state.progress.workers);
    for (const part of [this.one, this.workers, this.lanes, this.feed]) part.only(worker);
    if (!first && worker !== null) this.one.focus();
  }

  // A run that has ended may have been opened again somewhere else meanwhile.
  async #lookAgain() {
    if (document.hidden || this.state.conn !== "ended" || !(await this.#ask())) return;
    if (!isFinal(this.state.progress.status)) this.#listen();
  }

  #listen() {
    this.stream?.close();
    this.repaired = 0;
    this.stream = new Tabs(this.id, () => this.state.lastSeq, {
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
      // Why a run failed under the page's eyes stands with the run itself.
      if (this.state.progress.status === "failed" && !this.state.failure) this.state.failure = (await api.run(this.id)).fail;
      this.#soon();
      return true;
    } catch (problem) {
      if (problem.status === 401 || problem.status === 403 || problem.status === 404) {
        refused(problem);
        return false;
      }
      return true;
    }
  }

  /** Gives the run another budget and has it go on; resolves to why that could not be done, if so. */
  async #raise(budget) {
    try {
      Object.assign(this.state.row, await api.setBudget(this.id, budget));
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      if (problem.status === 401) refused(problem);
      return wordsOf(problem);
    }
    await this.#command("resume");
    return null;
  }

  async #command(word) {
    const { state } = this.state.progress;
    if (word === "cancel" && state !== "cancelling" && !(await confirmCancel(this.state.progress.name, state === "running" || state === "pausing"))) return;
    const buttons = [...this.head.acts.querySelectorAll("button")];
    for (const button of buttons) button.disabled = true;
    this.head.complain(null);
    try {
      if (word === "again") {
        this.key ??= api.freshKey();
        const { id } = await api.again(this.id, this.key);
        const problem = await api.command(id, "start").then(() => null, (refusal) => refusal);
        if (problem) sessionStorage.setItem(unstarted(id), problem.message);
        location.assign(`/admin/runs/${id}`);
        return;
      }
      const answer = await api.command(this.id, word);
      if (answer?.state) this.state.setStanding(answer);
      await this.#ask();
      if (this.state.conn === "ended" && !isFinal(this.state.progress.status)) this.#listen();
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      if (problem.status === 401) refused(problem);
      this.head.complain(wordsOf(problem));
      await this.#ask();
    }
    for (const button of buttons) button.disabled = false;
    this.#soon();
  }

  #soon() {
    if (this.frame !== undefined) return;
    const wait = document.hidden ? HIDDEN_FRAME_MS : FRAME_MS;
    this.frame = setTimeout(() => {
      this.frame = undefined;
      this.#render();
    }, wait);
  }

  #render() {
    if (!this.state) return;
    for (const part of [this.head, this.halt, this.one, this.workers, this.lanes, this.feed]) part.render();
    this.node.classList.toggle("halted", !this.halt.node.hidden);
    for (const part of [this.rail, this.charts, this.spend]) part.tick();
    document.title = title(this.state);
  }

  #tick() {
    if (document.hidden) return;
    for (const part of [this.head, this.halt, this.workers, this.lanes, this.feed, this.rail, this.charts, this.spend]) part.tick();
  }
}

/** Whether the address asks for the run to be played again. */
const isReplay = () => new URLSearchParams(location.search).has("replay");

function title({ progress, row }) {
  const word = t(`state.${progress.state}`).toLowerCase();
  const share = ["completed", "pending", "failed"].includes(progress.status) ? "" : ` ${percent(progress.percent)} %`;
  return `${row.number ? `#${row.number} ` : ""}${word}${share} · ${progress.name} · Gleaner`;
}

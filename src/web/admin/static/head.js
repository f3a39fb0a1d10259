// The head of a run: name, state, connection, commands; percentage and bar; the strip of figures.

import { About } from "./about.js";
import { bar, fill, fillBar, h, icon, mark, say } from "./dom.js";
import { PHASES, STATES, count, figure, hourAndMinute, isFinal, now, percent, rough, span, stopwatch } from "./format.js";
import { finished, total } from "./state.js";

const CONN = { connecting: ["reconnecting", "Connecting"], live: ["live", "Live"], reconnecting: ["reconnecting", "Reconnecting"], ended: ["ended", "Ended"] };

/** Which commands a state offers: word of the route, icon, text, classes of the button. */
function offers({ state, tasks, counters }) {
  const cancel = ["cancel", null, "Cancel run", "btn btn-bad"];
  const failed = counters.amazon.failed + counters.ebay.failed;
  switch (state) {
    case "pending": return [["start", "play", "Start", "btn btn-main"], cancel];
    case "running": return [["pause", "pause", "Pause", "btn"], cancel];
    case "pausing": return [cancel];
    case "cancelling": return tasks.claimed > 0 ? [["cancel", null, "Drop what is on the wire", "btn btn-bad"]] : [];
    case "paused": return [["resume", "play", "Resume", "btn btn-main"], cancel];
    case "completed":
    case "failed": return failed > 0 ? [["retry-failed", "restart", `Retry ${figure(failed)} failed`, "btn"]] : [];
    default: return [];
  }
}

export class Head {
  /** @param command what to do with the word of a button */
  constructor(state, command) {
    this.state = state;
    this.command = command;
    this.word = h("span", { class: "state", role: "status" });
    this.phase = h("span", { class: "phase" });
    this.conn = h("span", { class: "conn" });
    this.acts = h("span", { class: "row" });
    this.problem = h("p", { class: "notice", role: "alert", hidden: true });
    this.pct = h("span", { class: "pct" });
    this.bar = bar("Progress of the phase");
    this.keys = h("p", { class: "keys" });
    this.eta = h("p", { class: "eta" });
    this.strip = h("dl", { class: "strip" });
    this.about = new About(state);
    const { row, progress } = state;
    this.node = h("header", null,
      h("div", { class: "run-top" },
        h("h1", null, progress.name, " ", row.number && h("span", { class: "mut" }, `#${figure(row.number)}`)),
        this.word, this.phase, h("div", { class: "end" }, this.conn, this.acts)),
      this.problem,
      h("div", { class: "run-bar" }, this.pct, h("div", null, this.bar, this.keys), this.eta),
      this.strip, this.about.node);
  }

  render() {
    const { progress } = this.state;
    const { state, tasks } = progress;
    const phase = PHASES[progress.phase];
    mark(this.word, "data-s", tone(state));
    fill(this.word, state, () => [icon(STATES[state]?.[1] ?? "clock", "i"), STATES[state]?.[0] ?? state]);
    fill(this.phase, progress.phase, () => [`Phase ${phase.number} of 2: `, h("b", null, phase.name), `, ${phase.what}`]);
    fill(this.acts, offers(progress), () => offers(progress).map(([word, glyph, text, classes]) =>
      h("button", { type: "button", class: classes, "data-command": word, click: () => this.command(word) }, glyph && icon(glyph), text)));
    const all = total(tasks);
    const failed = progress.status === "failed";
    // What failed is no part of what was achieved: a failed run shows what is done, and says the rest in words.
    fill(this.pct, [failed, progress.percent, tasks.done, all], () => (failed
      ? ["Failed ", h("small", null, `${figure(tasks.done)} of ${figure(all)} done`)]
      : [percent(progress.percent), " ", h("small", null, "%")]));
    const share = failed ? Math.floor((tasks.done * 100) / Math.max(all, 1)) : progress.percent;
    fillBar(this.bar, [["ok", tasks.done], ["failed", failed ? 0 : tasks.failed], ["skipped", tasks.skipped]], all, share);
    mark(this.bar, "aria-label", `Phase ${phase.name}`);
    fill(this.keys, tasks, () => [
      key("key-gain", tasks.done, "done"), key("key-err", tasks.failed, "failed"), key("", tasks.skipped, "skipped"),
      key("key-work", tasks.claimed, "in work"), key("key-none", tasks.pending, "to go"),
    ]);
    this.about.render();
    this.tick();
  }

  /** What changes with the time alone. */
  tick() {
    const { progress } = this.state;
    const [look, word] = CONN[this.state.conn];
    mark(this.conn, "data-conn", look);
    say(this.conn, word);
    mark(this.conn, "title", `Event ${figure(this.state.lastSeq)}`);
    const [first, second] = timeLeft(this.state);
    fill(this.eta, [first, second], () => [h("b", null, first), h("span", null, second)]);
    this.#figures(progress);
  }

  /** Says why a command was refused; null says nothing. */
  complain(text) {
    this.problem.hidden = !text;
    say(this.problem, text ?? "");
  }

  #figures({ counters, spend, phase, status, started_at: started, completed_at: ended }) {
    const { amazon, ebay } = counters;
    const made = total(ebay);
    const behind = (tasks) => figure(finished(tasks) - (status === "failed" ? tasks.failed : 0));
    const elapsed = started ? stopwatch((ended ? Date.parse(ended) : now()) - Date.parse(started)) : "0:00";
    const cells = [
      ["Categories", behind(amazon), `of ${figure(total(amazon))}`],
      ["Products", phase === "amazon" ? figure(made) : behind(ebay), phase === "amazon" ? "so far" : `of ${figure(made)}`],
      ["Failed", figure(amazon.failed + ebay.failed), "", amazon.failed + ebay.failed > 0 ? "bad" : ""],
      ["Skipped", figure(amazon.skipped + ebay.skipped)],
      ["Sellers found", figure(counters.sellers_found)],
      ["New", figure(counters.sellers_new), "", counters.sellers_new > 0 ? "new" : ""],
      ["Requests", figure(counters.requests_made), spend?.cost?.text ?? ""],
      [ended ? "Took" : "Elapsed", elapsed, started ? `since ${hourAndMinute(Date.parse(started))}` : ""],
    ];
    fill(this.strip, cells, () => cells.map(([name, value, unit, classes]) =>
      h("div", null, h("dt", null, name), h("dd", null, h("span", { class: classes || null }, value), unit && " ", unit && h("small", null, unit)))));
  }
}

/** The look of a state: the wishes look like what they lead to. */
export const tone = (state) => ({ pausing: "paused", cancelling: "cancelled" }[state] ?? state);

const key = (classes, value, text) => (value > 0 ? h("span", { class: `key ${classes}` }, `${figure(value)} ${text}`) : null);

/** Two lines: how long it still takes, or how long it took or stands. */
function timeLeft(state) {
  const { progress, pace } = state;
  if (isFinal(progress.status)) {
    const ms = progress.completed_at && progress.started_at ? Date.parse(progress.completed_at) - Date.parse(progress.started_at) : null;
    return [ms === null ? "" : `took ${span(ms)}`, progress.completed_at ? `ended at ${hourAndMinute(Date.parse(progress.completed_at))}` : ""];
  }
  if (progress.state === "paused") {
    const since = progress.pause ? Date.parse(progress.pause.since) : null;
    return [since === null ? "standing" : `standing for ${rough(now() - since)}`, "nothing on the wire"];
  }
  if (progress.state === "pending") return ["", "ready to start"];
  if (progress.state !== "running") return [`${count(progress.tasks.claimed, "task")} in work`, "what is on the wire is awaited"];
  const left = pace.left(progress.tasks);
  if (left === null) return ["", "measuring the pace"];
  const phase = progress.phase === "amazon" ? "of this phase" : `done near ${hourAndMinute(now() + left)}`;
  return [`about ${rough(left)} left`, phase];
}

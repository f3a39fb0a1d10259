// The head of a run: name, state, connection, commands; percentage and bar; the strip of figures.

import { About } from "./about.js";
import { bar, fill, fillBar, h, icon, mark, say } from "./dom.js";
import { STATE_ICONS, figure, hourAndMinute, isFinal, now, percent, price, rough, span, stopwatch } from "./format.js";
import { finished, remaining, total } from "./state.js";
import { t } from "./words.js";

/** How the connection looks; its word is `run_head.conn.NAME`. */
const CONN = { connecting: "reconnecting", live: "live", reconnecting: "reconnecting", ended: "ended", replay: "ended" };

/** Which commands a state offers: word of the route, icon, text, classes of the button. */
function offers({ state, tasks, counters }) {
  const cancel = ["cancel", null, t("run_head.cancel"), "btn btn-bad"];
  const again = ["again", "plus", t("run_head.again"), "btn"];
  const failed = counters.amazon.failed + counters.ebay.failed;
  switch (state) {
    case "pending": return [["start", "play", t("run_head.start"), "btn btn-main"], cancel];
    case "running": return [["pause", "pause", t("run_head.pause"), "btn"], cancel];
    case "pausing": return [cancel];
    case "cancelling": return tasks.claimed > 0 ? [["cancel", null, t("run_head.drop"), "btn btn-bad"]] : [];
    case "paused": return [["resume", "play", t("run_head.resume"), "btn btn-main"], cancel];
    case "completed":
    case "failed": return [...(failed > 0 ? [["retry-failed", "restart", t("run_head.retry", { count: figure(failed) }), "btn"]] : []), again];
    case "cancelled": return [again];
    default: return [];
  }
}

export class Head {
  /**
   * @param command what to do with the word of a button
   * @param rights whether who looks at it may give commands, and see sellers
   */
  constructor(state, command, { may, seesSellers }) {
    this.state = state;
    this.may = may && !state.replay;
    this.seesSellers = seesSellers;
    this.command = command;
    this.word = h("span", { class: "state", role: "status" });
    this.phase = h("span", { class: "phase" });
    this.views = h("nav", { class: "seg", "aria-label": t("run_head.views") });
    this.conn = h("span", { class: "conn" });
    this.acts = h("span", { class: "row" });
    this.problem = h("p", { class: "notice", role: "alert", hidden: true });
    this.pct = h("span", { class: "pct" });
    this.bar = bar(t("run.percent"));
    this.keys = h("p", { class: "keys" });
    this.eta = h("p", { class: "eta" });
    this.strip = h("dl", { class: "strip" });
    this.about = new About(state);
    const { row, progress } = state;
    this.node = h("header", null,
      h("div", { class: "run-top" },
        h("h1", null, progress.name, " ", row.number && h("span", { class: "mut" }, `#${row.number}`)),
        this.word, this.phase, this.views, h("div", { class: "end" }, this.conn, this.acts)),
      this.problem,
      h("div", { class: "run-bar" }, this.pct, h("div", null, this.bar, this.keys), this.eta),
      this.strip, this.about.node);
  }

  render() {
    const { progress } = this.state;
    const { state, tasks } = progress;
    mark(this.word, "data-s", tone(state));
    fill(this.word, state, () => [icon(STATE_ICONS[state]), t(`state.${state}`)]);
    this.phase.hidden = isFinal(progress.status);
    fill(this.phase, progress.phase, () => [t(`phase.${progress.phase}.long`), h("span", { class: "opt" }, t(`phase.${progress.phase}.what`))]);
    const offered = this.may ? offers(progress) : [];
    fill(this.views, [isFinal(progress.status) && !this.state.replay], () => views(this.state));
    fill(this.acts, offered, () => offered.map(([word, glyph, text, classes]) =>
      h("button", { type: "button", class: classes, "data-command": word, click: () => this.command(word) }, glyph && icon(glyph), text)));
    const all = total(tasks);
    const failed = progress.status === "failed";
    // What failed is no part of what was achieved: a failed run shows what is done, and says the rest in words.
    fill(this.pct, [failed, progress.percent, tasks.done, all], () => (failed
      ? [t("state.failed"), " ", h("small", null, t("run_head.done_of", { count: figure(tasks.done), all: figure(all) }))]
      : [percent(progress.percent), " ", h("small", null, "%")]));
    const share = failed ? Math.floor((tasks.done * 100) / Math.max(all, 1)) : progress.percent;
    fillBar(this.bar, [["ok", tasks.done], ["failed", failed ? 0 : tasks.failed], ["skipped", tasks.skipped]], all, share);
    mark(this.bar, "aria-label", t(`phase.${progress.phase}.long`));
    fill(this.keys, tasks, () => [
      key("key-gain", tasks, "done"), key("key-err", tasks, "failed"), key("", tasks, "skipped"), key("key-work", tasks, "claimed"), key("key-none", tasks, "pending"),
    ]);
    this.about.render();
    this.tick();
  }

  /** What changes with the time alone. */
  tick() {
    const { progress } = this.state;
    mark(this.conn, "data-conn", CONN[this.state.conn]);
    say(this.conn, t(`run_head.conn.${this.state.conn}`));
    mark(this.conn, "title", t("run_head.event", { count: figure(this.state.lastSeq) }));
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
      [t("run_head.categories"), behind(amazon), t("run_head.of", { all: figure(total(amazon)) })],
      [t("run_head.products"), phase === "amazon" ? figure(made) : behind(ebay), phase === "amazon" ? t("run.so_far") : t("run_head.of", { all: figure(made) })],
      [t("run_head.failed"), figure(amazon.failed + ebay.failed), "", amazon.failed + ebay.failed > 0 ? "bad" : ""],
      [t("run_head.skipped"), figure(amazon.skipped + ebay.skipped)],
      [t("run_head.found"), figure(counters.sellers_found)],
      [t("run_head.new"), figure(counters.sellers_new), "", counters.sellers_new > 0 ? "new" : "", counters.sellers_new > 0 && this.seesSellers && !this.state.replay],
      [t("run_head.requests"), figure(counters.requests_made), spend?.cost ? price(spend.cost) : ""],
      [t(ended ? "run_head.taken" : "run_head.elapsed"), elapsed, started ? t("run_head.since", { time: hourAndMinute(Date.parse(started)) }) : ""],
    ];
    fill(this.strip, cells.map(([name]) => name), () => cells.map(([name]) => h("div", null, h("dt", null, name), h("dd"))));
    cells.forEach(([, value, unit, classes, leads], at) => {
      // What leads somewhere stays the element that it is, so that it can be pressed while it counts.
      if (leads) this.#lead(value, counters.sellers_new);
      fill(this.strip.children[at].lastChild, leads ? ["leads"] : [value, unit, classes],
        () => [leads ? this.fresh : h("span", { class: classes || null }, value), unit && " ", unit && h("small", null, unit)]);
    });
  }

  /** Who is new, with a way to their list. */
  #lead(value, n) {
    this.fresh ??= h("a", { class: "new link", href: `/admin/sellers?new_in_run=${this.state.row.id}` });
    say(this.fresh, value);
    mark(this.fresh, "aria-label", t("run_head.new_sellers", { n, count: value }));
  }
}

/** Where else one can look at the run. */
function views({ row, progress, replay }) {
  const at = `/admin/runs/${row.id}`;
  const link = (href, word, current) => h("a", { href, "aria-current": current ? "page" : null }, t(`run_head.${word}`));
  return [link(at, "watch", !replay), link(`${at}/coverage`, "coverage"), link(`/admin/compare?b=${row.id}`, "compare"),
    (replay || isFinal(progress.status)) && link(`${at}?replay`, "replay", replay)];
}

/** The look of a state: the wishes look like what they lead to. */
export const tone = (state) => ({ pausing: "paused", cancelling: "cancelled" }[state] ?? state);

const key = (classes, tasks, name) => (tasks[name] > 0 ? h("span", { class: `key ${classes}` }, t(`run_head.key.${name}`, { count: figure(tasks[name]) })) : null);

/** Two lines: how long it still takes, or how long it took or stands. */
function timeLeft(state) {
  const { progress, pace } = state;
  if (isFinal(progress.status)) {
    const ms = progress.completed_at && progress.started_at ? Date.parse(progress.completed_at) - Date.parse(progress.started_at) : null;
    return [ms === null ? "" : t("run_head.took", { time: span(ms) }), progress.completed_at ? t("run_head.ended", { time: hourAndMinute(Date.parse(progress.completed_at)) }) : ""];
  }
  if (progress.state === "paused") {
    const since = progress.pause ? Date.parse(progress.pause.since) : null;
    return [since === null ? t("run_head.standing") : t("run_head.standing_for", { time: rough(now() - since) }), t("run_head.nothing_out")];
  }
  if (progress.state === "pending") return ["", t("run_head.ready")];
  if (progress.state !== "running") return [t("run_head.in_work", { n: progress.tasks.claimed, count: figure(progress.tasks.claimed) }), t("run_head.awaited")];
  const left = pace.left(remaining(progress.tasks));
  if (left === null) return ["", t("run_head.measuring")];
  const phase = progress.phase === "amazon" ? t("run_head.of_phase") : t("run_head.near", { time: hourAndMinute(now() + left) });
  return [t("run_head.left", { time: rough(left) }), phase];
}

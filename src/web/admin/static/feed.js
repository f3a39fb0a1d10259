// The activity feed: newest on top, at most a hundred cards, filtered, and held while somebody reads it.

import { GROUPS, card, details } from "./card.js";
import { badge, fill, h, icon, say } from "./dom.js";
import { ago, figure } from "./format.js";
import { t } from "./words.js";

const CARDS_MAX = 100;
const BADGES_MAX = 8;
const FADES_MAX = 6;

/** What a worker did, and what became of it. */
const isOf = (event, worker) => event.worker_id === worker || event.source_worker_id === worker;

export class Feed {
  #filter = { off: new Set(), group: "all", phase: "", only: null };
  #shownSeq = 0;
  #held = false;
  #reading = false;
  #still = false;

  constructor(state) {
    this.state = state;
    this.list = h("ol", { class: "feed", reversed: true, "aria-label": t("feed.label") });
    this.empty = h("p", { class: "empty mut", hidden: true });
    this.title = h("h2", { id: "h-feed" }, t("worker.feed"));
    this.total = h("span", { class: "mut" });
    this.picks = h("span", { class: "picks row wrap" });
    this.hold = h("button", { class: "btn hold", type: "button", "aria-pressed": "false", click: () => this.#toggle() });
    this.node = h("section", { class: "feed-sec", "aria-labelledby": "h-feed" },
      h("div", { class: "sec" }, this.title, this.total,
        h("span", { class: "row wrap end" }, this.picks, this.#select(), this.#phases(), this.hold)),
      this.list, this.empty);
    this.#watch();
  }

  /** Shows only what this worker did; null shows what all did. */
  only(worker) {
    if (this.#filter.only === worker) return;
    this.#filter.only = worker;
    say(this.title, worker === null ? t("worker.feed") : t("worker.log", { n: worker }));
    this.picks.hidden = worker !== null;
    this.redo();
  }

  /** Shows what has come. */
  render() {
    this.#pickers();
    if (!this.#held && !this.#reading) this.#catchUp();
    this.#head();
  }

  /** Writes the ages of the cards anew. */
  tick() {
    for (const time of this.list.getElementsByTagName("time")) say(time, ago(Date.parse(time.dateTime)));
  }

  #matches = (event) => (this.#filter.only === null ? !this.#filter.off.has(event.worker_id) : isOf(event, this.#filter.only))
    && GROUPS[this.#filter.group](event)
    && (this.#filter.phase === "" || event.phase === this.#filter.phase);

  #newOnes() {
    const fresh = [];
    for (let i = this.state.events.length - 1; i >= 0; i -= 1) {
      const event = this.state.events[i];
      if (event.seq <= this.#shownSeq) break;
      if (this.#matches(event)) fresh.push(event);
    }
    return fresh;
  }

  #catchUp() {
    const fresh = this.#newOnes().slice(0, CARDS_MAX);
    const first = this.#shownSeq === 0;
    this.#shownSeq = this.state.lastSeq;
    if (fresh.length > 0) {
      const cards = fresh.map((event) => card(event, this.state.row.settings ?? {}));
      if (!first && !this.#still && cards.length <= FADES_MAX) for (const node of cards) node.classList.add("fresh");
      this.list.prepend(...cards);
      while (this.list.childElementCount > CARDS_MAX) this.list.lastElementChild.remove();
    }
    this.#still = document.hidden;
    this.empty.hidden = this.list.childElementCount > 0;
    say(this.empty, this.state.events.length > 0
      ? t("feed.unmatched")
      : t("run_head.nothing"));
  }

  /** Shows the cards anew, for another filter or another state. */
  redo() {
    this.#shownSeq = 0;
    this.list.replaceChildren();
    this.#catchUp();
    this.#head();
  }

  #toggle() {
    this.#held = !this.#held;
    this.hold.setAttribute("aria-pressed", String(this.#held));
    if (!this.#held) this.#catchUp();
    this.#head();
  }

  #head() {
    const cards = this.list.childElementCount;
    const all = Math.max(this.state.lastSeq, this.state.progress.last_event_id);
    const whole = this.#filter.only === null ? t("run_head.newest", { count: cards, all: figure(all) }) : t("worker.newest", { count: cards });
    say(this.total, cards === 0 ? "" : cards === all ? figure(all) : whole);
    const waiting = this.#held || this.#reading ? this.#newOnes().length : 0;
    fill(this.hold, [this.#held, waiting], () => (waiting > 0
      ? [icon("up"), t("run.new", { n: figure(waiting) })]
      : this.#held ? [icon("play"), t("feed.on")] : [icon("pause"), t("feed.hold")]));
    this.hold.title = this.#held ? t("feed.show") : t("feed.holds");
  }

  // Reading holds the feed: a card that is pointed at or has the focus stays where it is.
  #watch() {
    // What came while nobody looked is there when they look again; it does not come in once more.
    addEventListener("visibilitychange", () => (this.#still ||= document.hidden));
    const read = (on) => {
      this.#reading = on || this.list.matches(":focus-within");
      if (!this.#reading) this.render();
    };
    const open = (event) => {
      const node = event.target.closest(".ev");
      if (!node || node.querySelector(".more")) return;
      const told = this.state.events.find((each) => each.seq === Number(node.dataset.seq));
      if (told) node.append(details(told));
    };
    this.list.addEventListener("pointerover", (event) => {
      if (event.pointerType === "mouse") {
        open(event);
        read(true);
      }
    });
    this.list.addEventListener("pointerleave", () => read(false));
    this.list.addEventListener("focusin", (event) => {
      open(event);
      read(true);
    });
    this.list.addEventListener("focusout", () => requestAnimationFrame(() => read(this.list.matches(":hover"))));
    this.list.addEventListener("keydown", (event) => {
      if (event.key === "Escape") document.activeElement.blur();
    });
  }

  #select() {
    const options = Object.keys(GROUPS).map((value) => h("option", { value }, t(`feed.group.${value}`)));
    return h("select", { class: "in", "aria-label": t("feed.action"), change: (event) => {
      this.#filter.group = event.target.value;
      this.redo();
    } }, options);
  }

  #phases() {
    const options = [["", t("feed.both")], ["amazon", t("phase.amazon.name")], ["ebay", t("phase.ebay.name")]].map(([value, name]) => h("option", { value }, name));
    return h("select", { class: "in", "aria-label": t("charts.phase"), change: (event) => {
      this.#filter.phase = event.target.value;
      this.redo();
    } }, options);
  }

  // Few workers are toggles; many are a list to choose one from.
  #pickers() {
    const ids = [...this.state.progress.workers.map((worker) => worker.worker_id), 0];
    fill(this.picks, ids, () => (ids.length > BADGES_MAX + 1 ? this.#workerList(ids) : this.#badges(ids)));
  }

  #badges(ids) {
    return h("span", { class: "pick", role: "group", "aria-label": t("feed.workers") }, ids.map((id) =>
      h("button", { type: "button", "aria-pressed": String(!this.#filter.off.has(id)), "aria-label": id === 0 ? t("worker.system") : t("worker.title", { n: id }),
        click: (event) => {
          const on = this.#filter.off.delete(id);
          if (!on) this.#filter.off.add(id);
          event.currentTarget.setAttribute("aria-pressed", String(on));
          this.redo();
        } }, badge(id))));
  }

  #workerList(ids) {
    const options = ids.map((id) => h("option", { value: id }, id === 0 ? t("worker.system") : t("worker.title", { n: id })));
    return h("select", { class: "in", "aria-label": t("lanes.of"), change: (event) => {
      const { value } = event.target;
      this.#filter.off = new Set(value === "" ? [] : ids.filter((id) => String(id) !== value));
      this.redo();
    } }, h("option", { value: "" }, t("feed.every")), options);
  }
}

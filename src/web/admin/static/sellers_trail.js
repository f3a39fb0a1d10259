// What this tab has changed, entry by entry of the history, so that it can be taken back and done again; and the note that
// says so at the foot of the page.

import { send } from "./api.js";
import { wordsOf } from "./deed.js";
import { h } from "./dom.js";
import { refused } from "./door.js";
import { on } from "./keys.js";
import { t } from "./words.js";

/** One person's in one organisation: what somebody else has done in this tab is not theirs to take back. */
const key = () => `gleaner-trail-${document.body.dataset.org}-${document.body.dataset.who}`;
const KEPT_MAX = 100;
const SHOWN_SECONDS = 7;

export class Trail {
  #left = 0;
  #isBusy = false;

  /** @param changed what to do when the registry is another one */
  constructor(dock, changed) {
    this.changed = changed;
    this.node = h("div", { class: "toast", hidden: true });
    dock.prepend(this.node);
    this.said = h("div", { class: "sr", role: "status" });
    dock.append(this.said);
    on("Ctrl+z", "sellers.keys.undo", () => void this.undo());
    on("Ctrl+Shift+z", "sellers.keys.redo", () => void this.redo());
    this.node.addEventListener("mouseenter", () => (this.isHeld = true));
    this.node.addEventListener("mouseleave", () => (this.isHeld = false));
  }

  /** Remembers an entry; `word` says what it did. Nothing is remembered of what made none. */
  did(entry, word, n) {
    if (!entry) return;
    this.#write({ done: [...this.#read().done, { entry, word, n }].slice(-KEPT_MAX), undone: [] });
    this.tell(t(`sellers.trail.${word}`, { n }), t("sellers.trail.undo"), () => this.undo());
  }

  undo() {
    return this.#back("done", "undone", "sellers.trail.undone", "sellers.trail.nothing", "redo");
  }

  redo() {
    return this.#back("undone", "done", "sellers.trail.redone", "sellers.trail.no_more", "undo");
  }

  /** Says something for some seconds, with one thing that can be done about it. */
  tell(text, offer, act) {
    clearInterval(this.ticker);
    this.#left = SHOWN_SECONDS;
    const left = h("span", { "aria-hidden": "true" }, t("sellers.trail.left", { n: this.#left }));
    const button = offer && h("button", { class: "btn", type: "button", click: () => {
      this.hide();
      void act();
    } }, offer);
    this.node.replaceChildren(h("span", { class: "cut" }, text), ...(button ? [button] : []), left);
    this.node.hidden = false;
    this.said.textContent = text;
    this.ticker = setInterval(() => {
      if (this.isHeld || this.node.contains(document.activeElement)) return;
      this.#left -= 1;
      left.textContent = t("sellers.trail.left", { n: this.#left });
      if (this.#left <= 0) this.hide();
    }, 1_000);
  }

  hide() {
    clearInterval(this.ticker);
    this.node.hidden = true;
    this.isHeld = false;
  }

  // Taking back and doing again are the same: the newest entry of one pile is undone, which is an entry of the other.
  async #back(from, to, word, nothing, other) {
    if (this.#isBusy) return undefined;
    const trail = this.#read();
    const last = trail[from].at(-1);
    if (!last) {
      this.tell(t(nothing));
      return undefined;
    }
    this.#isBusy = true;
    try {
      const { entry_id: entry, affected_count: n, seller_count_snapshot: whole } = await send(`/history/${last.entry}/undo`);
      this.#write({ ...trail, [from]: trail[from].slice(0, -1), [to]: entry ? [...trail[to], { ...last, entry }] : trail[to] });
      this.tell(t(word, { n }), t(`sellers.trail.${other}`), () => this[other]());
      this.changed(whole);
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      if (problem.status === 401) return void refused(problem);
      // What others have changed since stays in the way: the one before it can be taken back all the same.
      if (problem.status === 409 || problem.status === 404) this.#write({ ...trail, [from]: trail[from].slice(0, -1) });
      this.tell(t("sellers.trail.refused", { why: wordsOf(problem) }), problem.status === 409 || problem.status === 404 ? null : t("sellers.again"),
        () => this.#back(from, to, word, nothing, other));
    } finally {
      this.#isBusy = false;
    }
    return undefined;
  }

  #read() {
    try {
      return { done: [], undone: [], ...JSON.parse(sessionStorage.getItem(key()) ?? "{}") };
    } catch {
      return this.kept ?? { done: [], undone: [] };
    }
  }

  #write(trail) {
    this.kept = trail;
    try {
      sessionStorage.setItem(key(), JSON.stringify(trail));
    } catch {
      // Storage is switched off: it is remembered until the page is left.
    }
  }
}

// The timeline of the history: days of the browser's own time zone, older entries as one scrolls, newer ones as they come,
// and two that are ticked to be compared.

import { read } from "./api.js";
import { h, say } from "./dom.js";
import { WRITE } from "./local.js";
import { page } from "./parts.js";
import { t } from "./words.js";

/** Entries that the page holds at most; beyond that the link leads to a page of its own. */
const ENTRIES_MAX = 400;
const ASKED_MS = 10_000;
const PLACE_PAUSE_MS = 200;
const DAY_MS = 86_400_000;

const day = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });
const longAgo = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const named = (date) => {
  const midnight = new Date().setHours(0, 0, 0, 0);
  if (date >= midnight) return t("history.today");
  return date >= midnight - DAY_MS ? t("history.yesterday") : null;
};

export class Timeline {
  /**
   * @param list the section that holds it
   * @param signal ends it
   * @param failed tells a problem, and what tries again
   */
  constructor(list, signal, failed) {
    this.list = list;
    this.signal = signal;
    this.failed = failed;
    this.#group();
    this.#follow();
    list.addEventListener("change", (event) => this.#tick(event.target), { signal });
    this.#ticked();
    void this.#return().then(() => this.#watch());
  }

  /** Marks the entry that is open; none where the id is null. */
  mark(id) {
    for (const row of this.#rows()) {
      if (row.dataset.key === id) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
  }

  /** Leads the focus one entry on. */
  step(by) {
    const rows = this.#rows();
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const from = at < 0 ? rows.findIndex((row) => row.hasAttribute("aria-current")) : at;
    rows[Math.min(Math.max(from + by, 0), rows.length - 1)]?.querySelector("a.thing").focus();
  }

  #rows() {
    return [...this.list.querySelectorAll(".he")];
  }

  /** Puts each entry under its day; rows stay the elements that they are. */
  #group() {
    const rows = this.#rows();
    if (rows.length === 0) return;
    const days = Map.groupBy(rows, (row) => new Date(row.querySelector("time").dateTime).setHours(0, 0, 0, 0));
    const whole = this.list.querySelector("#older") === null;
    const last = [...days.keys()].at(-1);
    const parts = [...days].flatMap(([start, entries]) => {
      const name = named(start);
      const net = start === last && !whole ? "" : this.#net(entries);
      const date = (new Date(start).getFullYear() === new Date().getFullYear() ? day : longAgo).format(start);
      return [h("h2", { class: "day" }, name ?? date, " ", h("span", { class: "mut" }, [name && date, net].filter(Boolean).join(", "))),
        h("ol", null, entries)];
    });
    for (const node of this.list.querySelectorAll(":scope > .day, :scope > ol")) node.remove();
    this.list.prepend(...parts);
  }

  /** How many entries a day has, and by how many the sellers became more. */
  #net(entries) {
    const by = entries.reduce((sum, row) => sum + Number(row.querySelector(".delta data")?.value ?? 0), 0);
    const count = t("history.count", { n: entries.length, count: WRITE.figure(entries.length) });
    return by === 0 ? count : `${count}, ${by > 0 ? "+" : ""}${WRITE.figure(by)}`;
  }

  // The place outlives a reload and the way back: what was loaded by scrolling is loaded again, up to where one was.
  async #return() {
    const { rows = 0, y = 0 } = history.state ?? {};
    while (this.#rows().length < rows && !this.signal.aborted) {
      const before = this.#rows().length;
      await this.#older();
      if (this.#rows().length === before) break;
    }
    if (y > 0 && rows > 0) scrollTo({ top: y, behavior: "instant" });
    addEventListener("scroll", () => {
      clearTimeout(this.keeping);
      this.keeping = setTimeout(() => this.#keep(), PLACE_PAUSE_MS);
    }, { signal: this.signal, passive: true });
  }

  #keep() {
    if (!this.signal.aborted) history.replaceState({ ...history.state, rows: this.#rows().length, y: scrollY }, "");
  }

  #watch() {
    if (this.signal.aborted) return;
    const seen = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && void this.#older(), { rootMargin: "600px" });
    this.seen = seen;
    const link = this.list.querySelector("#older");
    if (link && this.#rows().length < ENTRIES_MAX) seen.observe(link);
    this.signal.addEventListener("abort", () => seen.disconnect());
  }

  async #older() {
    const link = this.list.querySelector("#older");
    if (!link || this.busy) return;
    this.busy = true;
    this.seen?.disconnect();
    try {
      const { main } = await page(link.href, this.signal);
      this.failed(null);
      const rows = [...main.querySelectorAll(".list .he")].map((row) => document.adoptNode(row));
      const known = new Set(this.#rows().map((row) => row.dataset.key));
      this.list.querySelector("ol:last-of-type").append(...rows.filter((row) => !known.has(row.dataset.key)));
      const more = main.querySelector("#older");
      if (more) link.href = more.href;
      else link.replaceWith(t("history.end"));
      this.#group();
      if (more && this.#rows().length < ENTRIES_MAX) this.seen?.observe(link);
    } catch (problem) {
      if (!this.signal.aborted) this.failed(problem, () => void this.#older());
    } finally {
      this.busy = false;
    }
  }

  /** Counts what was made since, without moving what one reads. */
  #follow() {
    const asked = new URLSearchParams(location.search);
    if (asked.has("cursor")) return;
    const query = new URLSearchParams({ limit: "50" });
    for (const name of ["kind", "from", "to"]) if (asked.get(name)) query.set(name, asked.get(name));
    const button = document.getElementById("fresh");
    const look = async () => {
      if (document.hidden) return;
      const { items } = await read(`/history?${query}`).catch(() => ({ items: [] }));
      const newest = this.#rows()[0]?.dataset.key;
      const at = items.findIndex(({ id }) => id === newest);
      const count = at < 0 ? items.length : at;
      button.hidden = count === 0;
      if (count > 0) say(button, t("history.fresh", { n: count }));
    };
    const timer = setInterval(() => void look(), ASKED_MS);
    addEventListener("focus", () => void look(), { signal: this.signal });
    this.signal.addEventListener("abort", () => clearInterval(timer));
  }

  /** The third that is ticked takes the place of the first. */
  #tick(box) {
    if (box.name !== "entry") return;
    this.ticks = [...(this.ticks ?? []).filter((other) => other !== box && other.checked), ...(box.checked ? [box] : [])];
    while (this.ticks.length > 2) this.ticks.shift().checked = false;
    this.#ticked();
  }

  #ticked() {
    const form = document.getElementById("compare");
    form.querySelector("[type=submit]").disabled = this.list.querySelectorAll("input[name=entry]:checked").length !== 2;
  }
}

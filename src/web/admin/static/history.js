// The history: an entry opens beside the timeline, which stays where it is; what was done can be taken back there.

import { undo } from "./api.js";
import { refresh } from "./alive.js";
import { h, icon } from "./dom.js";
import { refused } from "./door.js";
import * as keys from "./keys.js";
import { page, renew, told, trouble } from "./parts.js";
import { Timeline } from "./timeline.js";
import { t } from "./words.js";

let life = null;

/** Makes the page live. Enlivened anew, it lets go of what it was. */
export function enliven(main) {
  life?.abort();
  life = new AbortController();
  const { signal } = life;
  const view = new HistoryView(main, signal);
  main.addEventListener("click", (event) => view.click(event), { signal });
  addEventListener("popstate", () => void view.show(location.href), { signal });
  keys.on("j", "history.keys.next", () => view.timeline.step(1));
  keys.on("k", "history.keys.before", () => view.timeline.step(-1));
  keys.on("Ctrl+z", "history.keys.undo", () => main.querySelector("#undo:not([data-again])")?.click());
  keys.on("Ctrl+Shift+z", "history.keys.redo", () => main.querySelector("#undo[data-again]")?.click());
}

class HistoryView {
  #asked = 0;

  constructor(main, signal) {
    this.main = main;
    this.signal = signal;
    this.place = main.querySelector("#trouble");
    this.timeline = new Timeline(main.querySelector(".list"), signal, (problem, again) => trouble(this.place, problem, again));
  }

  /** Links of the page lead to what they name, in place; with a key held they are links. */
  click(event) {
    if (event.target.closest("#undo")) return void this.#undo(event.target.closest("#undo"));
    if (event.target.closest("#fresh")) return void this.#freshen();
    const link = event.target.closest(".list a.thing, .open a[data-part], .open .back");
    if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return undefined;
    event.preventDefault();
    const address = this.#here(link);
    history.pushState(history.state, "", address);
    return void this.show(address, link.matches(".thing") ? "#h-entry" : null);
  }

  /** Shows what this address opens; the last one that was asked for wins. */
  async show(address, focus = null) {
    const mine = ++this.#asked;
    const shown = this.main.querySelector(".split > :last-child");
    shown.setAttribute("aria-busy", "true");
    try {
      const { title, main } = await page(address, this.signal);
      if (mine !== this.#asked) return;
      document.title = title;
      const fresh = main.querySelector(".split > :last-child");
      const id = fresh.dataset.entry ?? null;
      renew(shown, fresh);
      this.timeline.mark(id);
      trouble(this.place, null);
      if (focus) this.main.querySelector(focus)?.focus({ preventScroll: true });
    } catch (problem) {
      if (mine === this.#asked && !this.signal.aborted) trouble(this.place, problem, () => void this.show(address, focus));
    } finally {
      shown.removeAttribute("aria-busy");
    }
  }

  /** Where a link leads, with the timeline beginning where it begins here: what came by scrolling is part of it. */
  #here(link) {
    const address = new URL(link.href);
    const cursor = new URLSearchParams(location.search).get("cursor");
    if (cursor) address.searchParams.set("cursor", cursor);
    else address.searchParams.delete("cursor");
    return address.href;
  }

  /** Begins anew with the newest entries. */
  #freshen() {
    history.replaceState(null, "");
    return refresh(location.href, { done: false });
  }

  /** Takes the open entry back; the entry that this makes is open then. */
  async #undo(button) {
    button.disabled = true;
    const says = this.main.querySelector("#undo-says");
    says.replaceChildren();
    try {
      const { entry_id: id } = await undo(button.closest("[data-entry]").dataset.entry);
      if (id === null) return void says.replaceChildren(h("p", { class: "mut" }, t("history.undoing.nothing")));
      const address = new URL(`/admin/history/${id}${location.search}`, location.href);
      address.searchParams.delete("show");
      address.searchParams.delete("at");
      history.pushState(null, "", address.href);
      await refresh(address.href);
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      if (!refused(problem)) says.replaceChildren(...this.#why(problem, button));
    } finally {
      button.disabled = false;
    }
    return undefined;
  }

  /** Why nothing was taken back, and what to do. */
  #why(problem, button) {
    const { status, body } = problem;
    const conflicts = body?.conflicts ?? [];
    if (status !== 409 || conflicts.length === 0) {
      return [h("p", { class: "notice" }, icon("alert"), h("span", { class: "grow" }, told(problem)),
        status !== 409 && h("button", { class: "btn", type: "button", click: () => button.click() }, t("problem.again")))];
    }
    const shown = conflicts.slice(0, 8);
    const rest = body.conflicts_total - shown.length;
    return [h("div", { class: "notice wrap conflicts" },
      h("p", null, icon("alert"), h("b", null, t("history.undoing.refused")), " ", t("history.undoing.conflicts", { n: body.conflicts_total })),
      h("ul", null, shown.map(({ seller_id: id, name, reason }) => h("li", null,
        h("a", { class: "link", href: `/admin/sellers/${id}`, dir: "auto" }, name), ": ", reason)), rest > 0 && h("li", null, t("history.undoing.more", { n: rest }))),
      h("p", null, t("history.undoing.on")))];
  }
}

// The question of the list: what is searched for as one types, and what narrows it. The address says the same, so that a
// reload, the back button and a link show the same list.

import { refresh } from "./alive.js";

const PAUSE_MS = 180;
const PLACES = ["cursor", "skip", "limit"];

export class Filters {
  /** @param searched what to do with another question that only searches for another text */
  constructor(form, searched, signal) {
    this.form = form;
    this.searched = searched;
    this.field = form.querySelector("#q");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#go(this.#read());
    }, { signal });
    this.field.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.#search(), PAUSE_MS);
    }, { signal });
    form.addEventListener("change", (event) => {
      if (event.target.matches("select, input[type=date]")) this.#go(this.#read());
    }, { signal });
    for (const link of document.querySelectorAll("#filters a:not([data-plain]), #sellers thead a")) {
      link.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        this.#follow(link);
      }, { signal });
    }
    form.addEventListener("toggle", (event) => event.target.open && event.target.querySelector(".in")?.focus(), { capture: true, signal });
    form.addEventListener("keydown", (event) => {
      const open = event.key === "Escape" && event.target.closest("details[open]");
      if (!open) return;
      open.open = false;
      open.querySelector("summary").focus();
    }, { signal });
    document.addEventListener("pointerdown", (event) => {
      for (const open of form.querySelectorAll("details[open]")) if (!open.contains(event.target)) open.open = false;
    }, { signal });
    addEventListener("popstate", () => void refresh(location.href, { done: false }), { signal });
  }

  /** The question as the API takes it. */
  get query() {
    return this.#read().toString();
  }

  /** Whether not all are asked for. */
  get isFiltered() {
    return [...this.#read().keys()].some((name) => !["sort", "order"].includes(name));
  }

  #read() {
    const asked = new URLSearchParams(new FormData(this.form));
    for (const [name, value] of [...asked]) if (!value.trim()) asked.delete(name);
    return asked;
  }

  #search() {
    const asked = this.#read();
    history.replaceState(null, "", address(asked));
    this.searched(asked.toString());
  }

  // A link was written before one went on typing: but for the search itself, it leaves what is searched for.
  #follow(link) {
    const asked = new URLSearchParams(new URL(link.href).search);
    const text = this.field.value.trim();
    if (link.id !== "clear" && text) asked.set("q", text);
    this.#go(asked);
  }

  #go(asked) {
    clearTimeout(this.timer);
    PLACES.forEach((name) => asked.delete(name));
    history.pushState(null, "", address(asked));
    void refresh(location.href, { done: false });
  }
}

const address = (asked) => `/admin/sellers${asked.size > 0 ? `?${asked}` : ""}`;

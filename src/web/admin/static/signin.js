// What a visitor without a session sees: how to get one.

import { h } from "./dom.js";

export class SignInView {
  /**
   * @param again what to do to look whether the session is there now
   * @param refused whether the visitor came by a link that opens nothing
   */
  constructor(again, refused) {
    this.again = again;
    this.node = h("main", { class: "page signin", id: "main" }, h("section", { class: "panel" }, h("div", { class: "empty" },
      h("h1", null, refused ? "This link opens nothing" : "Sign in"),
      refused
        ? h("p", null, "It was used before, or it is older than a day. For a new one start the server again: ", h("code", null, "gleaner serve"),
          " prints one at each start. Open that link in this browser.")
        : h("p", null, "This browser has no session yet. ", h("code", null, "gleaner serve"),
          " prints a one-time link when it starts; open that link in this browser."),
      h("p", { class: "mut" }, "The link works once and sets a cookie that no script can read. Nothing secret stays in the address."),
      h("p", { class: "note" }, h("button", { class: "btn", type: "button", click: again }, "Look again")))));
    this.back = () => document.hidden || again();
  }

  open() {
    document.title = "Sign in · Gleaner";
    addEventListener("visibilitychange", this.back);
  }

  close() {
    removeEventListener("visibilitychange", this.back);
  }
}

/** A page that says that something is not there, and where to go. */
export class MissingView {
  constructor(title, text) {
    this.title = title;
    this.node = h("main", { class: "page signin", id: "main" }, h("section", { class: "panel" }, h("div", { class: "empty" },
      h("h1", null, title), h("p", null, text),
      h("p", { class: "note" }, h("a", { class: "btn", href: "/", "data-go": true }, "All runs")))));
  }

  open() {
    document.title = `${this.title} · Gleaner`;
  }

  close() {}
}

// The command palette: one field that leads to pages, runs and sellers by a part of their name.

import { read } from "./api.js";
import { h, icon, keyed, mark } from "./dom.js";
import { refused } from "./door.js";
import { told } from "./parts.js";
import { t } from "./words.js";

const PAUSE_MS = 150;
const FOUND_MAX = 6;

/** Who may not see the registry finds pages and runs. */
const seesSellers = () => document.querySelector('.nav a[href="/admin/sellers"]') !== null;

/** Opens it, once. */
export function open() {
  if (!document.querySelector("dialog.palette")) new Palette();
}

class Palette {
  #items = [];
  #at = 0;
  #asked = 0;

  constructor() {
    this.field = h("input", { class: "in", type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": "palette-list",
      "aria-autocomplete": "list", "aria-label": t("palette.field"), placeholder: t("palette.field"), autocomplete: "off",
      input: () => this.#soon(), keydown: (event) => this.#key(event) });
    this.list = h("ul", { id: "palette-list", role: "listbox", "aria-label": t("palette.results") });
    this.said = h("p", { class: "mut empty-line", role: "status" });
    this.dialog = h("dialog", { class: "dlg ask palette", "aria-label": t("palette.title") },
      h("div", { class: "find" }, icon("find", "i"), this.field), this.list, this.said);
    this.dialog.addEventListener("close", () => this.dialog.remove());
    document.body.append(this.dialog);
    this.dialog.showModal();
    void this.#search();
  }

  #soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.#search(), PAUSE_MS);
  }

  /** Pages at once; runs and sellers when they are found. The last question wins. */
  async #search() {
    const text = this.field.value.trim().toLowerCase();
    const mine = ++this.#asked;
    const pages = [...document.querySelectorAll(".nav a")]
      .map((link) => ({ key: link.href, href: link.href, name: link.textContent, kind: t("palette.page") }))
      .filter(({ name }) => name.toLowerCase().includes(text));
    this.#show(pages);
    const found = await Promise.all([this.#runs(text), text && seesSellers() ? this.#sellers(text) : []]).catch((problem) => ({ problem }));
    if (mine !== this.#asked) return;
    if (found.problem) this.#failed(found.problem);
    else this.#show([...pages, ...found.flat()]);
  }

  async #runs(text) {
    const { items } = await read("/collection/runs?limit=100");
    return items.filter(({ name, number }) => `${name} #${number}`.toLowerCase().includes(text)).slice(0, FOUND_MAX)
      .map(({ id, name, number }) => ({ key: id, href: `/admin/runs/${id}`, name: `${name} #${number}`, kind: t("palette.run") }));
  }

  async #sellers(text) {
    const { items } = await read(`/sellers?limit=${FOUND_MAX}&q=${encodeURIComponent(text)}`);
    return items.map(({ id, display_name: name }) => ({ key: id, href: `/admin/sellers/${id}`, name, kind: t("palette.seller") }));
  }

  #show(items) {
    this.#items = items;
    this.#at = Math.min(this.#at, Math.max(items.length - 1, 0));
    keyed(this.list, items, ({ key }) => key,
      ({ key, href, name, kind }) => h("li", { role: "option", id: `palette-${encodeURIComponent(key)}`, click: () => location.assign(href) },
        h("span", { class: "cut grow", dir: "auto", title: name }, name), h("span", { class: "mut" }, kind)),
      (node, item) => mark(node, "aria-selected", String(item === this.#items[this.#at])));
    this.said.textContent = items.length === 0 ? t("palette.none") : "";
    this.#point();
  }

  // That nothing was found is another thing than that nothing could be asked.
  #failed(problem) {
    if (problem.status === undefined) throw problem;
    if (problem.status !== 401 || !refused(problem)) this.said.textContent = told(problem);
  }

  #point() {
    [...this.list.children].forEach((node, at) => mark(node, "aria-selected", String(at === this.#at)));
    const node = this.list.children[this.#at];
    mark(this.field, "aria-activedescendant", node?.id ?? null);
    node?.scrollIntoView({ block: "nearest" });
  }

  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.#items.length > 0) {
      this.#at = (this.#at + step + this.#items.length) % this.#items.length;
      this.#point();
      event.preventDefault();
    } else if (event.key === "Enter" && this.#items[this.#at]) {
      location.assign(this.#items[this.#at].href);
      event.preventDefault();
    }
  }
}

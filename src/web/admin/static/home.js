// Collect: the runs asked again every two seconds, the curve and the history when something ended and every half minute,
// and the dialog that starts a run, which the address opens.

import * as api from "./api.js";
import { confirmCancel } from "./confirm.js";
import { tell } from "./deed.js";
import { keyed, mark, say } from "./dom.js";
import { refused, unstarted } from "./door.js";
import { page, renew, trouble } from "./parts.js";
import { isFinal, make, update } from "./run_row.js";
import { StartDialog } from "./start.js";
import { t } from "./words.js";

const EVERY_MS = 2_000;
const NEWS_EVERY_MS = 30_000;

/** Makes the page live, and opens the dialog that starts a run where the address asks for it. */
export async function enliven(main) {
  const view = new HomeView(main);
  main.addEventListener("click", (event) => view.click(event));
  addEventListener("popstate", () => view.look());
  setInterval(() => void view.refresh(), EVERY_MS);
  setInterval(() => void view.news(), NEWS_EVERY_MS);
  await view.refresh();
  view.look();
}

/** Goes to a run that was just made; its page says why it would not start. */
function follow(id, problem) {
  if (problem) sessionStorage.setItem(unstarted(id), problem.message);
  location.assign(`/admin/runs/${encodeURIComponent(id)}`);
}

class HomeView {
  constructor(main) {
    this.main = main;
    this.may = "may" in main.dataset;
    this.cursor = main.dataset.cursor ?? null;
    this.rows = [];
    this.sent = new Set();
    this.conn = main.querySelector("#conn");
    this.trouble = main.querySelector("#trouble");
    this.lists = [main.querySelector("#live ul"), main.querySelector("#ended ul")];
  }

  /** Opens or closes the dialog, as the address says. */
  look() {
    const wanted = this.may && new URLSearchParams(location.search).has("collect");
    if (!wanted) this.dialog?.close();
    else if (!this.dialog?.isOpen) {
      const dialog = new StartDialog(follow, () => {
        // A browser says later that one was closed; until then another may be open.
        if (this.dialog !== dialog) return;
        this.dialog = null;
        if (new URLSearchParams(location.search).has("collect")) history.replaceState(null, "", "/admin");
      }, refused);
      this.dialog = dialog;
      void dialog.open();
    }
  }

  click(event) {
    const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    const button = event.target.closest("[data-command]");
    const span = event.target.closest("#total .seg a");
    if (button?.dataset.command === "collect" && plain) {
      event.preventDefault();
      history.pushState(null, "", button.href);
      this.look();
    } else if (button && button.dataset.command !== "collect") {
      void this.#command(button.closest(".lr").dataset.key, button.dataset.command);
    } else if (span && plain) {
      event.preventDefault();
      history.replaceState(null, "", span.href);
      void this.news();
    } else if (event.target.closest("#earlier")) {
      void this.#earlier();
    }
  }

  /** Asks how the runs stand. */
  async refresh() {
    if (this.busy || (document.hidden && this.rows.length > 0)) return;
    this.busy = true;
    try {
      const { items } = await api.runs();
      const lived = this.rows.filter((row) => !isFinal(row)).length;
      this.#merge(items);
      this.#connected(true);
      this.#render();
      if (this.rows.filter((row) => !isFinal(row)).length < lived) void this.news();
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      if (!refused(problem)) this.#connected(false);
    } finally {
      this.busy = false;
    }
  }

  /** Has the server write the curve and the newest entries anew. */
  async news() {
    if (document.hidden) return;
    try {
      const asked = new URL(location.href);
      asked.searchParams.delete("collect");
      const { main } = await page(asked.href);
      for (const id of ["total", "last"]) renew(document.getElementById(id), main.querySelector(`#${id}`));
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      this.#connected(false);
    }
  }

  async #earlier() {
    try {
      const { items, next_cursor: cursor } = await api.runs(this.cursor);
      this.cursor = cursor;
      this.#merge(items);
      this.#render();
      trouble(this.trouble, null);
    } catch (problem) {
      if (!refused(problem)) trouble(this.trouble, problem, () => void this.#earlier());
    }
  }

  #merge(items) {
    const rows = new Map(this.rows.map((row) => [row.id, row]));
    for (const row of items) rows.set(row.id, row);
    this.rows = [...rows.values()].sort((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at));
  }

  #connected(yes) {
    mark(this.conn, "data-conn", yes ? "live" : "reconnecting");
    say(this.conn, t(yes ? "collect.conn.live" : "collect.conn.away"));
  }

  #render() {
    const [live, ended] = [this.rows.filter((row) => !isFinal(row)), this.rows.filter(isFinal)];
    [live, ended].forEach((rows, at) => keyed(this.lists[at], rows, (row) => row.id, make, (node, row) => update(node, row, this.may)));
    this.lists[0].hidden = live.length === 0;
    this.main.querySelector("#quiet").hidden = live.length > 0;
    this.main.querySelector("#ended").hidden = ended.length === 0;
    this.main.querySelector("#earlier").hidden = !this.cursor;
    say(this.main.querySelector("#live-count"), live.length > 0 ? t("run.count", { n: live.length }) : "");
    document.title = `${live.length > 0 ? t("collect.under_way", { n: live.length }) : t("collect.title")} · Gleaner`;
  }

  /** Gives a run this command, once; what became of it is told in its row. */
  async #command(id, word) {
    const row = this.rows.find((one) => one.id === id);
    if (!row || this.sent.has(id) || (word === "cancel" && !(await confirmCancel(row.name, row.state === "running")))) return;
    const place = this.main.querySelector(`.lr[data-key="${id}"] .act`);
    this.sent.add(id);
    tell(place, null);
    try {
      await api.command(id, word);
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      if (problem.status === 401) refused(problem);
      tell(place, problem, () => void this.#command(id, word));
    } finally {
      this.sent.delete(id);
    }
    await this.refresh();
  }
}

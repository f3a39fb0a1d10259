// Beside the workers: what became of what they found (the pipeline), and the errors by kind.

import { fill, h, icon } from "./dom.js";
import { ago, figure, percent } from "./format.js";
import { t } from "./words.js";

const STAGES = [
  ["products", "row"],
  ["kept", "up"],
  ["duplicates", "merge"],
  ["inserted", "plus"],
  ["updated", "row"],
];

export class Rail {
  /** @param between sections between the pipeline and the errors */
  constructor(state, between = []) {
    this.state = state;
    this.pipeline = h("tbody");
    this.stages = h("span", { class: "mut" });
    this.errors = h("div");
    this.kinds = h("span", { class: "mut" });
    this.node = h("aside", { class: "rail", "aria-label": t("run_head.figures") },
      h("section", { "aria-labelledby": "h-pipe" },
        h("div", { class: "sec" }, h("h2", { id: "h-pipe" }, t("rail.pipeline")), this.stages),
        h("table", { class: "tbl tbl-s bare pipe" },
          h("thead", null, h("tr", null, h("th", { scope: "col" }, t("rail.stage")), ...["rows", "minute", "latest"].map((name) =>
            h("th", { scope: "col", class: "r" }, t(`rail.${name}`))))),
          this.pipeline)),
      between, h("section", { "aria-labelledby": "h-err" },
        h("div", { class: "sec" }, h("h2", { id: "h-err" }, t("rail.errors")), this.kinds), this.errors));
  }

  /** All of it changes with the time. */
  tick() {
    const { stages, progress, countedFrom } = this.state;
    const rows = STAGES.map(([name, glyph]) => {
      const stage = stages[name];
      return [t(`rail.stages.${name}`), glyph, this.#total(name), stage.lastMinute(), stage.latest === null ? "" : ago(stage.latest), name];
    });
    const part = countedFrom > 1 ? t("rail.from", { count: figure(countedFrom) }) : "";
    fill(this.stages, part, () => [part]);
    fill(this.pipeline, rows, () => rows.map(([title, glyph, total, minute, latest, name]) => h("tr", null,
      h("th", { scope: "row" }, h("span", { class: "row" }, icon(glyph), title)),
      h("td", { class: "r" }, h("span", { class: name === "inserted" && total > 0 ? "new" : null }, figure(total))),
      h("td", { class: "r mut" }, figure(minute)), h("td", { class: "r mut" }, latest))));
    this.#tellErrors(progress.counters.requests_made, part);
  }

  // What the run's own counters know is exact even where only the newest events were counted.
  #total(name) {
    const { stages, progress: { counters } } = this.state;
    if (name === "products") return counters.products_fetched;
    if (name === "inserted") return counters.sellers_new;
    if (name === "updated") return counters.sellers_found - counters.sellers_new;
    return stages[name].total;
  }

  #tellErrors(requests, part) {
    const errors = [...this.state.errors.values()].sort((a, b) => b.count - a.count);
    const all = errors.reduce((sum, error) => sum + error.count, 0);
    const share = requests > 0 ? percent((all * 100) / requests) : "";
    const head = all === 0 ? t("rail.none") : part || t("rail.share", { n: requests, all: figure(all), count: figure(requests), share: share || figure(0) });
    fill(this.kinds, head, () => [head]);
    const rows = errors.map((error) => [error.type, error.stage, error.count, ago(error.latest)]);
    fill(this.errors, rows, () => (rows.length === 0 ? [] : [h("table", { class: "tbl tbl-s bare" },
      h("thead", null, h("tr", null, h("th", { scope: "col" }, t("halt.kind")), h("th", { scope: "col" }, t("rail.stage")),
        h("th", { scope: "col", class: "r" }, t("rail.count")), h("th", { scope: "col", class: "r" }, t("rail.latest")))),
      h("tbody", null, rows.map(([type, stage, number, latest]) => h("tr", null,
        h("th", { scope: "row", class: "mono" }, type), h("td", null, stage),
        h("td", { class: "r" }, figure(number)), h("td", { class: "r mut" }, latest)))))]));
  }
}

// Below the figures of a run: its sellers as files, its id, and the settings it obeys.

import { sellersFile } from "./api.js";
import { h, icon } from "./dom.js";
import { describe } from "./fields.js";

const FORMATS = [["csv", "CSV"], ["ndjson", "NDJSON"]];

export class About {
  constructor(state) {
    this.state = state;
    const { row } = state;
    const links = FORMATS.map(([format, text]) => h("a", { class: "link", href: sellersFile(row.id, format), download: true }, text));
    this.files = h("span", { class: "files", hidden: true }, "Sellers: ", links[0], ", ", links[1]);
    this.node = h("div", { class: "about" }, this.files,
      h("span", { class: "id" }, "Run ", h("code", null, row.id)),
      h("details", null,
        h("summary", null, icon("chev"), "Settings"),
        h("dl", { class: "settings" }, describe(row.settings ?? {}).map(([name, value]) =>
          h("div", null, h("dt", null, name), h("dd", null, value))))));
  }

  /** There is a file as soon as there is a seller. */
  render() {
    this.files.hidden = this.state.progress.counters.sellers_found === 0;
  }
}

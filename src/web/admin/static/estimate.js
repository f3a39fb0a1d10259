// What the run would take, as one chooses: asked a moment after the last change; the last answer wins.

import * as api from "./api.js";
import { fill, h, icon } from "./dom.js";
import { figure, price, roughly } from "./format.js";
import { told } from "./parts.js";
import { t } from "./words.js";

const PAUSE_MS = 350;

export class EstimateBox {
  #asked = 0;

  constructor() {
    this.body = h("div", null, h("p", { class: "mut" }, t("start.estimate.choose")));
    this.asking = h("span", { class: "mut", hidden: true }, t("start.estimate.asking"));
    this.node = h("section", { class: "estimate", "aria-labelledby": "h-estimate", "aria-live": "polite" },
      h("div", { class: "row" }, h("h3", { id: "h-estimate" }, t("start.estimate.title")), this.asking), this.body);
  }

  /**
   * Asks what this run would take.
   * @param body the run as it would be sent; null where a field of it is wrong
   * @param given the workers and the budget that it would have
   */
  ask(body, given) {
    const mine = ++this.#asked;
    clearTimeout(this.timer);
    if (!body) return this.#tell("start.estimate.mend");
    if (body.category_ids.length === 0) return this.#tell("start.estimate.choose");
    this.#busy(true);
    this.timer = setTimeout(() => void this.#get(mine, body, given), PAUSE_MS);
    return undefined;
  }

  async #get(mine, body, given) {
    try {
      const estimate = await api.estimate(body);
      if (mine === this.#asked) this.#show(estimate, given);
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      if (mine === this.#asked) {
        fill(this.body, [mine, told(problem)], () => [h("p", { class: "bad row" }, icon("alert"), h("span", { class: "grow" }, told(problem)),
          h("button", { class: "btn", type: "button", click: () => void this.#get(mine, body, given) }, t("problem.again")))]);
      }
    } finally {
      if (mine === this.#asked) this.#busy(false);
    }
  }

  /** The figures stay until the next ones are there, with a word beside them that they are of the choice before. */
  #busy(yes) {
    if (yes) this.node.setAttribute("aria-busy", "true");
    else this.node.removeAttribute("aria-busy");
    this.asking.hidden = !yes;
  }

  #tell(key) {
    this.#busy(false);
    fill(this.body, key, () => [h("p", { class: "mut" }, t(key))]);
  }

  #show({ products, requests, rendered, duration_ms: ms, cost, basis }, { workers, budget }) {
    const ebay = { min: requests.min - rendered.min, max: requests.max - rendered.max };
    const rows = [
      [t("start.estimate.products"), "", range(products, figure)],
      [t("start.estimate.amazon"), "", range(rendered, figure)],
      [t("start.estimate.ebay"), "", range(ebay, figure)],
      [t("start.estimate.time"), t("start.estimate.workers", { n: workers }), range(ms, roughly)],
      [t("start.estimate.cost"), "", cost ? range(cost, price) : h("span", { class: "mut" }, t("start.estimate.no_price")), "sum"],
    ];
    const origin = basis.finished_runs > 0 ? t("start.estimate.past", { n: basis.finished_runs }) : t("start.estimate.assumed");
    const short = shortfall(requests, budget);
    fill(this.body, [rows.map(([, , value]) => String(value.textContent ?? value)), workers, origin, short], () => [
      h("dl", { class: "est" }, rows.flatMap(([name, note, value, classes]) =>
        [h("dt", { class: classes }, name, " ", h("span", { class: "mut" }, note)), h("dd", { class: classes }, value)])),
      short && h("p", { class: "warned row" }, icon("alert"), short),
      h("p", { class: "mut" }, origin)]);
  }
}

const range = ({ min, max }, write) => {
  const [least, most] = [write(min), write(max)];
  return least === most ? least : t("start.estimate.range", { min: least, max: most });
};

/** What a budget that the run does not fit into means. */
function shortfall({ expected, max }, budget) {
  if (budget === null || budget >= max) return null;
  if (budget >= expected) return t("start.estimate.may_be_short", { budget: figure(budget) });
  return t("start.estimate.short", { budget: figure(budget), percent: figure(Math.floor((budget * 100) / Math.max(expected, 1))) });
}

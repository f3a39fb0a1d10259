// A row of the list, as the server writes it too, with a box to select it by.

import { h, icon, mark } from "./dom.js";
import { figure, tenth } from "./format.js";
import { time } from "./local.js";
import { t } from "./words.js";

/** An empty row; `update` fills it. */
export const make = () => h("tr", null, h("td"), h("th", { scope: "row" }), ...Array.from({ length: 7 }, () => h("td")));

/** Shows a seller in the row of this place, or that it is on its way. */
export function update(node, index, seller, { isPicked, isCurrent }) {
  mark(node, "aria-rowindex", index + 2);
  mark(node, "aria-selected", String(isPicked));
  node.id = `row-${index}`;
  node.dataset.index = index;
  node.classList.toggle("at", isCurrent);
  if (node.shown !== seller || node.childElementCount === 0) {
    node.shown = seller;
    fill(node, seller);
  }
  const box = node.querySelector("input");
  if (box) box.checked = isPicked;
}

function fill(node, seller) {
  node.setAttribute("aria-busy", String(!seller));
  const [box, name, flag, positive, feedback, seen, last, status, on] = node.children;
  flag.className = "";
  positive.className = feedback.className = seen.className = "r";
  last.className = "mut l";
  status.className = "opt2";
  on.className = "r mut";
  if (!seller) {
    for (const cell of node.children) cell.replaceChildren();
    name.append(h("span", { class: "mut" }, "…"));
    return;
  }
  box.replaceChildren(h("input", { type: "checkbox", tabindex: "-1", "aria-label": t("sellers.pick.one", { name: seller.display_name }) }));
  name.replaceChildren(h("span", { class: "row" },
    h("a", { class: "cut", href: `/admin/sellers/${seller.id}`, dir: "auto", title: seller.display_name, tabindex: "-1" }, seller.display_name),
    seller.note && h("small", { class: "cut mut", dir: "auto", title: seller.note }, seller.note)));
  flag.replaceChildren(...(seller.flagged ? [h("span", { class: "row flagged" }, icon("flag", "i"), t("sellers.flagged"))] : []));
  positive.textContent = seller.feedback_percent === null ? "" : `${tenth(seller.feedback_percent)} %`;
  feedback.replaceChildren(...(seller.feedback_score === null ? [] : [figure(seller.feedback_score), " ",
    h("span", { class: "unit mut" }, t("sellers.ratings", { n: seller.feedback_score }))]));
  seen.textContent = figure(seller.times_seen);
  last.replaceChildren(time(seller.last_seen_at, "ago"));
  status.replaceChildren(h("span", { class: "row" }, h("span", null, t(`sellers.status.${seller.status}`)),
    seller.tags.map((tag) => h("span", { class: "chip cut", dir: "auto", title: tag }, tag))));
  on.replaceChildren(...run(seller.first_seen_run_id), time(seller.first_seen_at, "day"));
}

/** The run that brought it, as the filter names it: it leads to all that this run brought. */
function run(id) {
  const name = id && document.querySelector(`#f-new_in_run option[value="${id}"]`)?.text;
  const number = name && /^#[\d.,]+/.exec(name)?.[0];
  return number ? [h("a", { class: "link", href: `/admin/sellers?new_in_run=${id}`, title: t("sellers.found_by", { run: name }), tabindex: "-1" }, number), " "] : [];
}

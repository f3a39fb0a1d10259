// The bar at the foot of the page: what can be done with the selected sellers. It is there as soon as one is.

import { fill, h, icon } from "./dom.js";
import { figure } from "./format.js";
import { PICKED_MAX } from "./sellers_pick.js";
import { t } from "./words.js";

export class Dock {
  /** @param acts what each button does, by its name; those that are left out are not offered */
  constructor(node, pick, acts, every) {
    Object.assign(this, { pick, acts, every });
    this.bar = h("div", { class: "bulk", role: "toolbar", "aria-label": t("sellers.pick.bar"), hidden: true });
    node.append(this.bar);
  }

  /** Shows how many are selected, and what can be done with them; `total` are there. */
  render(total, isBusy) {
    const { size } = this.pick;
    const isFlagged = size > 0 && this.pick.sellers.every(({ flagged }) => flagged);
    this.bar.hidden = size === 0;
    const more = total > size && size < PICKED_MAX;
    fill(this.bar, [size, isFlagged, isBusy, more && total], () => {
      const button = (name, glyph, classes = "btn btn-bare", word = name) => this.acts[name] && h("button",
        { class: classes, type: "button", "data-act": name, title: t(`sellers.act.${word}`), disabled: isBusy, click: () => this.acts[name]() },
        icon(glyph, "i"), t(`sellers.act.${word}`));
      const every = total <= PICKED_MAX ? t("sellers.pick.every", { n: figure(total) })
        : t("sellers.pick.most", { n: figure(PICKED_MAX), all: figure(total) });
      return [
        h("b", null, t("sellers.pick.count", { n: figure(size) })),
        more && h("button", { class: "btn btn-bare link every", type: "button", disabled: isBusy, click: () => this.every() }, every),
        h("span", { class: "sep" }),
        button("flag", "flag", undefined, isFlagged ? "unflag" : "flag"), button("mark", "edit"), button("copy", "copy"),
        button("export", "save"), button("remove", "trash", "btn btn-bare btn-bad"), h("span", { class: "sep" }),
        h("button", { class: "btn btn-bare btn-i", type: "button", "aria-label": t("sellers.pick.clear"), title: `${t("sellers.pick.clear")} (${t("keys.esc")})`,
          click: () => this.pick.clear() }, icon("x", "i")),
      ];
    });
  }
}

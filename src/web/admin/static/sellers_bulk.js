// Status, tags and note of many sellers, as one change.

import { once } from "./api.js";
import { h } from "./dom.js";
import { sends } from "./forms.js";
import { field, open } from "./sellers_dialog.js";
import { statusField, tagsOf } from "./sellers_marks.js";
import { t } from "./words.js";

const wrong = (message) => Object.assign(new Error(message), { status: 422, errors: [] });

/** Opens the dialog for the sellers of these ids. */
export function mark(ids, done) {
  const input = (tag, id, props) => h(tag, { class: "in", id, name: id.slice(2), dir: "auto", autocomplete: "off", ...props });
  const status = statusField({ id: "b-status" }, t("sellers.mark.keep"));
  const [add, remove] = [input("input", "b-tags_add", { placeholder: t("sellers.field.tags_hint") }), input("input", "b-tags_remove")];
  const note = input("textarea", "b-note", { rows: 3, maxlength: 2000 });
  const { dialog, form } = open(t("sellers.mark.title", { n: ids.length }), [
    field("status", t("sellers.field.status"), status),
    field("tags_add", t("sellers.mark.add"), add), field("tags_remove", t("sellers.mark.remove"), remove),
    field("note", t("sellers.mark.note"), note),
  ], h("button", { class: "btn btn-main", type: "submit" }, t("sellers.mark.save")));
  sends(form, async () => {
    const [coming, going] = [tagsOf(add.value), tagsOf(remove.value)];
    const tags = { ...(coming.length > 0 && { add: coming }), ...(going.length > 0 && { remove: going }) };
    const change = {
      ...(status.value && { status: status.value }),
      ...(Object.keys(tags).length > 0 && { tags }),
      ...(note.value.trim() && { note: note.value }),
    };
    if (Object.keys(change).length === 0) throw wrong(t("sellers.mark.nothing"));
    return once("/sellers/bulk/triage", { ids, ...change });
  }, (edited) => {
    dialog.close();
    done(edited);
  });
  status.focus();
}

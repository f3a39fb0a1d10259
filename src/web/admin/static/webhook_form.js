// The form of a webhook: for a new one and for one that is there, whose form of sending stays what it is.

import { Problem, send } from "./api.js";
import { say } from "./dom.js";
import { edits, fillIn, known } from "./edit.js";
import { complain, mark, sends } from "./forms.js";
import { t } from "./words.js";

/** Addresses of mail, with commas, semicolons or spaces between. */
const addresses = (text) => text.split(/[\s,;]+/).filter(Boolean);

export class WebhookForm {
  constructor(dialog, done) {
    this.dialog = dialog;
    this.changed = dialog.querySelector("form");
    // Two forms that look alike: one that makes, one that changes. Each sends in its own way.
    this.made = this.changed.cloneNode(true);
    this.edit = edits(this.changed, { values, body: (given) => this.#body(this.changed, given), done, filled: () => this.#follow(this.changed) });
    sends(this.made, (given) => known(send("/webhooks", { form: given.form, ...this.#body(this.made, given) })), done);
    this.made.elements.form.addEventListener("change", () => this.#follow(this.made));
  }

  /** Shows an empty form. */
  make() {
    this.#prepare(this.made, t("settings.webhooks.new"), t("settings.webhooks.make"));
    fillIn(this.made, { form: "generic", url: "", recipients: "", events: [], enabled: true });
    mark(this.made, []);
    complain(this.made, null);
    this.#follow(this.made);
  }

  /** Shows what is at this path. Resolves to whether it is what was asked for last. */
  async change(path) {
    this.#prepare(this.changed, t("settings.webhooks.changing"), t("deed.save"));
    this.changed.elements.form.disabled = true;
    return this.edit.open(path);
  }

  #prepare(form, title, button) {
    this.dialog.replaceChildren(form);
    say(form.querySelector("h2"), title);
    say(form.querySelector("[type=submit]"), button);
  }

  /** Mail has recipients, all else an address. */
  #follow(form) {
    const needed = form.elements.form.value === "email" ? "recipients" : "url";
    for (const part of form.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== needed;
  }

  #body(form, given) {
    const events = new FormData(form).getAll("events");
    if (events.length === 0) {
      const message = t("settings.webhooks.no_event");
      throw new Problem(422, message, "", [{ field: "events", message }]);
    }
    const where = form.elements.form.value === "email" ? { recipients: addresses(given.recipients) } : { url: given.url.trim() };
    return { ...where, events, enabled: form.elements.enabled.checked };
  }
}

function values({ form, url, recipients, events, enabled }) {
  return { form, url: url ?? "", recipients: recipients.join(", "), events, enabled };
}

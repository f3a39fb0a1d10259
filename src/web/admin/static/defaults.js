// The defaults of runs: what is left empty follows the configuration; what is chosen is the organisation's own.

import { refresh } from "./alive.js";
import { edits } from "./edit.js";
import { say } from "./dom.js";
import { ungrouped } from "./format.js";
import { t } from "./words.js";

const NUMBERS = ["workers", "max_consecutive_failures", "max_attempts", "pages_per_category", "pages_per_product", "query_chars",
  "request_timeout_ms", "page_delay_ms", "rate_limit_wait_ms", "retry_backoff_ms", "request_budget", "skip_searched_within_days"];
const FLAGS = ["include_off_filter", "auto_resume"];
const FILTERS = ["brand_new", "free_shipping", "us_only"];
const MARKUPS = ["markup_min_percent", "markup_max_percent"];

const number = (text) => (/^-?\d+$/.test(ungrouped(text)) ? Number(ungrouped(text)) : text.trim());

function values({ overrides: chosen, settings }) {
  const window = chosen.price_window;
  const shown = Object.fromEntries([...NUMBERS, ...FLAGS, "delivery"].map((name) => [name, String(chosen[name] ?? "")]));
  return { ...shown,
    price_window: "price_window" in chosen ? (window ? "own" : "any") : "",
    ...Object.fromEntries(MARKUPS.map((name, at) => [name, String((window ?? settings.price_window)?.[name] ?? [80, 120][at])])),
    filters: "filters" in chosen ? "own" : "",
    ...Object.fromEntries(FILTERS.map((name) => [name, settings.filters[name]])) };
}

/** What is chosen goes as a setting; what was chosen and is so no more is given back. */
function body(form, given, { overrides }) {
  const settings = {};
  for (const name of NUMBERS) if (given[name].trim() !== "") settings[name] = number(given[name]);
  for (const name of FLAGS) if (given[name]) settings[name] = given[name] === "true";
  if (given.delivery) settings.delivery = given.delivery;
  if (given.price_window === "any") settings.price_window = null;
  if (given.price_window === "own") settings.price_window = Object.fromEntries(MARKUPS.map((name) => [name, number(given[name])]));
  if (given.filters) settings.filters = Object.fromEntries(FILTERS.map((name) => [name, form.elements[name].checked]));
  return { settings, reset: Object.keys(overrides).filter((name) => !(name in settings)) };
}

/** Makes the form live. */
export async function enliven(main) {
  const form = main.querySelector("form");
  form.addEventListener("submit", () => say(document.getElementById("saved"), ""));
  if (!form.querySelector("[type=submit]")) return;
  const edit = edits(form, { values, body: (given, was) => body(form, given, was), done: async () => {
    await refresh();
    say(document.getElementById("saved"), t("settings.runs.saved"));
  } });
  await edit.open(form.dataset.path);
}

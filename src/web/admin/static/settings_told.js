// The settings of a run in words, and the bounds of those that are numbers.

import { capital, figure } from "./format.js";
import { t } from "./words.js";

/** Name, unit, smallest, largest; the bounds of the engine. Those that need not be set: the text of what it means then. */
export const NUMBERS = [
  ["workers", "", 1, 64],
  ["max_consecutive_failures", "", 1, 1_000],
  ["max_attempts", "", 1, 20],
  ["pages_per_category", "", 1, 2],
  ["pages_per_product", "", 1, 20],
  ["query_chars", "", 10, 300],
  ["request_timeout_ms", "ms", 10, 600_000],
  ["page_delay_ms", "ms", 0, 60_000],
  ["rate_limit_wait_ms", "ms", 1, 120_000],
  ["retry_backoff_ms", "ms", 0, 30_000],
  ["request_budget", "", 1, 1_000_000_000, "no_bound"],
  ["skip_searched_within_days", t("settings.days"), 1, 365, "skips_none"],
];
export const FILTERS = ["brand_new", "free_shipping", "us_only"];

/** The settings of a run in words: pairs of a label and a value. */
export function describe(settings) {
  const { price_window: window, filters = {}, include_off_filter: off } = settings;
  const chosen = FILTERS.filter((name) => filters[name]).map((name) => t(`settings.described.${name}`));
  const numbers = NUMBERS.filter(([name]) => (settings[name] ?? null) !== null)
    .map(([name, unit]) => [t(`settings.${name}`), `${figure(settings[name])}${unit ? ` ${unit}` : ""}`]);
  return [
    [t("settings.described.window"), window
      ? t("settings.described.above", { min: figure(window.markup_min_percent), max: figure(window.markup_max_percent) }) : t("settings.described.any_price")],
    [t("settings.described.listings"), chosen.length > 0 ? capital(chosen.join(", ")) : t("settings.described.no_filter")],
    [t("settings.described.off_filter"), t(`settings.described.${off ? "taken" : "left_out"}`)],
    ...(settings.delivery === "push_pull" ? [[t("settings.described.delivery"), t("settings.described.push_pull")]] : []),
    ...numbers,
  ];
}

/** A setting as its label and its value. */
function brief(name, value) {
  const says = () => {
    if (name === "filters") return FILTERS.filter((each) => value[each]).map((each) => t(`settings.described.${each}`)).join(", ") || t("settings.described.no_filter");
    if (name === "price_window") return value ? t("settings.described.above", { min: value.markup_min_percent, max: value.markup_max_percent }) : t("settings.described.any_price");
    if (name === "delivery") return t(`settings.runs.${value}`);
    if (typeof value === "boolean") return t(value ? "edit.on" : "edit.off");
    return value === null ? t(name === "request_budget" ? "settings.no_bound" : "settings.skips_none") : figure(value);
  };
  return `${t(`settings.runs.${name}`)}: ${says()}`;
}

/** Settings that lie over others, in one line. */
export const told = (settings) => Object.entries(settings).map(([name, value]) => brief(name, value)).join("; ");

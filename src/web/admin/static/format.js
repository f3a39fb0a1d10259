// How figures and times are written. Pure but for the clock, which follows the server's.

import { t } from "./words.js";

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat(undefined, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const sign = whole.formatToParts(1_234_567).find(({ type }) => type === "group")?.value ?? "";
const separator = sign.trim() === "" ? "\\s" : RegExp.escape?.(sign) ?? `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;
const grouping = new RegExp(`(?<=\\d)${separator}(?=(\\d{2,3}${separator})*\\d{3}(\\D|$))`, "g");
const minute = { hour: "2-digit", minute: "2-digit" };
const second = { ...minute, second: "2-digit" };
const clocks = {
  minute: new Intl.DateTimeFormat(undefined, minute),
  second: new Intl.DateTimeFormat(undefined, second),
  day: new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", ...minute }),
  exact: new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric", ...second, fractionalSecondDigits: 3, timeZoneName: "short" }),
};

/** Digits that most currencies have. */
const CENTS = 2;
const currencies = new Map();

/** Amounts of a currency, with this many digits behind the point at most. */
function currency(name, digits) {
  const key = `${name} ${digits}`;
  const range = { minimumFractionDigits: Math.min(digits, CENTS), maximumFractionDigits: digits };
  if (!currencies.has(key)) currencies.set(key, new Intl.NumberFormat(undefined, { style: "currency", currency: name, ...range }));
  return currencies.get(key);
}

const MICROS = 1_000_000;
const MICROS_PER_CENT = MICROS / 100;

let skew = 0;
let pretended = null;

/** Learns how far this machine's clock is off from an answer's `Date` header, which knows whole seconds only. */
export function setClock(header) {
  const there = Date.parse(header ?? "");
  if (Number.isNaN(there)) return;
  const off = there + 500 - Date.now();
  skew = Math.abs(off) > 2_000 ? off : 0;
}

/** Now, in milliseconds, by the server's clock; in a replay by the clock of what is replayed. */
export const now = () => pretended?.() ?? Date.now() + skew;

/** Has `now` tell another time, as a function does; null gives the server's back. */
export const setNow = (clock) => (pretended = clock);

/** 18,204 */
export const figure = (value) => whole.format(value ?? 0);

/** 41.5 */
export const tenth = (value) => tenths.format(value);

/** What was typed as a whole number, without the signs that group its digits here. */
export const ungrouped = (text) => text.trim().replace(grouping, "");

/** $1,299.00 from the smallest unit of a currency, of which so many digits stand behind the point. */
export const money = (value, name = "USD", digits = CENTS) => currency(name, digits).format(value / 10 ** digits);

/** What answers cost: $2.47, $0.002 where it is less than a cent, and never nothing where it is something. */
export function price({ micros, currency: name }, digits = micros < MICROS_PER_CENT ? 3 : CENTS) {
  const least = MICROS / 10 ** digits;
  const shown = (amount) => currency(name, digits).format(amount / MICROS);
  return micros > 0 && micros < least ? t("price.less", { amount: shown(least) }) : shown(micros);
}

/** 41.5, or 100 where all is done. */
export const percent = (value) => (value >= 100 ? figure(100) : tenth(value));

/** "1 seller", "22 sellers": so many of what `count.NAME` names. */
export const count = (value, name) => t(`count.${name}`, { n: value, count: figure(value) });

/** Counts to ten as words. */
export const words = (value) => (value <= 10 ? t(`number.${value}`) : figure(value));

/** A first letter in capitals. */
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** 0.6 s, 11.8 s, 2 min 8 s, 1 h 02 min. */
export function span(ms) {
  const all = Math.max(0, ms);
  if (all < 60_000) return t("time.s", { n: tenth(Math.floor(all / 100) / 10) });
  const seconds = Math.floor(all / 1_000);
  if (seconds < 3_600) return t("time.min_s", { min: Math.floor(seconds / 60), s: seconds % 60 });
  return t("time.h_min", { h: Math.floor(seconds / 3_600), min: String(Math.floor((seconds % 3_600) / 60)).padStart(2, "0") });
}

/** Rough: 12 s, 4 min, 3 h, 12 d. */
export function rough(ms) {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return t("time.s", { n: seconds });
  if (seconds < 3_600) return t("time.min", { n: Math.round(seconds / 60) });
  if (seconds < 86_400) return t("time.h", { n: Math.round(seconds / 3_600) });
  return t("time.d", { n: Math.round(seconds / 86_400) });
}

/** Rough below an hour, to the minute above. */
export const roughly = (ms) => (ms < 3_600_000 ? rough(ms) : span(ms));

/** 37:12, 1:02:12. */
export function stopwatch(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const two = (value) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60)];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** 12 s ago. */
export function ago(at) {
  const ms = now() - at;
  return ms < 1_000 ? t("time.now") : t("time.ago", { time: rough(ms) });
}

/** 15:16:19 in this browser's time zone. */
export const timeOfDay = (at) => clocks.second.format(at);

/** 15:16. */
export const hourAndMinute = (at) => clocks.minute.format(at);

/** 24 Nov, 15:16, or the time alone where it is today. */
export function dayAndTime(at) {
  return new Date(at).toDateString() === new Date(now()).toDateString() ? hourAndMinute(at) : clocks.day.format(at);
}

/** 24 Nov 2026, 15:16:19.402, with the zone's name. */
export const exact = (at) => clocks.exact.format(at);

/** An address without what every address has. */
export const shortUrl = (url) => url.replace(/^https?:\/\/(www\.)?/, "");

/** The price window as people read it; bounds are cents, either may be missing. */
export function priceWindow(min, max) {
  const has = { min: (min ?? null) !== null, max: (max ?? null) !== null };
  if (!has.min) return has.max ? t("price.to", { max: money(max) }) : null;
  return has.max ? t("price.between", { min: money(min), max: money(max) }) : t("price.from", { min: money(min) });
}

/** The icon of each state of a run; its word is `state.NAME`. */
export const STATE_ICONS = { pending: "clock", running: "play", pausing: "pause", cancelling: "x", paused: "pause", completed: "check", failed: "alert", cancelled: "x" };

/** Why a run stands still, as a heading. */
export const pauseTitle = (reason, proofs) => (reason === "consecutive_failures" && proofs > 0
  ? t("halt.in_a_row", { n: proofs, count: capital(words(proofs)) }) : t(`card.reason.${reason}`));

/** Whether nothing more happens by itself. */
export const isFinal = (status) => ["completed", "failed", "cancelled"].includes(status);

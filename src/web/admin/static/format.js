// How figures, times and names are written. Pure but for the clock, which follows the server's.

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const cents = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

let skew = 0;

/** Learns how far this machine's clock is off from an answer's `Date` header, which knows whole seconds only. */
export function setClock(header) {
  const there = Date.parse(header ?? "");
  if (Number.isNaN(there)) return;
  const off = there + 500 - Date.now();
  skew = Math.abs(off) > 2_000 ? off : 0;
}

/** Now, in milliseconds, by the server's clock. */
export const now = () => Date.now() + skew;

/** 18,204 */
export const figure = (value) => whole.format(value ?? 0);

/** $1,299.00 from cents. */
export const money = (value) => `$${cents.format(value / 100)}`;

/** 41.5 */
export const percent = (value) => (value >= 100 ? "100" : value.toFixed(1));

/** "1 seller", "22 sellers". */
export const count = (value, one, many = `${one}s`) => `${figure(value)} ${value === 1 ? one : many}`;

const SMALL = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

/** Small counts as words. */
export const words = (value) => SMALL[value] ?? figure(value);

/** A first letter in capitals. */
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** 0.6 s, 11.8 s, 2 min 8 s, 1 h 02 min. */
export function span(ms) {
  const all = Math.max(0, ms);
  if (all < 60_000) return `${(Math.floor(all / 100) / 10).toFixed(1)} s`;
  const seconds = Math.floor(all / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3_600)} h ${String(Math.floor((seconds % 3_600) / 60)).padStart(2, "0")} min`;
}

/** Rough: 12 s, 4 min, 3 h, 12 d. */
export function rough(ms) {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

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
  return ms < 1_000 ? "now" : `${rough(ms)} ago`;
}

/** 15:16:19 in this browser's time zone. */
export const timeOfDay = (at) => new Date(at).toLocaleTimeString("en-GB");

/** 15:16. */
export const hourAndMinute = (at) => timeOfDay(at).slice(0, 5);

/** 24 Nov 15:16, or the time alone where it is today. */
export function dayAndTime(at) {
  const date = new Date(at);
  if (date.toDateString() === new Date(now()).toDateString()) return hourAndMinute(at);
  return `${date.toLocaleDateString("en-GB", { day: "numeric", month: "short" })} ${hourAndMinute(at)}`;
}

/** 2026-11-24 15:16:19.402, with the zone's name. */
export function exact(at) {
  const date = new Date(at);
  const zone = new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" }).formatToParts(date)
    .find((part) => part.type === "timeZoneName").value;
  const millis = String(date.getMilliseconds()).padStart(3, "0");
  return `${date.toLocaleDateString("sv-SE")} ${timeOfDay(at)}.${millis} ${zone}`;
}

/** An address without what every address has. */
export const shortUrl = (url) => url.replace(/^https?:\/\/(www\.)?/, "");

/** The price window as people read it; bounds are cents, either may be missing. */
export function priceWindow(min, max) {
  if (min === undefined || min === null) return max === undefined || max === null ? null : `to ${money(max)}`;
  return max === undefined || max === null ? `from ${money(min)}` : `${money(min)} to ${money(max)}`;
}

/** The phases by name. */
export const PHASES = {
  amazon: { number: 1, name: "Amazon", what: "categories to products", task: ["category", "categories"] },
  ebay: { number: 2, name: "eBay", what: "products to sellers", task: ["product", "products"] },
};

/** The states of a run: word and icon. */
export const STATES = {
  pending: ["Not started", "clock"],
  running: ["Running", "play"],
  pausing: ["Pausing", "pause"],
  cancelling: ["Cancelling", "x"],
  paused: ["Paused", "pause"],
  completed: ["Completed", "check"],
  failed: ["Failed", "alert"],
  cancelled: ["Cancelled", "x"],
};

/** Why a run stands still, as a heading. */
export function pauseTitle(reason, proofs) {
  switch (reason) {
    case "manual": return "Paused by hand";
    case "consecutive_failures": return proofs > 0 ? `${capital(words(proofs))} tasks failed in a row` : "Tasks failed in a row";
    case "rate_limited": return "Nothing but rate limits for ten minutes";
    case "provider_refused": return "The provider refuses";
    case "failure_rate": return "Over half of the last pages failed";
    case "suspicious_results": return "Page after page holds nothing";
    case "budget": return "The budget is spent";
    case "crash_loop": return "A fault in Gleaner";
    default: return reason;
  }
}

/** Whether nothing more happens by itself. */
export const isFinal = (status) => ["completed", "failed", "cancelled"].includes(status);

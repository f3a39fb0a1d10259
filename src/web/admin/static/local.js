// Figures and times that the server wrote in English and UTC, written anew in the browser's language and time zone.

import { h } from "./dom.js";
import { figure, hourAndMinute, money, now, percent, price, tenth, timeOfDay } from "./format.js";

const moment = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const date = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

const spelt = { weekday: "long", day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit" };
const clocks = new Map();

/** The browser's own clock, beside one of another zone. */
export const here = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZoneName: "short" });

/** The clock of a zone, its days spelled out. A zone that the browser does not know is UTC. */
export function clock(zone) {
  if (!clocks.has(zone)) {
    const at = (timeZone) => new Intl.DateTimeFormat(undefined, { ...spelt, timeZone });
    try {
      clocks.set(zone, at(zone));
    } catch {
      clocks.set(zone, at("UTC"));
    }
  }
  return clocks.get(zone);
}

const since = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });
const STEPS = [["second", 60], ["minute", 60], ["hour", 24], ["day", 30], ["month", 12], ["year", Infinity]];

/** "2 min. ago", in the largest unit of which it is one at least. */
function ago(at) {
  let left = (at.getTime() - now()) / 1_000;
  for (const [unit, next] of STEPS) {
    if (Math.abs(left) < next) return since.format(Math.trunc(left), unit);
    left /= next;
  }
  return "";
}

/** How figures, amounts and moments are written here. */
export const WRITE = {
  ago,
  figure,
  tenth,
  percent,
  money: (value, node) => money(value, node.dataset.currency, Number(node.dataset.digits)),
  cost: (value, node) => price({ micros: value, currency: node.dataset.currency }),
  moment: (at) => moment.format(at),
  day: (at) => day.format(at),
  wall: (at, node) => clock(node.dataset.zone).format(at),
  here: (at) => here.format(at),
  clock: hourAndMinute,
  second: timeOfDay,
  brief: (at) => (at.toDateString() === new Date().toDateString() ? hourAndMinute(at) : date.format(at)),
};

/** Writes what stands under this node. */
export function localise(root) {
  for (const node of root.querySelectorAll("data[data-as], time[data-as]")) {
    const write = WRITE[node.dataset.as];
    if (!write) continue;
    if (node.localName === "time") {
      const at = new Date(node.dateTime);
      node.title = exact.format(at);
      node.textContent = write(at, node);
    } else {
      node.textContent = write(Number(node.value), node);
    }
  }
}

/** The element of a moment as the pages have it, where a script makes it: `how` is moment, day or ago. */
export function time(text, how) {
  const at = new Date(text);
  return h("time", { datetime: text, "data-as": how, title: exact.format(at) }, WRITE[how](at));
}

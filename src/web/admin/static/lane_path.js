// How a lane is drawn: one path for each outcome, however many requests there are. No elements here.
//
// Requests that are narrower than a pixel share one: it is divided among their outcomes, so that one error among a hundred
// is a dot, and a bad minute a red column.

import { OUTCOMES, WAIT } from "./requests.js";

/** Height of a lane, and where the bars of each outcome stand in it: they differ in height as well as in colour. */
export const LANE_HEIGHT = 14;
const SHAPE = { ok: [5, 5], gain: [3, 8], warn: [3.5, 7], err: [1, 12] };

const KINDS = OUTCOMES.length;
const NARROW = 1.5;
/** Where a shared pixel is divided, from its foot to its top; the steps are so coarse that neighbours are often alike. */
const [FOOT, TOP] = [12, 2];

/** The paths of a lane between two times, by outcome, on so many pixels; and how many requests of each there are. */
export function paths(lane, from, to, width) {
  const { start, took, wait, kind } = lane;
  const scale = width / (to - from);
  const parts = OUTCOMES.map(() => []);
  const counts = new Array(KINDS).fill(0);
  const shared = new Uint32Array((Math.ceil(width) + 1) * KINDS);
  for (let at = lane.from(from), { end } = lane; at < end && start[at] <= to; at += 1) {
    const what = kind[at];
    counts[what] += 1;
    put(parts, shared, what, (start[at] - from) * scale, took[at] * scale, width);
    if (wait[at] > 0) put(parts, shared, WAIT, (start[at] + took[at] - from) * scale, wait[at] * scale, width);
  }
  divide(parts, shared);
  return { paths: parts.map((each) => each.join("")), counts };
}

function put(parts, shared, what, left, wide, width) {
  if (wide < NARROW) {
    if (left >= 0 && left < width) shared[Math.floor(left) * KINDS + what] += 1;
    return;
  }
  const x = Math.max(left, 0);
  const seen = Math.min(left + wide, width) - x;
  const [y, high] = SHAPE[OUTCOMES[what]];
  if (seen > 0) parts[what].push(bar(x, y, seen - Math.min(1, seen / 4), high));
}

/** Divides each shared pixel; neighbours that are alike are one bar. */
function divide(parts, shared) {
  let [before, since] = ["", 0];
  const pixels = shared.length / KINDS;
  for (let pixel = 0; pixel <= pixels; pixel += 1) {
    const heights = pixel < pixels ? heightsOf(shared.subarray(pixel * KINDS, (pixel + 1) * KINDS)) : "";
    if (heights === before) continue;
    if (before) stack(parts, before, since, pixel - since);
    [before, since] = [heights, pixel];
  }
}

/** How high each outcome is in a pixel, as "ok,gain,warn,err"; one that is there is seen. */
function heightsOf(counts) {
  const all = counts[0] + counts[1] + counts[2] + counts[3];
  if (all === 0) return "";
  let text = "";
  for (let what = 0; what < KINDS; what += 1) {
    const high = counts[what] === 0 ? 0 : Math.max(1, Math.round((counts[what] * (FOOT - TOP)) / all));
    text += what === 0 ? high : `,${high}`;
  }
  return text;
}

function stack(parts, heights, x, wide) {
  let foot = FOOT;
  heights.split(",").forEach((text, what) => {
    const high = Number(text);
    if (high === 0) return;
    foot -= high;
    parts[what].push(bar(x, foot, wide, high));
  });
}

const bar = (x, y, wide, high) => `M${x.toFixed(1)} ${y}h${wide.toFixed(1)}v${high}h-${wide.toFixed(1)}z`;

/** The place of the request that is nearest to a time, within so many milliseconds of it; null where none is. */
export function nearest(lane, time, within) {
  let best = null;
  let off = within;
  for (let at = Math.max(lane.from(time) - 2, lane.first); at < lane.end && lane.start[at] <= time + within; at += 1) {
    const end = lane.start[at] + lane.took[at];
    const away = time < lane.start[at] ? lane.start[at] - time : Math.max(0, time - end);
    if (away <= off) [best, off] = [at, away];
    if (away === 0) break;
  }
  return best;
}

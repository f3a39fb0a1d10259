// How fast the tasks of a run end, from what was seen of it, and how long the rest will take at that.

import { now } from "./format.js";

const WINDOW_MS = 120_000;
const SEEN_MIN_MS = 4_000;
const TASKS_MIN = 3;

export class Pace {
  #seen = [];
  #phase = null;

  /** What was seen: the phase, how many of its tasks are final, and whether it moves. */
  see(phase, done, moves) {
    if (!moves || phase !== this.#phase) this.#seen = [];
    this.#phase = phase;
    if (!moves) return;
    const at = now();
    this.#seen.push([at, done]);
    while (this.#seen[0][0] < at - WINDOW_MS) this.#seen.shift();
  }

  /** Milliseconds that so many tasks will take, or null where too little was seen. */
  left(tasks) {
    if (this.#seen.length < 2) return null;
    const [[firstAt, first], [lastAt, last]] = [this.#seen[0], this.#seen.at(-1)];
    if (lastAt - firstAt < SEEN_MIN_MS || last - first < TASKS_MIN) return null;
    return (tasks * (lastAt - firstAt)) / (last - first);
  }
}

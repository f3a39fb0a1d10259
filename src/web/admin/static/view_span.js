// Which part of the time is looked at: follows the present until somebody moves or zooms. No elements here.

const SHORTEST_MS = 1_000;

export class ViewSpan {
  #from = 0;
  #to = 0;

  /**
   * @param whole tells from when to when there is something to see
   * @param now tells the present where the run still goes on, else its end
   */
  constructor(whole, now, range) {
    this.whole = whole;
    this.now = now;
    this.range = range;
  }

  /** The part that is looked at: a name of RANGES, or what somebody chose by hand. */
  get current() {
    const [first, last] = [this.whole()[0], this.now()];
    if (this.range === "hand") return [this.#from, this.#to];
    if (this.range === "run") return [first, Math.max(last, first + SHORTEST_MS)];
    return [last - this.range, last];
  }

  /** Looks at the newest so many milliseconds, or at the whole run. */
  look(range) {
    this.range = range;
  }

  /** Zooms by a factor around a place, 0 at the left and 1 at the right; below 1 one sees less, larger. */
  zoom(factor, place = 0.5) {
    const [from, to] = this.current;
    const [first, last] = [this.whole()[0], this.now()];
    const wide = Math.min(Math.max((to - from) * factor, SHORTEST_MS), Math.max(last - first, SHORTEST_MS));
    const fixed = from + (to - from) * place;
    this.#set(fixed - wide * place, wide);
  }

  /** Moves by a share of what is seen. */
  move(share) {
    const [from, to] = this.current;
    this.#set(from + (to - from) * share, to - from);
  }

  /** Moves as little as needed for this time to be seen. */
  show(time) {
    const [from, to] = this.current;
    if (time < from || time > to) this.#set(time - (to - from) / 2, to - from);
  }

  #set(from, wide) {
    const [first, last] = [this.whole()[0], this.now()];
    this.#from = Math.max(Math.min(from, last - wide), Math.min(first, last - wide));
    this.#to = this.#from + wide;
    this.range = "hand";
  }
}

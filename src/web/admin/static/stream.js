// One run's live stream: EventSource, with its own way back where EventSource gives up.
//
// While the connection only breaks, the browser comes back by itself and sends the last number it got. When the server
// answers anything but a stream (it is restarting, the session is over), the browser gives up for good; then this asks
// again, later and later, from the last number that arrived. Whoever listens drops what it has already.

import { activity } from "./api.js";

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;
const NAMED = ["connected", "status", "progress"];

export class Stream {
  /**
   * @param id the run
   * @param lastSeq tells the number of the newest event that arrived
   * @param hear what to do: activity(event), named(name, data), state(word), refused() resolving to whether to go on
   */
  constructor(id, lastSeq, hear) {
    this.id = id;
    this.lastSeq = lastSeq;
    this.hear = hear;
    this.wait = FIRST_WAIT_MS;
    this.closed = false;
    this.online = () => this.#now();
    addEventListener("online", this.online);
    this.#open();
  }

  /** Ends it; nothing is heard any more. */
  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.source?.close();
    removeEventListener("online", this.online);
  }

  /** Begins again after the newest event: for a number that was left out. */
  restart() {
    this.source?.close();
    this.hear.state("reconnecting");
    this.#open();
  }

  #now() {
    if (this.closed || this.timer === undefined) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.#open();
  }

  #open() {
    const source = new EventSource(activity(this.id, this.lastSeq()));
    this.source = source;
    source.onopen = () => {
      this.wait = FIRST_WAIT_MS;
      this.hear.state("live");
    };
    source.onmessage = (message) => this.hear.activity(JSON.parse(message.data));
    for (const name of NAMED) {
      source.addEventListener(name, (message) => this.hear.named(name, JSON.parse(message.data)));
    }
    source.addEventListener("end", (message) => {
      this.close();
      this.hear.named("end", JSON.parse(message.data));
      this.hear.state("ended");
    });
    source.onerror = () => {
      if (this.closed || source !== this.source) return;
      this.hear.state("reconnecting");
      if (source.readyState === EventSource.CLOSED) void this.#later();
    };
  }

  async #later() {
    const goOn = await this.hear.refused();
    if (this.closed || !goOn) return;
    this.timer = setTimeout(() => this.#now(), this.wait);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS);
  }
}

// One connection a run for all tabs of this browser: the tab that holds the lock of the run listens and tells the others.
//
// When it closes, the browser gives the lock to the next tab, which listens from the last number that it has itself: nothing
// is missing and nothing comes twice. A tab that joins, or finds a number left out, reads what is kept and goes on with what
// it is told. Where the browser has no locks (a page that is neither local nor behind TLS), each tab listens for itself.

import { events } from "./api.js";
import { Stream } from "./stream.js";

const AGAIN_MS = 1_000;

export class Tabs {
  #leading = null;
  #leave = new AbortController();
  #filling = false;
  #late = [];

  /** As a `Stream`'s: the run, the number of the newest event that arrived, and what to do with what is heard. */
  constructor(id, lastSeq, hear) {
    this.id = id;
    this.lastSeq = lastSeq;
    this.hear = hear;
    this.name = `gleaner-run-${id}`;
    if (!navigator.locks) {
      this.#leading = new Stream(id, lastSeq, hear);
      return;
    }
    this.channel = new BroadcastChannel(this.name);
    this.channel.onmessage = ({ data }) => this.#told(data);
    this.channel.postMessage({ joins: true });
    // What is kept is read first, since lists are compressed and the stream is not: whoever listens then has little to catch up.
    void this.#fill().then(() => navigator.locks.request(this.name, { signal: this.#leave.signal }, () => this.#lead())).catch((error) => {
      if (error.name !== "AbortError") throw error;
    });
  }

  /** Whether this tab holds the connection. */
  get leads() {
    return this.#leading !== null;
  }

  /** Ends it; nothing is heard any more, and the next tab takes over. */
  close() {
    this.#leave.abort();
    this.#leading?.close();
    this.channel?.close();
    this.#release?.();
  }

  /** Begins again after the newest event: for a number that was left out. */
  restart() {
    if (this.#leading) this.#leading.restart();
    else void this.#fill();
  }

  #release = null;
  #over = false;

  #lead() {
    const tell = (message) => this.channel.postMessage(message);
    const { hear } = this;
    this.#leading = new Stream(this.id, this.lastSeq, {
      activity: (event) => {
        tell({ event });
        hear.activity(event);
      },
      named: (name, data) => {
        tell({ name, data });
        hear.named(name, data);
      },
      state: (word) => {
        this.word = word;
        this.#over = word === "ended";
        tell({ word });
        hear.state(word);
      },
      refused: hear.refused,
    });
    return new Promise((done) => (this.#release = done));
  }

  #told({ joins, event, name, data, word }) {
    if (joins && this.#leading && this.#over) this.#end();
    else if (joins) {
      if (this.#leading && this.word) this.channel.postMessage({ word: this.word });
    } else if (event) {
      if (this.#filling) this.#late.push(event);
      else this.hear.activity(event);
    } else if (name) {
      this.hear.named(name, data);
    } else if (word) {
      // Whoever looks at a run that has ended is told so by the server, which is no matter of the others.
      if (this.#over && word !== "live") return;
      this.#over = word === "ended";
      this.hear.state(word);
      if (this.#over) this.#leave.abort();
    }
  }

  /** There is no more to listen to: whoever joins leads from then on, and the others are told by it. */
  #end() {
    this.#leading = null;
    this.#release?.();
  }

  /** Reads what is kept behind the newest event, then takes what was told meanwhile. */
  async #fill() {
    if (this.#filling) return;
    this.#filling = true;
    try {
      for (let more = true; more && !this.#leading;) {
        const { items, next_cursor: next } = await events(this.id, this.lastSeq());
        items.forEach((event) => this.hear.activity(event));
        more = next !== null;
      }
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      if (!(await this.hear.refused())) return;
      setTimeout(() => void this.#fill(), AGAIN_MS);
    } finally {
      this.#filling = false;
      this.#late.splice(0).forEach((event) => this.hear.activity(event));
    }
  }
}

const FIRST_MS = 1000;
const MOST_MS = 30_000;
/** Of silence until the server is asked whether it is there, and then until the connection is given up. */
const QUIET_MS = 15_000;
const SILENCE_MS = 10_000;

/**
 * @typedef {object} SocketWay
 * @property {() => Promise<boolean>} may whether a connection is of use now; throws when the host cannot be reached
 * @property {() => void} opened
 * @property {(text: string) => void} received
 * @property {() => void} turned all that came together was received
 * @property {() => void} quiet nothing has come for a while: say something that is answered
 * @property {(againMs: number) => void} lost it is gone, and will be tried again
 */

/** A WebSocket that comes back: after a second, then twice as long each time, half a minute at most, or as soon as there is a network. */
export class Socket {
  /** @type {WebSocket | undefined} */
  #socket;
  #tries = 0;
  #wanted = false;
  #trying = false;
  #heard = false;
  #timer = 0;

  /** @param {SocketWay} way */
  constructor(way) {
    this.way = way;
    addEventListener("online", () => this.tryNow());
    addEventListener("offline", () => this.#ask());
  }

  /** Connects, and stays connected. */
  open() {
    this.#wanted = true;
    this.#tries = 0;
    void this.#try();
  }

  /** Ends it, until it is opened again. */
  close() {
    this.#wanted = false;
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#socket = undefined;
  }

  /** Does not wait for the next try. */
  tryNow() {
    if (this.#wanted && !this.#socket) void this.#try();
  }

  /** @param {string} text */
  send(text) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(text);
  }

  /** The connection is of no use any more. */
  give() {
    if (!this.#socket) return;
    this.leave();
    this.#lost();
  }

  /** The same, and only a person has it tried again. */
  leave() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    socket.onclose = socket.onmessage = null;
    socket.close();
  }

  async #try() {
    if (this.#trying) return;
    clearTimeout(this.#timer);
    this.#trying = true;
    try {
      if (!await this.way.may()) this.#wanted = false;
    } catch {
      if (this.#wanted) this.#lost();
      return;
    } finally {
      this.#trying = false;
    }
    if (!this.#wanted) return;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = this.#socket = new WebSocket(`${scheme}//${location.host}/chat`);
    this.#heard = false;
    socket.onopen = () => {
      this.way.opened();
      this.#listen();
    };
    socket.onmessage = ({ data }) => {
      this.#tries = 0;
      this.#heard = true;
      // What was told in one turn comes together, a message a line.
      for (const line of String(data).split("\n")) this.way.received(line);
      this.way.turned();
    };
    socket.onclose = () => this.#socket === socket && this.#lost();
    this.#timer = setTimeout(() => this.give(), SILENCE_MS);
  }

  /** Asks when nothing has come for a while, and gives up when nothing comes of that. */
  #listen() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#heard ? this.#listen() : this.#ask(), QUIET_MS);
    this.#heard = false;
  }

  #ask() {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    clearTimeout(this.#timer);
    this.#heard = false;
    this.way.quiet();
    this.#timer = setTimeout(() => this.#heard ? this.#listen() : this.give(), SILENCE_MS);
  }

  #lost() {
    this.#socket = undefined;
    clearTimeout(this.#timer);
    if (!this.#wanted) return;
    const most = Math.min(MOST_MS, FIRST_MS * 2 ** this.#tries++);
    // A lab that lost its server comes back spread over half of the time.
    const wait = Math.round(most * (1 - Math.random() / 2));
    this.way.lost(wait);
    this.#timer = setTimeout(() => void this.#try(), wait);
  }
}

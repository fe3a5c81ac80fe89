import { retryMs } from "./watch_state.js";

/** @typedef {import("./watch_state.js").WatchEvent} WatchEvent */
/**
 * What becomes of a link.
 * @typedef {object} LinkOwner
 * @property {(event: WatchEvent) => void} told
 * @property {() => void} away the server does not answer; it is tried again
 */

/** The server tells something each second; after so long without a word it is away. */
const SILENCE_MS = 6000;

/** The page's way to the server, which is made anew as often as it breaks. */
export class WatchLink {
  #tries = 0;
  #heardAt = 0;
  /** @type {WebSocket | undefined} */
  #socket;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {string | URL} address @param {LinkOwner} owner */
  constructor(address, owner) {
    this.address = address;
    this.owner = owner;
    addEventListener("online", () => this.#timer && this.#open());
    setInterval(() => this.#look(), 1000);
    this.#open();
  }

  #open() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#heardAt = performance.now();
    const socket = this.#socket = new WebSocket(this.address);
    socket.addEventListener("message", ({ data }) => {
      if (socket !== this.#socket) return;
      this.#heardAt = performance.now();
      this.#tries = 0;
      this.owner.told(JSON.parse(data));
    });
    socket.addEventListener("close", () => socket === this.#socket && this.#lost());
  }

  /** A connection may be gone without a word. */
  #look() {
    if (this.#socket && performance.now() - this.#heardAt > SILENCE_MS) this.#lost();
  }

  #lost() {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
    this.owner.away();
    this.#timer = setTimeout(() => this.#open(), retryMs(this.#tries++));
  }
}

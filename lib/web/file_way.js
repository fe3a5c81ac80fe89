import { encodeFrame, FrameDecoder } from "./file_frames.js";
import { SIGNAL_BYTES } from "./file_signal.js";

/** @typedef {import("./file_frames.js").FileMessage} FileMessage */
/** @typedef {import("./file_signal.js").Signal} Signal */

/** Bytes under way that were not said to be taken: few, since the chat goes the same way. */
const WINDOW_BYTES = 64 * 1024;
/** Bytes taken before it is said. */
const TELL_BYTES = 16 * 1024;

/** Messages of a transfer by way of the chat: each end says how much it has taken, so that neither sends more than the other wants. */
export class FileWay {
  #frames = new FrameDecoder();
  /** What was not sent yet, and who waits for it. @type {{ bytes: Uint8Array, at: number, sent: () => void }[]} */
  #waiting = [];
  #sent = 0;
  #taken = 0;
  #received = 0;
  #told = 0;
  #closed = false;

  /**
   * @param {string} transfer
   * @param {(signal: Signal) => void} signal
   * @param {{ received: (message: FileMessage) => void, over: (why: string) => void }} owner
   */
  constructor(transfer, signal, owner) {
    this.transfer = transfer;
    this.signal = signal;
    this.owner = owner;
  }

  /**
   * Sends a message; resolves once all of it is under way, never when it is closed before.
   * @param {FileMessage} message
   * @returns {Promise<void>}
   */
  send(message) {
    return new Promise((sent) => {
      if (this.#closed) return;
      this.#waiting.push({ bytes: encodeFrame(message), at: 0, sent });
      this.#pump();
    });
  }

  /** Nothing more goes or comes. */
  close() {
    this.#closed = true;
    this.#waiting = [];
  }

  /**
   * The other end has said something on this way.
   * @param {Extract<Signal, { type: "bytes" | "taken" }>} signal
   */
  signalled(signal) {
    if (this.#closed) return;
    if (signal.type === "taken") {
      this.#taken = Math.max(this.#taken, Math.min(signal.upTo, this.#sent));
      return this.#pump();
    }
    // A hole means that the chat was interrupted.
    if (signal.from !== this.#received) return this.#end("something was lost on the way through the chat");
    this.#received += signal.bytes.length;
    this.#frames.push(signal.bytes);
    for (let message; !this.#closed && (message = this.#frames.next());) {
      if (message instanceof Error) return this.#end(message.message);
      this.owner.received(message);
    }
    if (this.#closed || this.#received - this.#told < TELL_BYTES) return;
    this.#told = this.#received;
    this.signal({ type: "taken", transfer: this.transfer, upTo: this.#received });
  }

  #pump() {
    while (this.#waiting.length > 0 && this.#sent - this.#taken < WINDOW_BYTES) {
      const first = this.#waiting[0];
      const bytes = new Uint8Array(first.bytes.subarray(first.at, first.at + SIGNAL_BYTES));
      const from = this.#sent;
      this.#sent += bytes.length;
      first.at += bytes.length;
      if (first.at === first.bytes.length) {
        this.#waiting.shift();
        first.sent();
      }
      this.signal({ type: "bytes", transfer: this.transfer, from, bytes });
    }
  }

  /** @param {string} why */
  #end(why) {
    this.close();
    this.owner.over(why);
  }
}

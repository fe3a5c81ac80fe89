import type { Limits } from "../core/limits.ts";
import { encodeText } from "../core/text.ts";
import type { Transport, TransportOwner } from "../core/transport.ts";

/** A character of text is up to six in JSON. */
const ESCAPED = 6;
const ENVELOPE_CHARACTERS = 1024;
/** What one frame holds, unless one message alone is longer. */
const FRAME_BYTES = 32 * 1024;
/** What a close frame has room for. */
const REASON_BYTES = 120;
const decoder = new TextDecoder();

/** What was sent last: those who are told the same in one turn share its text. */
let last: { readonly messages: readonly Uint8Array[]; readonly text: string } = { messages: [], text: "" };

/**
 * One WebSocket as a line of a seat. What one turn tells goes out in one frame, a message a line; what comes is a message a
 * frame.
 *
 * 1. The socket is open when the line is made.
 * 2. Frames that the seat is not hungry for wait, up to `outboxBytes`; a peer that says more ends its session.
 */
export class WebSocketTransport implements Transport {
  readonly #waiting: string[] = [];
  #waitingCharacters = 0;
  /** Told in this turn. */
  #told: Uint8Array[] = [];
  #toldBytes = 0;
  #taking = false;
  readonly #most: number;
  /** Resolves when the connection is gone. */
  readonly over: Promise<void>;

  constructor(readonly socket: WebSocket, readonly owner: TransportOwner, readonly limits: Limits) {
    this.#most = Math.max(limits.textBytes, limits.signalBytes) * ESCAPED + ENVELOPE_CHARACTERS;
    socket.onmessage = ({ data }) => this.#came(data);
    this.over = new Promise((resolve) => {
      socket.onclose = ({ wasClean }) => {
        owner.closed(wasClean ? "finished" : "broken");
        resolve();
      };
    });
    // What failed is closed as well.
    socket.onerror = () => {};
  }

  get waitingBytes(): number {
    return this.socket.bufferedAmount + this.#toldBytes;
  }

  write(bytes: Uint8Array): void {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    if (this.waitingBytes + bytes.length > this.limits.outboxBytes) {
      return this.owner.failed(`more than ${this.limits.outboxBytes} bytes waited for it to read`);
    }
    if (this.#toldBytes + bytes.length > FRAME_BYTES) this.#send();
    if (this.#told.length === 0) queueMicrotask(() => this.#send());
    this.#told.push(bytes);
    this.#toldBytes += bytes.length;
  }

  close(why: string): void {
    this.#send();
    const reason = encodeText(why).length <= REASON_BYTES ? why : "";
    if (this.socket.readyState === WebSocket.OPEN) this.socket.close(1000, reason);
  }

  abort(): void {
    this.close("the server does not go on");
  }

  resume(): void {
    // What is taken here asks for more by itself.
    if (this.#taking) return;
    this.#taking = true;
    while (this.#waiting.length > 0 && this.owner.hungry()) {
      const text = this.#waiting.shift()!;
      this.#waitingCharacters -= text.length;
      this.owner.receive(encodeText(text));
    }
    this.#taking = false;
  }

  #send(): void {
    const messages = this.#told;
    if (messages.length === 0) return;
    this.#told = [];
    this.#toldBytes = 0;
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(textOf(messages));
  }

  #came(data: unknown): void {
    if (typeof data !== "string") return this.owner.failed("frames are text here");
    if (data.length > this.#most) return this.owner.failed(`a frame has at most ${this.#most} characters`);
    if (this.#waitingCharacters + data.length > this.limits.outboxBytes) {
      return this.owner.failed("says more than can be taken");
    }
    this.#waiting.push(data);
    this.#waitingCharacters += data.length;
    this.resume();
  }
}

function textOf(messages: readonly Uint8Array[]): string {
  const same = last.messages.length === messages.length && last.messages.every((message, i) => message === messages[i]);
  if (!same) last = { messages, text: messages.map((message) => decoder.decode(message)).join("\n") };
  return last.text;
}

import type { Limits } from "../core/limits.ts";
import { encodeText } from "../core/text.ts";
import type { Transport, TransportOwner } from "../core/transport.ts";

/** Growth of a text in JSON when every character is escaped. */
const ESCAPED = 6;
const ENVELOPE_CHARACTERS = 1024;
/** The size of a frame, unless one message alone is longer. */
const FRAME_BYTES = 32 * 1024;
/** The longest reason that fits into a close frame. */
const REASON_BYTES = 120;
const decoder = new TextDecoder();

/** The frame sent last: peers that are told the same messages in one turn share its text. */
let last: { readonly messages: readonly Uint8Array[]; readonly text: string } = { messages: [], text: "" };

/**
 * A WebSocket. The messages written in one turn leave in one frame, one a line; what arrives is one message a frame.
 *
 * 1. The socket is open when the transport is made.
 * 2. Frames for which the owner is not hungry wait, up to `outboxBytes`; beyond that the transport fails.
 */
export class WebSocketTransport implements Transport {
  readonly #socket: WebSocket;
  readonly #owner: TransportOwner;
  readonly #limits: Limits;
  readonly #maxCharacters: number;
  /** Messages that have arrived. */
  readonly #arrived: string[] = [];
  #arrivedCharacters = 0;
  /** Messages that were written in this turn. */
  #written: Uint8Array[] = [];
  #writtenBytes = 0;

  constructor(socket: WebSocket, owner: TransportOwner, limits: Limits) {
    this.#socket = socket;
    this.#owner = owner;
    this.#limits = limits;
    this.#maxCharacters = Math.max(limits.textBytes, limits.signalBytes) * ESCAPED + ENVELOPE_CHARACTERS;
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = ({ wasClean }) => owner.closed(wasClean ? "finished" : "broken");
    // A socket that failed is closed as well.
    socket.onerror = () => {};
  }

  get waitingBytes(): number {
    return this.#socket.bufferedAmount + this.#writtenBytes;
  }

  write(bytes: Uint8Array): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    const { outboxBytes } = this.#limits;
    if (this.waitingBytes + bytes.length > outboxBytes) {
      const why = `more than ${outboxBytes} bytes waited for it to read`;
      return queueMicrotask(() => this.#owner.failed(why));
    }
    if (this.#writtenBytes + bytes.length > FRAME_BYTES) this.#send();
    if (this.#written.length === 0) queueMicrotask(() => this.#send());
    this.#written.push(bytes);
    this.#writtenBytes += bytes.length;
  }

  close(why: string): void {
    this.#send();
    const reason = encodeText(why).length <= REASON_BYTES ? why : "";
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.close(1000, reason);
  }

  abort(): void {
    this.close("the session has ended");
  }

  resume(): void {
    if (this.#arrived.length > 0 && this.#owner.hungry()) queueMicrotask(() => this.#deliver());
  }

  #deliver(): void {
    while (this.#arrived.length > 0 && this.#owner.hungry()) {
      const text = this.#arrived.shift()!;
      this.#arrivedCharacters -= text.length;
      this.#owner.receive(encodeText(text));
    }
  }

  #send(): void {
    const messages = this.#written;
    if (messages.length === 0) return;
    this.#written = [];
    this.#writtenBytes = 0;
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(frameOf(messages));
  }

  #receive(data: unknown): void {
    if (typeof data !== "string") return this.#owner.failed("frames are text here");
    if (data.length > this.#maxCharacters) {
      return this.#owner.failed(`a frame has at most ${this.#maxCharacters} characters`);
    }
    if (this.#arrivedCharacters + data.length > this.#limits.outboxBytes) {
      return this.#owner.failed("sends more than can be taken");
    }
    this.#arrived.push(data);
    this.#arrivedCharacters += data.length;
    this.#deliver();
  }
}

function frameOf(messages: readonly Uint8Array[]): string {
  const same = last.messages.length === messages.length && last.messages.every((message, i) => message === messages[i]);
  if (!same) last = { messages, text: messages.map((message) => decoder.decode(message)).join("\n") };
  return last.text;
}

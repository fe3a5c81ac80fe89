import { concat } from "../core/bytes.ts";
import { encodeText } from "../core/text.ts";
import type { Ending, Transport, TransportOwner } from "../core/transport.ts";
import { CLOSE, encodeClose, encodeFrame, FrameDecoder, OPCODE } from "./frames.ts";

/** The size of a frame, unless one message alone is longer. */
const FRAME_BYTES = 32 * 1024;
/** A peer that is silent for this long is pinged, and given up after the same time again; browsers answer within a second. */
const IDLE_MS = 30_000;
/** No answer to a PING is added to more output than this: a flood of them must not fill the outbox. */
const PONG_BYTES = 4096;
const LINE_BREAK = encodeText("\n");

/** The frame sent last: peers that are told the same messages in one turn share its bytes. */
let last: { readonly messages: readonly Uint8Array[]; readonly frame: Uint8Array } = {
  messages: [],
  frame: new Uint8Array(0),
};

/**
 * The server's side of a WebSocket above a connection. The messages written in one turn leave in one frame, one a line; what
 * arrives is one message a frame.
 *
 * 1. A message of the peer has at most `messageBytes`, however many fragments it comes in.
 * 2. While the owner is not hungry, nothing is read.
 * 3. A peer that breaks the rules is told which, and the owner that the transport has failed.
 */
export class WebSocketTransport implements Transport {
  readonly #under: Transport;
  readonly #owner: TransportOwner;
  readonly #decoder: FrameDecoder;
  /** Messages that were written in this turn. */
  #written: Uint8Array[] = [];
  #writtenBytes = 0;
  #heardAt: number;
  #pinged = false;
  #closing = false;

  constructor(under: Transport, owner: TransportOwner, messageBytes: number, readonly now: () => number) {
    this.#under = under;
    this.#owner = owner;
    this.#decoder = new FrameDecoder(messageBytes);
    this.#heardAt = now();
  }

  get waitingBytes(): number {
    return this.#under.waitingBytes + this.#writtenBytes;
  }

  /** Whether messages can still be sent. */
  get isOpen(): boolean {
    return !this.#closing;
  }

  write(bytes: Uint8Array): void {
    if (this.#closing) return;
    if (this.#writtenBytes + bytes.length > FRAME_BYTES) this.#send();
    if (this.#written.length === 0) queueMicrotask(() => this.#send());
    this.#written.push(bytes);
    this.#writtenBytes += bytes.length;
  }

  /** Sends a message in a frame of its own, after those that were written. */
  writeAlone(bytes: Uint8Array): void {
    if (this.#closing) return;
    this.#send();
    this.#under.write(encodeFrame(OPCODE.text, bytes));
  }

  close(why: string): void {
    this.closeWith(CLOSE.normal, why);
  }

  /** Closes with a code of RFC 6455, or one of our own from 4000 on. */
  closeWith(code: number, why: string): void {
    if (this.#closing) return;
    this.#send();
    this.#closing = true;
    this.#under.write(encodeClose(code, why));
    this.#under.close(why);
  }

  abort(): void {
    this.#closing = true;
    this.#under.abort();
  }

  resume(): void {
    if (this.#decoder.heldBytes > 0 && this.#owner.hungry()) queueMicrotask(() => this.#deliver());
    this.#under.resume();
  }

  /** Pings a peer that is silent, and ends it when it stays so. */
  tick(now: number): void {
    if (this.#closing || now < this.#heardAt + IDLE_MS) return;
    if (now >= this.#heardAt + 2 * IDLE_MS) {
      this.abort();
      this.#owner.closed("broken");
    } else if (!this.#pinged) {
      this.#pinged = true;
      this.#under.write(encodeFrame(OPCODE.ping, new Uint8Array(0)));
    }
  }

  // The connection below.

  receive(bytes: Uint8Array): void {
    if (this.#closing) return;
    this.#heardAt = this.now();
    this.#pinged = false;
    this.#decoder.push(bytes);
    this.#deliver();
  }

  hungry(): boolean {
    return this.#closing || this.#owner.hungry();
  }

  closed(_ending: Ending): void {
    if (this.#closing) return;
    // Without a close frame it is not known whether everything has arrived.
    this.#end("broken");
  }

  failed(why: string): void {
    if (!this.#closing) this.#owner.failed(why);
  }

  #deliver(): void {
    let ping: Uint8Array | undefined;
    while (!this.#closing && this.#owner.hungry()) {
      const frame = this.#decoder.next();
      if (!frame) break;
      if (frame.type === "text") this.#owner.receive(frame.bytes);
      // Of several only the last has to be answered.
      else if (frame.type === "ping") ping = frame.bytes;
      else if (frame.type === "close") {
        this.#under.write(encodeClose(frame.code ?? CLOSE.normal, ""));
        return this.#end("finished");
      } else if (frame.type === "broken") {
        const { code, why } = frame;
        this.closeWith(code, why);
        return this.#owner.failed(why);
      }
    }
    if (ping && !this.#closing && this.#under.waitingBytes < PONG_BYTES) {
      this.#under.write(encodeFrame(OPCODE.pong, ping));
    }
  }

  #end(ending: Ending): void {
    this.#closing = true;
    this.#under.close("");
    this.#owner.closed(ending);
  }

  #send(): void {
    const messages = this.#written;
    if (messages.length === 0) return;
    this.#written = [];
    this.#writtenBytes = 0;
    if (this.#closing) return;
    if (this.#owner.tap) { for (const message of messages) this.#owner.tap.sent(message); }
    this.#under.write(frameOf(messages));
  }
}

function frameOf(messages: readonly Uint8Array[]): Uint8Array {
  const same = last.messages.length === messages.length && last.messages.every((message, i) => message === messages[i]);
  if (!same) {
    const lines = messages.flatMap((message, i) => i === 0 ? [message] : [LINE_BREAK, message]);
    last = { messages, frame: encodeFrame(OPCODE.text, concat(lines)) };
  }
  return last.frame;
}

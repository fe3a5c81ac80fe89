import type { Limits } from "../../core/limits.ts";
import type { Message } from "../../chat/event.ts";
import { encodeMessage } from "./lines.ts";
import { ReceiptDecoder } from "./receipts.ts";

/** What the lane has done with messages. */
export interface LaneWay {
  /** Sends one message on Lb. */
  send(message: Message, bytes: Uint8Array): void;
  /** A receipt came, whatever it is for. */
  receipt(): void;
  /** The client has answered for it. */
  taken(message: Message): void;
  /** It will not be answered for, and why. */
  missed(message: Message, sent: boolean, why: string): void;
}

/**
 * What goes down one Lb: one message at a time, the next only when the last is answered or given up.
 *
 * A receipt carries no number. One that comes when nothing is in flight is dropped; one that comes late, while the next
 * message is in flight, is taken for that one: the handout gives no way to tell.
 */
export class Lane {
  #receipts = new ReceiptDecoder();
  #waiting: Message[] = [];
  #waitingBytes = 0;
  #inFlight: Message | undefined;
  #open = false;
  #held: (() => void) | undefined;
  /** When the message in flight is given up. */
  deadline = Infinity;
  /** Messages in a row that were given up. */
  misses = 0;

  constructor(readonly limits: Pick<Limits, "receiptMs" | "outboxBytes">, readonly way: LaneWay) {}

  /** Lb is connected. */
  open(now: number): void {
    this.#open = true;
    this.#advance(now);
  }

  /** One more message for this client, sent when its turn comes. */
  offer(message: Message, now: number): void {
    const bytes = encodeMessage(message).length;
    if (this.#waitingBytes + bytes > this.limits.outboxBytes) {
      return this.way.missed(message, false, `${this.#waitingBytes} bytes wait already`);
    }
    this.#waiting.push(message);
    this.#waitingBytes += bytes;
    this.#advance(now);
  }

  /** Bytes that the client sent on Lb. */
  push(bytes: Uint8Array, now: number): void {
    const count = this.#receipts.push(bytes);
    for (let i = 0; i < count; i++) this.way.receipt();
    // One at most: whatever else came with it was sent before the next message was.
    if (count > 0 && this.#inFlight) this.#taken(this.#inFlight, now);
  }

  /** Gives up the message in flight when its time is over. */
  tick(now: number): void {
    if (now < this.deadline || !this.#inFlight) return;
    const message = this.#inFlight;
    this.#inFlight = undefined;
    this.deadline = Infinity;
    this.misses++;
    this.way.missed(message, true, `no receipt within ${this.limits.receiptMs} ms`);
    this.#advance(now);
  }

  /** Sends nothing more; `idle` is called once what is in flight is answered or given up. */
  hold(idle: () => void, now: number): void {
    this.#held = idle;
    this.#advance(now);
  }

  /** Nothing goes down any more. */
  close(): void {
    this.#open = false;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#inFlight = undefined;
    this.deadline = Infinity;
  }

  #taken(message: Message, now: number): void {
    this.#inFlight = undefined;
    this.deadline = Infinity;
    this.misses = 0;
    this.way.taken(message);
    this.#advance(now);
  }

  #advance(now: number): void {
    if (!this.#open || this.#inFlight) return;
    if (this.#held) return this.#held();
    const message = this.#waiting.shift();
    if (!message) return;
    const bytes = encodeMessage(message);
    this.#waitingBytes -= bytes.length;
    this.#inFlight = message;
    // Half a receipt that stands there was meant for a message before.
    this.#receipts.forget();
    this.deadline = now + this.limits.receiptMs;
    this.way.send(message, bytes);
  }
}

import type { Message } from "../../chat/event.ts";
import type { Limits } from "../../core/limits.ts";
import { RateLimiter } from "../../core/limiters.ts";
import type { Outputs } from "../../core/machine.ts";
import { encodeText } from "../../core/text.ts";
import type { SessionOutput } from "../session.ts";
import { encodeMessage, LB, messageLine, RECEIPT } from "./lines.ts";

const NEWLINE = 0x0a;
const RECEIPT_BYTES = encodeText(RECEIPT);
const CODE_BYTES = encodeText("302");
const LINE_BYTES = encodeText(RECEIPT + "\n");
/** A receipt, with `\r\n` and a NUL behind it. */
const MAX_RECEIPT_BYTES = RECEIPT_BYTES.length + 3;

export type ReceiptLimits = Pick<Limits, "receiptMs" | "outboxBytes" | "burstCommands" | "commandsPerSecond">;

/**
 * The messages for one Lb: one message at a time, the next only when the last is confirmed or given up.
 *
 * A receipt carries no number. One that comes when nothing is in flight is dropped; one that comes late, while the next
 * message is in flight, counts for that one: the handout gives no way to tell them apart.
 *
 * The receipt of the message in flight is free. Everything else that comes on Lb counts as a command for each receipt's length
 * of bytes; above the rate of commands Lb is not read for a while.
 */
export class ReceiptQueue {
  readonly #limits: ReceiptLimits;
  readonly #outputs: Outputs<SessionOutput>;
  readonly #traces: boolean;
  readonly #receipts = new ReceiptDecoder();
  #waiting: Message[] = [];
  #waitingBytes = 0;
  #inFlight: Message | undefined;
  #open = false;
  readonly #rate: RateLimiter;
  /** When Lb is to be read again; Infinity while it is read. */
  readableAt = Infinity;
  /** When the message in flight is given up. */
  deadline = Infinity;
  /** Messages in a row that were given up. */
  misses = 0;

  /** Pushes its outputs to those of its session. */
  constructor(limits: ReceiptLimits, outputs: Outputs<SessionOutput>, traces: boolean, now: number) {
    this.#limits = limits;
    this.#rate = new RateLimiter(limits.burstCommands, limits.commandsPerSecond, now);
    this.#outputs = outputs;
    this.#traces = traces;
  }

  /** Lb is connected. */
  open(now: number): void {
    this.#open = true;
    this.#advance(now);
  }

  /** When `tick` is wanted. */
  get wakeAt(): number {
    return Math.min(this.deadline, this.readableAt);
  }

  /** Whether to read more of Lb. */
  get hungry(): boolean {
    return this.readableAt === Infinity;
  }

  /** Queues a message. */
  offer(message: Message, now: number): void {
    const bytes = encodeMessage(message).length;
    if (this.#waitingBytes + bytes > this.#limits.outboxBytes) {
      return this.#missed(message, false, `${this.#waitingBytes} bytes wait already`);
    }
    this.#waiting.push(message);
    this.#waitingBytes += bytes;
    this.#advance(now);
  }

  /** Bytes that the client sent on Lb. */
  receive(bytes: Uint8Array, now: number): void {
    const count = this.#receipts.push(bytes);
    if (count !== 1 || !this.#inFlight || bytes.length > MAX_RECEIPT_BYTES) this.#charge(bytes.length, now);
    for (let i = 0; this.#traces && i < count; i++) {
      this.#outputs.push({ type: "trace", link: LB, direction: "up", line: RECEIPT });
    }
    // At most one message: further receipts were sent before the next message was.
    if (count === 0 || !this.#inFlight) return;
    const { id } = this.#inFlight;
    this.#inFlight = undefined;
    this.deadline = Infinity;
    this.misses = 0;
    this.#outputs.push({ type: "command", command: { type: "taken", id } });
    this.#advance(now);
  }

  /** Gives up the message in flight when its time is over. */
  tick(now: number): void {
    if (now >= this.readableAt) this.readableAt = Infinity;
    if (now < this.deadline || !this.#inFlight) return;
    const message = this.#inFlight;
    this.#inFlight = undefined;
    this.deadline = Infinity;
    this.misses++;
    this.#missed(message, true, `no receipt within ${this.#limits.receiptMs} ms`);
    this.#advance(now);
  }

  /** Drops everything. */
  close(): void {
    this.#open = false;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#inFlight = undefined;
    this.deadline = this.readableAt = Infinity;
  }

  #charge(bytes: number, now: number): void {
    this.#rate.charge(now, Math.ceil(bytes / MAX_RECEIPT_BYTES));
    const readyAt = this.#rate.readyAt(now);
    this.readableAt = readyAt > now ? readyAt : Infinity;
  }

  #missed({ id, from }: Message, sent: boolean, why: string): void {
    this.#outputs.push({ type: "log", level: "info", text: `a message from ${from} is given up: ${why}` });
    this.#outputs.push({ type: "command", command: { type: "missed", id, sent } });
  }

  #advance(now: number): void {
    if (!this.#open || this.#inFlight) return;
    const message = this.#waiting.shift();
    if (!message) return;
    const bytes = encodeMessage(message);
    this.#waitingBytes -= bytes.length;
    this.#inFlight = message;
    // Half a receipt that has come already was meant for an earlier message.
    this.#receipts.forget();
    this.deadline = now + this.#limits.receiptMs;
    if (this.#traces) this.#outputs.push({ type: "trace", link: LB, direction: "down", line: messageLine(message) });
    this.#outputs.push({ type: "write", link: LB, bytes });
  }
}

/**
 * Finds receipts in what a client sends on Lb, with or without their newline, however they are cut or joined. It ignores
 * other lines, and NULs, which programs in C send at the end of a buffer. It holds at most one receipt's bytes.
 */
export class ReceiptDecoder {
  #head = new Uint8Array(RECEIPT_BYTES.length);
  #length = 0;
  /** The rest of the line is ignored. */
  #skipping = false;
  /** A receipt came without its newline, which may still come. */
  #complete = false;

  /** Returns how many receipts these bytes complete. */
  push(bytes: Uint8Array): number {
    // The usual case: one receipt with its newline, and nothing left from before.
    if (this.#length === 0 && !this.#skipping && isWholeLine(bytes)) return 1;
    let found = 0;
    for (const byte of bytes) {
      if (byte === 0) continue;
      if (byte === NEWLINE) {
        if (!this.#complete && this.#startsWithCode()) found++;
        this.#length = 0;
        this.#skipping = this.#complete = false;
        continue;
      }
      if (this.#complete) {
        // A `\r` belongs to the newline that follows; anything else begins the next receipt.
        if (byte === 0x0d) continue;
        this.#complete = false;
        this.#length = 0;
      }
      if (this.#skipping) continue;
      if (this.#length === this.#head.length) {
        this.#skipping = true;
        continue;
      }
      this.#head[this.#length++] = byte;
      if (this.#length === RECEIPT_BYTES.length && this.#isReceipt()) {
        found++;
        this.#complete = true;
      }
    }
    return found;
  }

  /** Forgets the beginning of a line that has not ended. */
  forget(): void {
    this.#length = 0;
    this.#skipping = this.#complete = false;
  }

  #isReceipt(): boolean {
    return RECEIPT_BYTES.every((byte, i) => this.#head[i] === byte);
  }

  /** A line of `302` and any text is a receipt too. */
  #startsWithCode(): boolean {
    if (this.#length < CODE_BYTES.length) return false;
    const after = this.#head[CODE_BYTES.length];
    return CODE_BYTES.every((byte, i) => this.#head[i] === byte) &&
      (this.#length === CODE_BYTES.length || after === 0x20 || after === 0x0d);
  }
}

function isWholeLine(bytes: Uint8Array): boolean {
  if (bytes.length !== LINE_BYTES.length) return false;
  for (let i = 0; i < LINE_BYTES.length; i++) if (bytes[i] !== LINE_BYTES[i]) return false;
  return true;
}

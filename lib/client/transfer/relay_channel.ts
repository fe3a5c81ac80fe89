import { type Signal, SIGNAL_BYTES } from "../../protocols/transfer/signal.ts";
import type { ByteChannel } from "./byte_channel.ts";

/** Bytes under way that were not said to be taken: few, since the chat goes the same way. */
const WINDOW_BYTES = 64 * 1024;
/** Bytes taken before it is said. */
const TELL_BYTES = 16 * 1024;

/** The chat as a way for bytes: each end says how much it has taken, so that neither sends more than the other wants. */
export class RelayChannel implements ByteChannel {
  #sent = 0;
  #taken = 0;
  #received = 0;
  #told = 0;
  #came: Uint8Array[] = [];
  #closed = false;
  /** Wakes whoever waits for something to come, or for room. */
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;

  constructor(readonly transfer: string, readonly signal: (signal: Signal) => void) {}

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      while (!this.#closed && this.#sent - this.#taken >= WINDOW_BYTES) {
        await new Promise<void>((resolve) => this.#wakeWriter = resolve);
      }
      if (this.#closed) throw new Error("the way through the chat is closed");
      const part = bytes.subarray(at, at + SIGNAL_BYTES);
      this.signal({ type: "bytes", transfer: this.transfer, from: this.#sent, bytes: part });
      this.#sent += part.length;
      at += part.length;
    }
  }

  async read(): Promise<Uint8Array | null> {
    this.#tell();
    while (!this.#closed && this.#came.length === 0) {
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
    }
    const bytes = this.#came.shift();
    if (!bytes) return null;
    this.#received += bytes.length;
    return bytes;
  }

  /** The other end learns it from what was said. */
  shut(): void {
    this.close();
  }

  close(): void {
    this.#closed = true;
    this.#wakeReader?.();
    this.#wakeWriter?.();
  }

  /** The other end has said something on this way. */
  signalled(signal: Extract<Signal, { type: "bytes" | "taken" }>): void {
    if (signal.type === "taken") {
      this.#taken = Math.max(this.#taken, Math.min(signal.upTo, this.#sent));
      return this.#wakeWriter?.();
    }
    const waiting = this.#came.reduce((sum, { length }) => sum + length, 0);
    // A hole means that the chat was interrupted, and too much that somebody does not wait.
    if (signal.from !== this.#received + waiting || waiting > 2 * WINDOW_BYTES) return this.close();
    this.#came.push(signal.bytes);
    this.#wakeReader?.();
  }

  #tell(): void {
    if (this.#received - this.#told < TELL_BYTES && this.#came.length > 0) return;
    if (this.#received === this.#told) return;
    this.#told = this.#received;
    this.signal({ type: "taken", transfer: this.transfer, upTo: this.#received });
  }
}

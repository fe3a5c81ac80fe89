import type { RelaySignal } from "./output.ts";
import { type Signal, SIGNAL_BYTES } from "./signal.ts";

/** Cap on bytes sent and not acknowledged: few, since the chat uses the same connection. */
const WINDOW_BYTES = 64 * 1024;
/** Bytes taken between two acknowledgements. */
const ACK_BYTES = 16 * 1024;

/**
 * One end of a byte stream that is relayed through the chat. Pure: after each call its runner sends `takeSignals`.
 *
 * 1. Neither end has more than a window of unacknowledged bytes on the way, so a slow receiver slows the sender.
 * 2. A gap in what arrives closes it: the chat was interrupted.
 */
export class Relay {
  readonly #waiting: Uint8Array[] = [];
  readonly #arrived: Uint8Array[] = [];
  #arrivedBytes = 0;
  #sent = 0;
  #acknowledged = 0;
  #received = 0;
  #told = 0;
  #signals: Signal[] = [];
  isClosed = false;

  constructor(readonly transfer: string) {}

  /** Whether everything that was written has been sent. */
  get isDrained(): boolean {
    return this.#waiting.length === 0;
  }

  /** Sends bytes, as the window permits. They must not change until `isDrained`. */
  write(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#send();
  }

  /** The next bytes that have arrived, if any; acknowledges those of earlier calls. */
  read(): Uint8Array | undefined {
    const untold = this.#received - this.#told;
    if (untold >= ACK_BYTES || (untold > 0 && this.#arrived.length === 0)) {
      this.#told = this.#received;
      this.#signals.push({ type: "taken", transfer: this.transfer, upTo: this.#received });
    }
    const bytes = this.#arrived.shift();
    if (!bytes) return undefined;
    this.#arrivedBytes -= bytes.length;
    this.#received += bytes.length;
    return bytes;
  }

  /** A signal from the other end. */
  receive(signal: RelaySignal): void {
    if (signal.type === "taken") {
      this.#acknowledged = Math.max(this.#acknowledged, Math.min(signal.upTo, this.#sent));
      return this.#send();
    }
    // More than the window: the other end does not keep to it.
    if (signal.from !== this.#received + this.#arrivedBytes || this.#arrivedBytes > 2 * WINDOW_BYTES) {
      this.isClosed = true;
      return;
    }
    this.#arrived.push(signal.bytes);
    this.#arrivedBytes += signal.bytes.length;
  }

  takeSignals(): Signal[] {
    return this.#signals.splice(0);
  }

  #send(): void {
    while (!this.isClosed && this.#waiting.length > 0 && this.#sent - this.#acknowledged < WINDOW_BYTES) {
      const [first] = this.#waiting;
      const bytes = first!.subarray(0, SIGNAL_BYTES);
      this.#signals.push({ type: "bytes", transfer: this.transfer, from: this.#sent, bytes });
      this.#sent += bytes.length;
      if (bytes.length === first!.length) this.#waiting.shift();
      else this.#waiting[0] = first!.subarray(bytes.length);
    }
  }
}

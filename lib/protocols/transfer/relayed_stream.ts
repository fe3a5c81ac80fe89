import { Fault } from "../../core/errors.ts";
import { encodeFrame, type FileMessage, FrameDecoder, hasContent } from "./frames.ts";
import type { AttemptEvent, RelaySignal } from "./output.ts";
import { Relay } from "./relay.ts";
import type { Signal } from "./signal.ts";

/**
 * The frames of one stream that is relayed through the chat, not sealed. Pure: after each call its runner takes events and
 * signals. A frame counts as sent once the relay has taken all of it, so a slow receiver slows what is read.
 */
export class RelayedStream {
  readonly #relay: Relay;
  readonly #decoder: FrameDecoder;
  readonly #waiting: FileMessage[] = [];
  /** The message whose frame the relay is taking. */
  #writing: FileMessage | undefined;
  #finishing = false;
  #events: AttemptEvent[] = [];
  isOver = false;

  /** `mostBytes`: cap on the frames that arrive, which are held in memory; by default that of any frame. */
  constructor(readonly id: number, readonly transfer: string, readonly to: string, mostBytes?: number) {
    this.#decoder = new FrameDecoder(undefined, mostBytes);
    this.#relay = new Relay(transfer);
  }

  /** Whether it ends once everything is written. */
  get isFinishing(): boolean {
    return this.#finishing;
  }

  takeEvents(): AttemptEvent[] {
    return this.#events.splice(0);
  }

  takeSignals(): Signal[] {
    return this.#relay.takeSignals();
  }

  receive(signal: RelaySignal): void {
    if (this.isOver) return;
    this.#relay.receive(signal);
    if (this.#relay.isClosed) return this.#break("the relayed stream is interrupted");
    this.#write();
    for (let bytes; !this.isOver && (bytes = this.#relay.read());) this.#decode(bytes);
  }

  send(message: FileMessage): void {
    if (this.isOver || this.#finishing) return;
    this.#waiting.push(message);
    this.#write();
  }

  /** Ends it once everything is written. */
  finish(): void {
    this.#finishing = true;
    this.#write();
  }

  #decode(bytes: Uint8Array): void {
    const stream = this.id;
    this.#events.push({ type: "heard", stream });
    this.#decoder.push(bytes);
    for (const message of this.#decoder.messages()) {
      if (message instanceof Fault) return this.#break(message.message, true);
      this.#events.push({ type: "frame", stream, message });
    }
  }

  #write(): void {
    while (!this.isOver && this.#relay.isDrained) {
      if (this.#writing && hasContent(this.#writing)) this.#events.push({ type: "sent", stream: this.id });
      this.#writing = this.#waiting.shift();
      if (!this.#writing) {
        this.isOver = this.#finishing;
        return;
      }
      this.#relay.write(encodeFrame(this.#writing));
    }
  }

  #break(why: string, isMalformed = false): void {
    this.isOver = true;
    this.#events.push({ type: "broken", stream: this.id, why, isMalformed });
  }
}

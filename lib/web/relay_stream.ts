import { Fault } from "../core/errors.ts";
import { encodeFrame, type FileMessage, FrameDecoder, hasContent } from "../protocols/transfer/frames.ts";
import type { AttemptEvent, RelaySignal } from "../protocols/transfer/output.ts";
import { Relay } from "../protocols/transfer/relay.ts";
import type { Signal } from "../protocols/transfer/signal.ts";
import { RELAY_BROKEN } from "./texts.ts";

/** The streams of a page that are relayed through the chat. */
export class RelayStreams {
  readonly #streams = new Map<number, RelayStream>();

  /** `nextId` gives a new stream its number. */
  constructor(
    readonly signal: (to: string, signal: Signal) => void,
    readonly event: (transfer: string, event: AttemptEvent) => void,
    readonly nextId: () => number,
  ) {}

  connect(transfer: string, to: string): void {
    const id = this.nextId();
    const signal = (signal: Signal) => this.signal(to, signal);
    this.#streams.set(id, new RelayStream(id, transfer, signal, (event) => this.event(transfer, event)));
    this.event(transfer, { type: "connected", stream: id, by: "relay", theirKey: undefined, ourKey: undefined });
  }

  /** Begins to read; returns whether it is a relayed stream. */
  open(id: number): boolean {
    const stream = this.#streams.get(id);
    stream?.open();
    return stream !== undefined;
  }

  send(id: number, message: FileMessage): void {
    this.#streams.get(id)?.send(message);
  }

  receive(transfer: string, signal: RelaySignal): void {
    for (const stream of this.#streams.values()) if (stream.transfer === transfer) stream.receive(signal);
  }

  close(id: number): void {
    this.#streams.get(id)?.close();
    this.#streams.delete(id);
  }

  closeAll(transfer: string): void {
    for (const stream of [...this.#streams.values()]) if (stream.transfer === transfer) this.close(stream.id);
  }
}

/** The frames of one relayed stream. */
class RelayStream {
  readonly #relay: Relay;
  readonly #frames = new FrameDecoder();
  readonly #waiting: FileMessage[] = [];
  #writing: FileMessage | undefined;
  #isOpen = false;
  #hasBroken = false;

  constructor(
    readonly id: number,
    readonly transfer: string,
    readonly signal: (signal: Signal) => void,
    readonly event: (event: AttemptEvent) => void,
  ) {
    this.#relay = new Relay(transfer);
  }

  /** Begins to read. */
  open(): void {
    this.#isOpen = true;
    this.#read();
  }

  send(message: FileMessage): void {
    this.#waiting.push(message);
    this.#write();
  }

  receive(signal: RelaySignal): void {
    this.#relay.receive(signal);
    this.#flush();
    this.#write();
    this.#read();
  }

  close(): void {
    this.#hasBroken = true;
    this.#relay.isClosed = true;
  }

  #write(): void {
    while (!this.#relay.isClosed && this.#relay.isDrained) {
      const written = this.#writing;
      this.#writing = this.#waiting.shift();
      if (this.#writing) this.#relay.write(encodeFrame(this.#writing));
      this.#flush();
      if (written && hasContent(written)) this.event({ type: "sent", stream: this.id });
      if (!this.#writing) return;
    }
  }

  #read(): void {
    if (!this.#isOpen) return;
    for (let bytes; !this.#relay.isClosed && (bytes = this.#relay.read());) {
      this.event({ type: "heard", stream: this.id });
      this.#frames.push(bytes);
      for (const message of this.#frames.messages()) {
        if (message instanceof Fault) return this.#break(message.message, true);
        this.event({ type: "frame", stream: this.id, message });
      }
    }
    this.#flush();
    if (this.#relay.isClosed) this.#break(RELAY_BROKEN);
  }

  #break(why: string, isMalformed = false): void {
    if (this.#hasBroken) return;
    this.close();
    this.event({ type: "broken", stream: this.id, why, isMalformed });
  }

  #flush(): void {
    for (const signal of this.#relay.takeSignals()) this.signal(signal);
  }
}

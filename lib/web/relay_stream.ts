import type { FileMessage } from "../protocols/transfer/frames.ts";
import type { AttemptEvent, RelaySignal } from "../protocols/transfer/output.ts";
import { RelayedStream } from "../protocols/transfer/relayed_stream.ts";
import type { Signal } from "../protocols/transfer/signal.ts";

/** The streams of a page that are relayed through the chat. */
export class RelayStreams {
  readonly #streams = new Map<number, RelayedStream>();

  /** `nextId` gives a new stream its number. */
  constructor(
    readonly signal: (to: string, signal: Signal) => void,
    readonly event: (transfer: string, event: AttemptEvent) => void,
    readonly nextId: () => number,
  ) {}

  connect(transfer: string, to: string): void {
    const id = this.nextId();
    this.#streams.set(id, new RelayedStream(id, transfer, to));
    this.event(transfer, { type: "connected", stream: id, by: "relay", theirKey: undefined, ourKey: undefined });
  }

  has(id: number): boolean {
    return this.#streams.has(id);
  }

  send(id: number, message: FileMessage): void {
    const stream = this.#streams.get(id);
    if (stream) this.#act(stream, () => stream.send(message));
  }

  receive(transfer: string, signal: RelaySignal): void {
    for (const stream of this.#of(transfer)) this.#act(stream, () => stream.receive(signal));
  }

  close(id: number): void {
    this.#streams.delete(id);
  }

  closeAll(transfer: string): void {
    for (const { id } of this.#of(transfer)) this.close(id);
  }

  #of(transfer: string): RelayedStream[] {
    return [...this.#streams.values()].filter((stream) => stream.transfer === transfer);
  }

  /** Acts on a stream, and passes on what it has for the other end and for the machine, which may close it. */
  #act(stream: RelayedStream, act: () => void): void {
    act();
    for (const signal of stream.takeSignals()) this.signal(stream.to, signal);
    for (const event of stream.takeEvents()) {
      if (!this.#streams.has(stream.id)) return;
      this.event(stream.transfer, event);
    }
  }
}

import type { AttemptEvent, TransferOutput } from "../protocols/transfer/output.ts";
import type { RtcDescription } from "../protocols/transfer/rtc_description.ts";
import type { Signal } from "../protocols/transfer/signal.ts";
import { RelayStreams } from "./relay_stream.ts";
import { hasConnections } from "./rtc.ts";
import { freshId } from "./storage.ts";
import { StraightStreams } from "./straight_streams.ts";

export type StreamOutput = Extract<TransferOutput, {
  type: "dial" | "listen" | "answered" | "relay" | "relaySignal" | "frame" | "finishStream" | "closeStream";
}>;
type Report = (transfer: string, event: AttemptEvent) => void;

/** The streams of a page: straight to another browser, or relayed through the chat. */
export class PageStreams {
  readonly #event: Report;
  readonly #relayed: RelayStreams;
  /** Undefined in a browser that connects to no other. */
  readonly #straight: StraightStreams | undefined;

  constructor(signal: (to: string, signal: Signal) => void, event: Report) {
    let last = 0;
    const nextId = () => ++last;
    this.#event = event;
    this.#relayed = new RelayStreams(signal, event, nextId);
    this.#straight = hasConnections ? new StraightStreams(event, nextId) : undefined;
  }

  get connectsBrowsers(): boolean {
    return this.#straight !== undefined;
  }

  do(output: StreamOutput): void {
    switch (output.type) {
      case "dial":
        return this.#dial(output.transfer, output.rtc);
      case "listen":
        return void this.#listen(output.transfer, output.rtc);
      case "answered":
        return this.#straight?.answered(output.transfer, output.rtc);
      case "relay":
        this.#straight?.closeAll(output.transfer);
        return this.#relayed.connect(output.transfer, output.to);
      case "relaySignal":
        return this.#relayed.receive(output.transfer, output.signal);
      case "frame":
        this.#straight?.send(output.stream, output.message);
        return this.#relayed.send(output.stream, output.message);
      case "finishStream":
        this.#straight?.finish(output.stream);
        // The last frame of a relayed one is on its way: the window leaves room for it.
        return this.#relayed.close(output.stream);
      case "closeStream":
        this.#straight?.close(output.stream);
        return this.#relayed.close(output.stream);
    }
  }

  isRelayed(id: number): boolean {
    return this.#relayed.has(id);
  }

  /** Closes what belongs to an attempt, apart from streams that are finishing. */
  closeAll(transfer: string): void {
    this.#straight?.closeAll(transfer);
    this.#relayed.closeAll(transfer);
  }

  /** Expects the other side's browser, if it has one. */
  async #listen(transfer: string, isBrowser: boolean): Promise<void> {
    const rtc = isBrowser ? await this.#straight?.offer(transfer) : undefined;
    this.#event(transfer, { type: "listening", token: freshId(), at: [], key: undefined, rtc });
  }

  /** Connects to the other side's browser; a page reaches nothing else. */
  #dial(transfer: string, rtc: RtcDescription | undefined): void {
    if (rtc && this.#straight) void this.#straight.answer(transfer, rtc);
    else this.#event(transfer, { type: "unreachable" });
  }
}

import type { Outputs } from "../../core/machine.ts";
import { candidatesOf, dialAddresses } from "./addresses.ts";
import type { AttemptEvent, TransferOutput } from "./output.ts";
import type { Signal } from "./signal.ts";

type Connected = Extract<AttemptEvent, { type: "connected" }>;

/**
 * How the receiver gets a stream in one attempt: the sender dials us; or else it says where it listens, and we dial, a browser
 * another browser; or else the stream is relayed through the chat. Pure; a part of `Download`.
 */
export class DownloadAttempt {
  readonly #out: Outputs<TransferOutput>;
  readonly #sender: string;
  readonly #offer: string;
  #theirKey: string | undefined;
  /** Whether we have dialled; done once. */
  hasDialled = false;
  /** Whether it was the sender's browser. */
  hasDialledBrowser = false;
  /** Whether a relayed stream is open or being opened. */
  isRelaying = false;
  /** The stream that is being opened, if any. One at a time. */
  #opening: number | undefined;

  constructor(out: Outputs<TransferOutput>, sender: string, offer: string, readonly transfer: string) {
    this.#out = out;
    this.#sender = sender;
    this.#offer = offer;
  }

  get isOpening(): boolean {
    return this.#opening !== undefined;
  }

  dial({ token, at, key, rtc }: Extract<Signal, { type: "come" }>, seen: string | undefined): void {
    this.hasDialled = true;
    this.hasDialledBrowser = rtc !== undefined;
    this.#theirKey = key;
    const addresses = dialAddresses(at, seen);
    const dial = { type: "dial", transfer: this.transfer, token, addresses, seals: true } as const;
    this.#out.push(rtc === undefined ? dial : { ...dial, rtc: candidatesOf(rtc, seen) });
  }

  /** Our browser connects to the sender's like this. */
  answered({ rtc }: Extract<AttemptEvent, { type: "answered" }>): void {
    this.#out.push({ type: "signal", to: this.#sender, signal: { type: "answer", transfer: this.transfer, rtc } });
  }

  /** We cannot reach the sender either: proposes a relayed stream. */
  unreachable(): void {
    this.#out.push({ type: "signal", to: this.#sender, signal: { type: "relay", transfer: this.transfer } });
  }

  relay({ key }: Extract<Signal, { type: "relayed" }>): void {
    if (this.isOpening || this.isRelaying) return;
    this.#theirKey = key;
    this.isRelaying = true;
    this.#out.push({ type: "relay", transfer: this.transfer, to: this.#sender });
  }

  relaySignal(signal: Extract<Signal, { type: "bytes" | "taken" }>): void {
    if (this.isRelaying) this.#out.push({ type: "relaySignal", transfer: this.transfer, signal });
  }

  connected({ stream, by, theirKey }: Connected): void {
    if (this.isOpening) return this.#out.push({ type: "closeStream", stream });
    if (by === "caller") this.#theirKey = theirKey;
    this.#opening = stream;
    const target = this.#offer;
    this.#out.push({ type: "open", transfer: this.transfer, stream, theirKey: this.#theirKey, target });
  }

  /** Whether it was this stream that was being opened; now none is. */
  opened(stream: number): boolean {
    if (stream !== this.#opening) {
      this.#out.push({ type: "closeStream", stream });
      return false;
    }
    this.#opening = undefined;
    return true;
  }

  /** The chat is interrupted: ends what it relays. */
  interrupt(): void {
    this.isRelaying = false;
    if (this.#opening !== undefined) this.#out.push({ type: "closeStream", stream: this.#opening });
    this.#opening = undefined;
  }

  release(): void {
    this.#out.push({ type: "release", transfer: this.transfer });
  }
}

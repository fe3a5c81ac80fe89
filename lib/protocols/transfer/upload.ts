import type { Address } from "../../core/address.ts";
import { candidatesOf, dialAddresses } from "./addresses.ts";
import type { TransferItem } from "./event.ts";
import { ItemEvents, PROGRESS_MS } from "./item_events.ts";
import type { AttemptEvent, TransferContext } from "./output.ts";
import type { OfferMade } from "./offer.ts";
import { SendingStream } from "./sending_stream.ts";
import type { Signal } from "./signal.ts";

export type Want = Extract<Signal, { type: "want" }>;

/** Silence on a connection that we have opened, after which another one is opened beside it. */
const QUIET_MS = 2000;
/** Before the next such connection; doubled each time, up to the maximum. */
const REDIAL_MS = 1000;
const REDIAL_MAX_MS = 5000;
/** Connections tried one after the other without a chunk; then it is up to the receiver to ask again. */
const BROKEN_REDIALS = 2;
/** Silence after which an attempt is given up. */
const SILENCE_MS = 60_000;

/**
 * The sender's side of one attempt to send one offer to one receiver: dials the receiver, or else is dialled, or else uses a
 * relayed stream. A connection that we have dialled and that falls silent is dialled again; the receiver chooses between the two.
 */
export class Upload {
  wakeAt: number;
  /** How the attempt has ended. */
  result: "done" | { readonly why: string } | undefined;
  /** Whether the receiver's browser was offered a connection, since it came online. */
  offersRtc = false;
  readonly #context: TransferContext;
  readonly #item: TransferItem;
  readonly #events: ItemEvents;
  readonly #want: Want;
  readonly #addresses: readonly Address[];
  readonly #seen: string | undefined;
  /** Whether the receiver's browser may answer how it connects to ours; it does so once. */
  #awaitsAnswer = false;
  #source: { readonly manifest: Uint8Array; readonly chunks: number } | undefined;
  #stream: SendingStream | undefined;
  #relaying = false;
  /** Whether we have reached the receiver; if not, it is the receiver who dials. */
  #dials = false;
  #dialling = false;
  /** Why the stream has broken; undefined while it works. */
  #broken: string | undefined;
  #redials = 0;
  #redialAt = 0;
  /** Chunks that the receiver has said to have, at most so far. */
  #had = 0;

  constructor(
    context: TransferContext,
    made: OfferMade,
    item: TransferItem,
    readonly to: string,
    want: Want,
    seen: string | undefined,
    now: number,
  ) {
    this.#context = context;
    this.#item = item;
    this.#events = new ItemEvents(context.out, item, to, true);
    this.#want = want;
    this.#addresses = dialAddresses(want.at, seen);
    this.#seen = seen;
    this.wakeAt = now + SILENCE_MS;
    context.out.push({ type: "openSource", transfer: want.transfer, made });
  }

  get transfer(): string {
    return this.#want.transfer;
  }

  /** Whether no stream is open or it has fallen silent, so that a new attempt of the receiver may replace this one. */
  isIdle(now: number): boolean {
    return !this.#stream || this.#broken !== undefined || now - this.#stream.heardAt > QUIET_MS;
  }

  signalled(signal: Extract<Signal, { transfer: string }>): void {
    if (this.result) return;
    if (signal.type === "relay" && !this.#relaying && this.#source) {
      this.#relaying = true;
      this.#awaitsAnswer = false;
      if (this.offersRtc) this.#context.relayOnly.add(this.to);
      this.#context.out.push({ type: "relay", transfer: this.transfer, to: this.to });
    } else if (signal.type === "answer") {
      if (!this.#awaitsAnswer) return;
      this.#awaitsAnswer = false;
      const rtc = candidatesOf(signal.rtc, this.#seen);
      this.#context.out.push({ type: "answered", transfer: this.transfer, rtc });
    } else if (signal.type === "bytes" || signal.type === "taken") {
      this.#context.out.push({ type: "relaySignal", transfer: this.transfer, signal });
    }
  }

  /** A signal to the receiver has reached no one. */
  notReached(): void {
    if (this.#relaying || !this.#stream) this.#end({ why: `${this.to} is offline` });
  }

  /** The user withdraws the offer. */
  stop(why: string): void {
    this.#stream?.fail(why);
    this.#end({ why });
  }

  /** Ends the attempt without a word. */
  close(): void {
    if (this.result) return;
    this.#end({ why: "closed" });
  }

  event(event: AttemptEvent, now: number): void {
    if (this.result) return;
    switch (event.type) {
      case "sourceOpened":
        this.#source = event;
        return this.#dial();
      case "sourceFailed": {
        // It may become readable again, as on a stick that was unplugged: the receiver tries again.
        const why = `it cannot be read there (${event.failure.forOthers})`;
        this.#signal({ type: "later", transfer: this.transfer, why });
        return this.#end({ why: event.failure.why });
      }
      case "unreachable":
        this.#dialling = false;
        if (!this.#dials) {
          this.offersRtc = this.#want.rtc === true && !this.#context.relayOnly.has(this.to);
          this.#context.out.push({ type: "listen", transfer: this.transfer, rtc: this.offersRtc });
        }
        return;
      case "listening":
        this.#awaitsAnswer = event.rtc !== undefined;
        return this.#signal({
          type: "come",
          transfer: this.transfer,
          token: event.token,
          at: event.at,
          key: this.#want.key && event.key,
          rtc: event.rtc,
        });
      case "connected":
        return this.#connected(event);
      case "opened":
        return this.#opened(event, now);
      case "openFailed":
        return this.#context.out.push({ type: "closeStream", stream: event.stream });
    }
    const stream = this.#stream;
    if (!stream || !("stream" in event) || stream.id !== event.stream) return;
    switch (event.type) {
      case "heard":
        stream.heardAt = now;
        return;
      case "frame":
        stream.receive(event.message);
        if (event.message.type === "have") this.#has(event.message.count, now);
        break;
      case "sent":
        stream.sent();
        break;
      case "chunkRead":
        stream.chunkRead(event.chunk, event.bytes);
        break;
      case "readFailed":
        stream.fail(event.failure.forOthers);
        break;
      case "broken":
        // The receiver asks again; if we have dialled, we dial again a few times.
        if (!this.#dials) return this.#end({ why: event.why });
        this.#broken = event.why;
        this.#redialAt = 0;
        return this.tick(now);
    }
    if (stream.result) this.#end(stream.result);
  }

  tick(now: number): void {
    if (this.result) return;
    if (!this.#stream) return this.#end({ why: `no connection with ${this.to} could be made` });
    const { heardAt } = this.#stream;
    if (this.#broken !== undefined && this.#redials > BROKEN_REDIALS) return this.#end({ why: this.#broken });
    if (now - heardAt > SILENCE_MS) {
      return this.#end({ why: `nothing was received from ${this.to} for ${SILENCE_MS / 1000} s` });
    }
    if (this.#broken === undefined && now - heardAt < QUIET_MS) this.#redialAt = heardAt + QUIET_MS;
    else if (this.#dials && now >= this.#redialAt && !this.#dialling) {
      this.#redialAt = now + Math.min(REDIAL_MAX_MS, REDIAL_MS * 2 ** this.#redials++);
      this.#dial();
    }
    if (this.#broken === undefined) this.#events.progress(now, this.#done);
    this.wakeAt = now + PROGRESS_MS;
  }

  #dial(): void {
    this.#dialling = true;
    const { transfer, token, key } = this.#want;
    const addresses = this.#addresses;
    this.#context.out.push({ type: "dial", transfer, token, addresses, seals: key !== undefined });
  }

  #connected({ stream, by, ourKey }: Extract<AttemptEvent, { type: "connected" }>): void {
    const { transfer, key } = this.#want;
    if (by === "dial") {
      this.#dials = true;
      this.#dialling = false;
    } else if (by === "relay") this.#signal({ type: "relayed", transfer, key: key && ourKey });
    // Their key came through the chat: a caller who sends another is another user.
    this.#context.out.push({ type: "open", transfer, stream, theirKey: key, target: undefined });
  }

  #opened({ stream, relayed, sealed }: Extract<AttemptEvent, { type: "opened" }>, now: number): void {
    const { out } = this.#context;
    if (this.#stream) out.push({ type: "closeStream", stream: this.#stream.id });
    this.#broken = undefined;
    this.#stream = new SendingStream(out, this.transfer, stream, this.#source!, now);
    this.#events.route(relayed, sealed);
    this.#events.startRate(now, 0);
    this.#redialAt = now + QUIET_MS;
    this.tick(now);
  }

  /** The receiver says what it has, when a stream begins. */
  #has(count: number, now: number): void {
    // What it had before does not count as speed.
    this.#events.startRate(now, this.#done);
    // The last connection has brought something, however short it was; one that has not may break at once again.
    if (count > this.#had) this.#redials = 0;
    this.#had = Math.max(this.#had, count);
  }

  get #done(): number {
    const { chunks } = this.#source!;
    return chunks === 0 ? 0 : Math.round(this.#item.bytes * this.#stream!.progress / chunks);
  }

  #signal(signal: Signal): void {
    this.#context.out.push({ type: "signal", to: this.to, signal });
  }

  #end(result: "done" | { readonly why: string }): void {
    if (this.result) return;
    this.result = result;
    // It was offered a connection between browsers and has not made it: each of these costs more than a signal.
    if (this.offersRtc && !this.#stream) this.#context.relayOnly.add(this.to);
    this.wakeAt = Infinity;
    const { out } = this.#context;
    if (this.#stream) out.push({ type: this.#stream.result ? "finishStream" : "closeStream", stream: this.#stream.id });
    out.push({ type: "release", transfer: this.transfer });
  }
}

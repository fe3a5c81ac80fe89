import { dialAddresses } from "./addresses.ts";
import type { FileEvent, TransferItem } from "./event.ts";
import {
  type AttemptEvent,
  type Failure,
  type KnownTarget,
  PROGRESS_MS,
  type Side,
  type TransferContext,
  TransferRate,
} from "./output.ts";
import { ReceivingStream } from "./receiving_stream.ts";
import type { OfferTaken } from "./records.ts";
import type { Signal } from "./signal.ts";

/** For the sender's client to answer a request; it tries to dial us first. */
const ANSWER_MS = 6000;
/** Silence after which another connection of the same attempt is accepted instead. */
const QUIET_MS = 1500;
/** Silence after which a stream is given up. */
const SILENCE_MS = 10_000;
/** Before the next attempt; doubled each time, up to the maximum. */
const RETRY_MS = 500;
const RETRY_MAX_MS = 30_000;

/** What a new attempt starts with. */
export interface Prepared {
  /** Random names of 16 bytes, in base64. */
  readonly transfer: string;
  readonly token: string;
  /** Where this machine can be reached, if anywhere. */
  readonly at: readonly string[];
  /** The public key of the attempt; undefined where nothing can be sealed. */
  readonly key: Uint8Array | undefined;
  readonly known: KnownTarget | undefined;
  /** Where the file is, if an earlier run has already finished it. */
  readonly finished: string | undefined;
}

/** How receiving has ended; `isOurs` if this machine failed, so that the user may try again. */
export type DownloadEnd = { readonly path: string } | {
  readonly why: string;
  readonly isOurs: boolean;
  readonly isBusy?: boolean;
};

/**
 * An accepted offer on its way to the disk, through as many attempts as it takes. Pure; a part of `FileReceiver`.
 *
 * 1. We listen and the sender dials. If it cannot reach us, it listens and we dial. If neither can, the stream is relayed
 *    through the chat.
 * 2. Whatever breaks a stream, the next one resumes with what is missing.
 * 3. While the file is being given its name, nothing interrupts it.
 */
export class Download {
  wakeAt = Infinity;
  /** How it has ended. It counts once the target is closed. */
  end: DownloadEnd | undefined;
  readonly #context: TransferContext;
  /** Registered for the attempt's events. */
  readonly #side: Side;
  readonly #taken: OfferTaken;
  readonly #item: TransferItem;
  #state: "preparing" | "asking" | "waiting" | "running" | "closing" = "waiting";
  /** Numbers the requests for preparation; only the last one counts. */
  #attempt = 0;
  #transfer = "";
  #theirKey: Uint8Array | undefined;
  #dialled = false;
  #known: KnownTarget | undefined;
  #stream: ReceivingStream | undefined;
  /** The stream that is being opened, if any. */
  #opening: number | undefined;
  #relaying = false;
  #finishing = false;
  #rate: TransferRate | undefined;
  #tries = 0;
  #why = "";

  constructor(context: TransferContext, side: Side, taken: OfferTaken, item: TransferItem) {
    this.#context = context;
    this.#side = side;
    this.#taken = taken;
    this.#item = item;
  }

  /** Its state in the list of transfers. */
  get state(): string {
    if (this.#state === "running") return "receiving";
    return this.#why === "" ? "requested" : `waiting: ${this.#why}`;
  }

  /** Whether data arrives or may arrive at once. */
  get isActive(): boolean {
    return this.#state === "running" || this.#state === "asking" || this.#state === "preparing";
  }

  /** Whether everything is on disk, so that nothing stops it any more. */
  get isComplete(): boolean {
    return this.#finishing || (this.end !== undefined && "path" in this.end);
  }

  /** Starts a new attempt, unless one runs. */
  ask(): void {
    this.wakeAt = Infinity;
    if (this.#state === "running" || this.#state === "closing" || this.#opening !== undefined) return;
    if (this.#finishing) return;
    this.#release();
    this.#state = "preparing";
    this.#context.out.push({ type: "prepare", taken: this.#taken, attempt: ++this.#attempt });
  }

  /** A signal of the sender; returns whether it is about this offer. */
  signalled(signal: Extract<Signal, { transfer: string }>, seen: string | undefined, now: number): boolean {
    if (this.#transfer !== signal.transfer) return false;
    const { out } = this.#context;
    switch (signal.type) {
      case "come":
        if (this.#state !== "asking" || this.#dialled) break;
        this.#dialled = true;
        this.#theirKey = signal.key;
        this.wakeAt = now + ANSWER_MS;
        out.push({
          type: "dial",
          transfer: signal.transfer,
          token: signal.token,
          addresses: dialAddresses(signal.at, seen),
          seals: true,
        });
        break;
      case "relayed":
        if (this.#state !== "asking" || this.#opening !== undefined || this.#relaying) break;
        this.#theirKey = signal.key;
        this.#relaying = true;
        out.push({ type: "relay", transfer: signal.transfer, to: this.#taken.from });
        break;
      case "bytes":
      case "taken":
        if (this.#relaying) out.push({ type: "relaySignal", transfer: signal.transfer, signal });
        break;
      case "later":
        if (this.#state === "asking") this.#pause(signal.why, now);
    }
    return true;
  }

  /** A signal to the sender has reached nobody. */
  notReached(now: number): void {
    if (this.#state === "asking") this.#pause(`${this.#taken.from} is offline`, now);
    else if (this.#relaying) {
      if (this.#opening !== undefined) this.#context.out.push({ type: "closeStream", stream: this.#opening });
      this.#opening = undefined;
      this.#broken("the relayed stream is interrupted", now);
    }
  }

  wantsStream(transfer: string, now: number): boolean {
    if (transfer !== this.#transfer || this.#state === "preparing" || this.#state === "closing") return false;
    const stream = this.#stream;
    return !stream || (stream.isWaiting && now - stream.heardAt > QUIET_MS);
  }

  prepared(attempt: number, { transfer, token, at, key, known, finished }: Prepared, now: number): void {
    const { out, attempts } = this.#context;
    if (this.#state !== "preparing" || attempt !== this.#attempt) return out.push({ type: "release", transfer });
    this.#transfer = transfer;
    if (finished !== undefined) return this.#close({ path: finished });
    attempts.set(transfer, this.#side);
    this.#known = known;
    this.#dialled = this.#relaying = false;
    this.#state = "asking";
    this.wakeAt = now + ANSWER_MS;
    this.#signal({ type: "want", offer: this.#taken.offer.id, transfer, token, at, key });
  }

  notPrepared(attempt: number, { why, isBusy = false }: Failure): void {
    if (this.#state === "preparing" && attempt === this.#attempt) this.#close({ why, isOurs: true, isBusy });
  }

  event(transfer: string, event: AttemptEvent, now: number): void {
    const { out } = this.#context;
    switch (event.type) {
      case "unreachable":
        if (this.#state === "asking") this.#signal({ type: "relay", transfer });
        return;
      case "connected": {
        const { stream, by, theirKey } = event;
        const isWanted = by === "dial" ? this.#state === "asking" : this.#state !== "closing";
        if (!isWanted || this.#opening !== undefined) return out.push({ type: "closeStream", stream });
        if (by === "caller") this.#theirKey = theirKey;
        this.#opening = stream;
        const target = this.#taken.offer.id;
        return out.push({ type: "open", transfer, stream, theirKey: this.#theirKey, target });
      }
      case "opened":
        return this.#opened(event, now);
      case "openFailed": {
        if (event.stream !== this.#opening) return;
        this.#opening = undefined;
        out.push({ type: "closeStream", stream: event.stream });
        const { failure } = event;
        return failure ? this.#close({ why: failure.why, isOurs: true }) : this.#pause("no keys can be agreed on", now);
      }
      case "finished":
        return this.#finished(event.path, event.known);
      case "finishFailed":
        this.#finishing = false;
        return this.#fail(event.failure);
    }
    const stream = this.#stream;
    if (!stream || !("stream" in event) || stream.id !== event.stream) return;
    switch (event.type) {
      case "heard":
        stream.heardAt = now;
        return;
      case "frame":
        stream.receive(event.message);
        break;
      case "manifestKept":
        this.#known = event.known;
        stream.manifestKept(event.known);
        break;
      case "chunkWritten":
        stream.chunkWritten(event.chunk, event.isSound);
        break;
      case "writeFailed":
        return this.#fail(event.failure);
      case "broken":
        return this.#broken(event.why, now);
    }
    this.#look(stream);
  }

  tick(now: number): void {
    switch (this.#state) {
      case "asking":
        if (this.#opening !== undefined) return void (this.wakeAt = Infinity);
        return this.#pause(
          this.#dialled ? "no connection can be made" : `${this.#taken.from}'s client does not answer`,
          now,
        );
      case "waiting":
        return this.ask();
      case "running":
        return this.#progress(now);
    }
  }

  /** Ends it, and tells the sender why. */
  stop(why: string): void {
    this.#stream?.fail(why);
    this.#close({ why, isOurs: false });
  }

  /** The program ends; what is on disk stays. */
  close(): void {
    if (this.#state !== "closing") this.#closeTarget();
  }

  #opened({ stream: id, relayed, sealed, known }: Extract<AttemptEvent, { type: "opened" }>, now: number): void {
    const { out } = this.#context;
    if (id !== this.#opening) return out.push({ type: "closeStream", stream: id });
    this.#opening = undefined;
    if (this.#stream) out.push({ type: "closeStream", stream: this.#stream.id });
    this.#state = "running";
    this.#relaying = relayed;
    this.#known = known;
    const [item, taken] = [this.#item, this.#taken];
    this.#show({ type: "route", ...item, with: taken.from, sends: false, relayed, sealed });
    this.#rate = new TransferRate(now, this.#done);
    const name = { offer: taken.offer.id, transfer: this.#transfer, stream: id };
    const stream = this.#stream = new ReceivingStream(out, name, relayed, now);
    stream.begin(known);
    this.#progress(now);
    this.#look(stream);
  }

  /** Deals with what has come of a stream. */
  #look(stream: ReceivingStream): void {
    if (stream.failure !== undefined) return this.#close({ why: stream.failure, isOurs: false });
    if (!stream.isComplete || this.#finishing) return;
    this.#finishing = true;
    const { offer } = this.#taken;
    this.#context.out.push({ type: "finish", offer: offer.id, transfer: this.#transfer, stream: stream.id });
  }

  #finished(path: string | undefined, known: KnownTarget): void {
    if (!this.#finishing) return;
    this.#finishing = false;
    this.#known = known;
    if (path !== undefined) {
      this.#stream?.done();
      return this.#close({ path });
    }
    if (!this.#stream) return this.ask();
    this.#stream.resume(known);
    this.#look(this.#stream);
  }

  get #done(): number {
    if (!this.#known) return 0;
    const { map, chunkBytes } = this.#known;
    return Math.min(this.#item.bytes, (map.size - map.missing) * chunkBytes);
  }

  /** Shows progress, and gives up a silent stream. */
  #progress(now: number): void {
    const stream = this.#stream!;
    if (stream.isWaiting && now - stream.heardAt > SILENCE_MS) {
      return this.#broken(`nothing has arrived for ${SILENCE_MS / 1000} s`, now);
    }
    const done = this.#done;
    const rate = this.#rate!.update(now, done);
    if (rate > 0) this.#tries = 0;
    this.#show({ type: "progress", ...this.#item, with: this.#taken.from, sends: false, done, rate });
    this.wakeAt = now + PROGRESS_MS;
  }

  #broken(why: string, now: number): void {
    if (this.#stream) this.#context.out.push({ type: "closeStream", stream: this.#stream.id });
    this.#stream = undefined;
    this.#relaying = false;
    this.#pause(why, now);
  }

  /** Waits before the next attempt. */
  #pause(why: string, now: number): void {
    if (this.#state === "closing") return;
    this.#state = "waiting";
    if (this.#why !== why || this.#tries === 0) {
      this.#show({ type: "paused", ...this.#item, with: this.#taken.from, sends: false, why });
    }
    this.#why = why;
    this.wakeAt = now + Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** this.#tries++);
  }

  /** This machine's disk fails. */
  #fail({ why, forOthers }: Failure): void {
    this.#stream?.fail(forOthers);
    this.#close({ why, isOurs: true });
  }

  #close(end: DownloadEnd): void {
    if (this.#state === "closing") return;
    this.end = end;
    this.#closeTarget();
  }

  #closeTarget(): void {
    const { out } = this.#context;
    const stream = this.#stream;
    if (stream) out.push({ type: stream.hasEnded ? "finishStream" : "closeStream", stream: stream.id });
    this.#stream = this.#opening = undefined;
    this.#release();
    this.#state = "closing";
    this.wakeAt = Infinity;
    out.push({ type: "closeTarget", offer: this.#taken.offer.id });
  }

  #release(): void {
    if (this.#transfer === "") return;
    this.#context.attempts.delete(this.#transfer);
    this.#context.out.push({ type: "release", transfer: this.#transfer });
    this.#transfer = "";
  }

  #signal(signal: Signal): void {
    this.#context.out.push({ type: "signal", to: this.#taken.from, signal });
  }

  #show(event: FileEvent): void {
    this.#context.out.push({ type: "show", event });
  }
}

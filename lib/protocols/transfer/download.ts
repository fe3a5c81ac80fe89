import type { TransferItem } from "./event.ts";
import { DownloadAttempt } from "./download_attempt.ts";
import { ItemEvents, PROGRESS_MS } from "./item_events.ts";
import type { AttemptEvent, Failure, KnownTarget, Prepared, Side, TransferContext } from "./output.ts";
import { ReceivingStream } from "./receiving_stream.ts";
import type { OfferTaken } from "./offer.ts";
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
/** Malformed streams without a sound part of the file in between, after which its sender is given up: no network does that. */
const MALFORMED_STREAMS = 8;

/** How receiving has ended; `isOurs` if this machine failed, so that the user may try again. */
export type DownloadEnd = { readonly path: string } | {
  readonly why: string;
  readonly isOurs: boolean;
  readonly isBusy?: boolean;
};

/**
 * An accepted offer on its way to the disk, through as many attempts as it takes. Pure; a part of `FileReceiver`.
 *
 * 1. Whatever breaks a stream, the next one resumes with what is missing; but a sender of malformed frames is not asked forever.
 * 2. While the file is being given its name, nothing interrupts it.
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
  readonly #events: ItemEvents;
  #state: "preparing" | "asking" | "waiting" | "running" | "closing" = "waiting";
  /** Numbers the requests for preparation; only the last one counts. */
  #preparation = 0;
  #attempt: DownloadAttempt | undefined;
  #known: KnownTarget | undefined;
  #stream: ReceivingStream | undefined;
  #finishing = false;
  #tries = 0;
  /** Malformed streams since the last sound part. */
  #malformed = 0;
  #why = "";

  constructor(context: TransferContext, side: Side, taken: OfferTaken, item: TransferItem) {
    this.#context = context;
    this.#side = side;
    this.#taken = taken;
    this.#item = item;
    this.#events = new ItemEvents(context.out, item, taken.from, false);
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
    const isBusy = this.#state === "running" || this.#state === "closing" || this.#attempt?.isOpening;
    if (isBusy || this.#finishing) return;
    this.#release();
    this.#state = "preparing";
    this.#context.out.push({ type: "prepare", taken: this.#taken, attempt: ++this.#preparation });
  }

  /** A signal of the sender; returns whether it is about this offer. */
  signalled(signal: Extract<Signal, { transfer: string }>, seen: string | undefined, now: number): boolean {
    const attempt = this.#attempt;
    if (attempt?.transfer !== signal.transfer) return false;
    if (signal.type === "bytes" || signal.type === "taken") attempt.relaySignal(signal);
    else if (this.#state !== "asking") return true;
    else if (signal.type === "relayed") attempt.relay(signal);
    else if (signal.type === "later") this.#pause(signal.why, now);
    else if (signal.type === "come" && !attempt.hasDialled) {
      this.wakeAt = now + ANSWER_MS;
      attempt.dial(signal, seen);
    }
    return true;
  }

  /** A signal to the sender has reached no one. */
  notReached(now: number): void {
    if (this.#state === "asking") this.#pause(`${this.#taken.from} is offline`, now);
    else if (this.#attempt?.isRelaying) {
      this.#attempt.interrupt();
      this.#broken("the relayed stream is interrupted", now);
    }
  }

  wantsStream(transfer: string, now: number): boolean {
    if (transfer !== this.#attempt?.transfer) return false;
    const stream = this.#stream;
    return !stream || (stream.isWaiting && now - stream.heardAt > QUIET_MS);
  }

  prepared(attempt: number, { transfer, token, at, key, rtc, known, finished }: Prepared, now: number): void {
    const { out, attempts, relayOnly } = this.#context;
    if (this.#state !== "preparing" || attempt !== this.#preparation) return out.push({ type: "release", transfer });
    const { from, offer } = this.#taken;
    this.#attempt = new DownloadAttempt(out, from, offer.id, transfer);
    if (finished !== undefined) return this.#close({ path: finished });
    attempts.set(transfer, this.#side);
    this.#known = known;
    this.#state = "asking";
    this.wakeAt = now + ANSWER_MS;
    const want = { type: "want", offer: offer.id, transfer, token, at, key } as const;
    out.push({ type: "signal", to: from, signal: rtc && !relayOnly.has(from) ? { ...want, rtc } : want });
  }

  notPrepared(attempt: number, { why, isBusy = false }: Failure): void {
    if (this.#state === "preparing" && attempt === this.#preparation) this.#close({ why, isOurs: true, isBusy });
  }

  event(event: AttemptEvent, now: number): void {
    const attempt = this.#attempt!;
    switch (event.type) {
      case "answered":
        if (this.#state === "asking") attempt.answered(event);
        return;
      case "unreachable":
        if (this.#state !== "asking") return;
        if (attempt.hasDialledBrowser) this.#context.relayOnly.add(this.#taken.from);
        this.wakeAt = now + ANSWER_MS;
        return attempt.unreachable();
      case "connected":
        if (event.by !== "dial" || this.#state === "asking") return attempt.connected(event);
        return this.#context.out.push({ type: "closeStream", stream: event.stream });
      case "opened":
        return attempt.opened(event.stream) ? this.#opened(event, now) : undefined;
      case "openFailed":
        if (!attempt.opened(event.stream)) return;
        this.#context.out.push({ type: "closeStream", stream: event.stream });
        if (event.failure) return this.#close({ why: event.failure.why, isOurs: true });
        return this.#pause("no keys can be agreed on", now);
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
        if (event.isSound) this.#malformed = 0;
        stream.chunkWritten(event.chunk, event.isSound);
        break;
      case "writeFailed":
        return this.#fail(event.failure);
      case "broken":
        if (event.isMalformed && ++this.#malformed >= MALFORMED_STREAMS) {
          return this.stop(`${this.#malformed} times what its sender's program sent was malformed: ${event.why}`);
        }
        return this.#broken(event.why, now);
    }
    this.#look(stream);
  }

  tick(now: number): void {
    switch (this.#state) {
      case "asking": {
        const { isOpening, hasDialled } = this.#attempt!;
        if (isOpening) return void (this.wakeAt = Infinity);
        return this.#pause(
          hasDialled ? "no connection can be made" : `${this.#taken.from}'s client does not answer`,
          now,
        );
      }
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
    if (this.#stream) out.push({ type: "closeStream", stream: this.#stream.id });
    const attempt = this.#attempt!;
    attempt.isRelaying = relayed;
    this.#state = "running";
    this.#known = known;
    this.#events.route(relayed, sealed);
    this.#events.startRate(now, this.#done);
    const name = { offer: this.#taken.offer.id, transfer: attempt.transfer, stream: id };
    const stream = this.#stream = new ReceivingStream(out, name, relayed, now);
    stream.begin(known);
    this.#progress(now);
    this.#look(stream);
  }

  /** Deals with the results of a stream. */
  #look(stream: ReceivingStream): void {
    if (stream.failure !== undefined) return this.#close({ why: stream.failure, isOurs: false });
    if (!stream.isComplete || this.#finishing) return;
    this.#finishing = true;
    this.#context.out.push({ type: "finish", offer: this.#taken.offer.id, transfer: this.#attempt!.transfer });
  }

  #finished(path: string | undefined, known: KnownTarget): void {
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
    if (this.#events.progress(now, this.#done)) this.#tries = 0;
    this.wakeAt = now + PROGRESS_MS;
  }

  #broken(why: string, now: number): void {
    const stream = this.#stream;
    if (stream) this.#context.out.push({ type: "closeStream", stream: stream.id });
    if (stream && this.#attempt?.hasDialledBrowser) this.#context.relayOnly.add(this.#taken.from);
    this.#stream = undefined;
    this.#pause(why, now);
  }

  /** Waits before the next attempt. */
  #pause(why: string, now: number): void {
    this.#state = "waiting";
    if (this.#why !== why || this.#tries === 0) this.#events.paused(why);
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
    this.#stream = undefined;
    this.#release();
    this.#state = "closing";
    this.wakeAt = Infinity;
    out.push({ type: "closeTarget", offer: this.#taken.offer.id });
  }

  #release(): void {
    if (this.#attempt) this.#context.attempts.delete(this.#attempt.transfer);
    this.#attempt?.release();
    this.#attempt = undefined;
  }
}

import type { FileBytes } from "../../chat/shared_file.ts";
import { encodeBase64 } from "../../core/bytes.ts";
import { Fault } from "../../core/errors.ts";
import { type Machine, Outputs } from "../../core/machine.ts";
import { type FileMessage, LISTED_BYTES, MAX_FRAME_BYTES } from "./frames.ts";
import { MemorySource, MemoryTarget, type Sha256 } from "./memory_contents.ts";
import type { FileOffer } from "./offer.ts";
import type { AttemptEvent, Failure, TransferOutput } from "./output.ts";
import { RelayedStream } from "./relayed_stream.ts";
import { decodeSignal, encodeSignal } from "./signal.ts";
import { FileTransfers } from "./transfers.ts";

export type RelayedFilesOutput =
  | { readonly type: "signal"; readonly to: string; readonly text: string }
  /** Say an offer of ours. `ending` is the signal that tells its receivers later that it has ended. */
  | { readonly type: "offer"; readonly key: number; readonly text: string; readonly ending: string }
  /** Everything of an offer to us is there; `passedOn` when it is where it was to go. */
  | { readonly type: "arrived"; readonly offer: FileOffer; readonly from: string; readonly contents: FileBytes }
  /** An accepted offer will not arrive. */
  | { readonly type: "failed"; readonly offer: FileOffer; readonly from: string; readonly why: string };

/** What is random, and digests. */
export interface FileHashing {
  bytes(count: number): Uint8Array;
  readonly sha256: Sha256;
}

interface Source {
  readonly key: number;
  readonly room: string;
  readonly source: MemorySource;
}

interface Incoming {
  readonly from: string;
  readonly target: MemoryTarget;
  /** When bytes last arrived; Infinity once everything has. */
  heardAt: number;
  /** The last attempt. */
  transfer: string | undefined;
}

const ID_BYTES = 16;
/** Cap on offers in one session: those that have ended are remembered. */
const OFFERS = 1000;
/** The numbers before the bytes of a frame, and more than any request has. */
const HEADER_BYTES = 64;
const REQUEST_BYTES = 4096;
/** The smallest chunk has 1024 bytes, and its digest 32. */
const LIST_SHARE = 32;
const LIST_BYTES = 64 * 1024;

/**
 * File transfers of a client without a disk and without connections of its own: runs `FileTransfers` with files in memory and
 * streams that the chat relays. Offers to it that are `accepted` are bounded by its user.
 *
 * 1. A transfer is complete, also for its sender, once the file is `passedOn`.
 * 2. A file of which nothing arrives for `stallMs` is given up.
 */
export class RelayedFiles implements Machine<RelayedFilesOutput> {
  readonly #machine = new FileTransfers();
  readonly #out = new Outputs<RelayedFilesOutput>();
  readonly #digesting: Source[] = [];
  /** Our offers, by id. */
  readonly #sources = new Map<string, Source>();
  readonly #incoming = new Map<string, Incoming>();
  /** The sources of attempts. */
  readonly #uploads = new Map<string, MemorySource>();
  readonly #streams = new Map<number, RelayedStream>();
  #lastStream = 0;
  #offered = 0;

  constructor(readonly name: string, readonly hashing: FileHashing, readonly stallMs: number) {
    this.#machine.loggedIn();
    this.#drain(0);
  }

  get wakeAt(): number {
    if (this.#digesting.length > 0) return -Infinity;
    let at = this.#machine.wakeAt;
    for (const { heardAt } of this.#incoming.values()) at = Math.min(at, heardAt + this.stallMs);
    return at;
  }

  takeOutputs(): readonly RelayedFilesOutput[] {
    return this.#out.take();
  }

  /** The number of accepted offers that have not been passed on. */
  get incoming(): number {
    return this.#incoming.size;
  }

  /** Whether an offer is accepted and not passed on. */
  isIncoming(offer: string): boolean {
    return this.#incoming.has(offer);
  }

  /** Offers a file in memory to a room; `key` is the caller's. Why not, if it cannot be offered. */
  offer(key: number, name: string, contents: FileBytes, room: string): string | undefined {
    if (++this.#offered > OFFERS) return `${OFFERS} files were offered in this session, the most allowed`;
    this.#digesting.push({ key, room, source: new MemorySource(name, contents, this.hashing.sha256) });
    return undefined;
  }

  /** An offer of ours ends, whose file goes; `why`, where its message was not accepted. */
  withdraw(key: number, now: number, why?: string): void {
    const at = this.#digesting.findIndex((each) => each.key === key);
    if (at >= 0) this.#digesting.splice(at, 1);
    for (const [id, { key: other }] of this.#sources) {
      if (other !== key) continue;
      this.#sources.delete(id);
      if (why === undefined) this.#machine.decide(id, "stop");
      else this.#machine.offerEvent(id, { type: "notSaid", why }, now);
    }
    this.#drain(now);
  }

  /** Accepts an offer to us; whether it could be accepted. */
  accept(offer: FileOffer, text: string, from: string, room: string, now: number): boolean {
    const message = { from, to: { room }, text };
    if (this.#machine.has(offer.id) || !this.#machine.isOffer(message, false)) return false;
    const target = new MemoryTarget(offer, this.hashing.sha256);
    this.#incoming.set(offer.id, { from, target, heardAt: now, transfer: undefined });
    this.#machine.offered(message);
    this.#machine.decide(offer.id, "accept");
    this.#drain(now);
    return true;
  }

  /** What has arrived is where it was to go. */
  passedOn(offer: string, now: number): void {
    const incoming = this.#incoming.get(offer);
    if (!incoming || incoming.heardAt !== Infinity) return;
    const { target } = incoming;
    target.isFinished = true;
    this.#machine.event(incoming.transfer!, { type: "finished", path: target.offer.name, known: target.known! }, now);
    this.#drain(now);
  }

  signalled(from: string, text: string, seen: string | undefined, now: number): void {
    const signal = decodeSignal(text);
    if (!signal || signal instanceof Fault) return;
    this.#machine.signalled(from, signal, seen, now);
    this.#drain(now);
  }

  /** A signal to a user has reached no one. */
  notReached(to: string, now: number): void {
    this.#machine.notReached(to, now);
    this.#drain(now);
  }

  tick(now: number): void {
    this.#digest(now);
    if (this.#machine.wakeAt <= now) this.#machine.tick(now);
    for (const [offer, { heardAt }] of this.#incoming) {
      if (now >= heardAt + this.stallMs) this.#fail(offer, `nothing has arrived for ${this.stallMs / 1000} s`);
    }
    this.#drain(now);
  }

  /** Digests one chunk of the first file. */
  #digest(now: number): void {
    const [first] = this.#digesting;
    if (!first) return;
    const { source, room } = first;
    source.digest();
    if (!source.manifest) return;
    this.#digesting.shift();
    const offer = source.offer(this.#freshName());
    this.#sources.set(offer.id, first);
    this.#machine.read({ room }, { offer, to: room, isRoom: true, path: "", passedOver: 0 });
    this.#drain(now);
  }

  #drain(now: number): void {
    for (let outputs; (outputs = this.#machine.takeOutputs()).length > 0;) {
      for (const output of outputs) this.#do(output, now);
    }
  }

  #do(output: TransferOutput, now: number): void {
    const machine = this.#machine;
    switch (output.type) {
      case "signal":
        return this.#out.push({ type: "signal", to: output.to, text: encodeSignal(output.signal) });
      case "say": {
        const why = `${this.name} has left`;
        const ending = encodeSignal({ type: "withdrawn", offer: output.offer, why });
        return this.#out.push({ type: "offer", key: this.#sources.get(output.offer)!.key, text: output.text, ending });
      }
      case "show":
        if (output.event.type === "fileFailed") this.#failed(this.#machine.offerOf(output.event.n)!, output.event.why);
        return;
      case "restore":
        return machine.restored({ outcomes: [], made: [], taken: [] });
      case "accept":
        return machine.offerEvent(output.taken.offer.id, { type: "accepted" }, now);
      case "findEnded":
        return machine.foundEnded(output.offer, output.to, `${this.name} does not offer it any more`);
      case "prepare":
        return this.#prepare(output.taken.offer.id, output.attempt, now);
      case "closeTarget": {
        const finished = this.#incoming.get(output.offer)?.target.isFinished ? output.offer : undefined;
        this.#incoming.delete(output.offer);
        return machine.offerEvent(output.offer, { type: "targetClosed", finished }, now);
      }
      case "openSource":
        return machine.event(output.transfer, this.#openSource(output.transfer, output.made.offer.id), now);
      case "dial":
        return machine.event(output.transfer, { type: "unreachable" }, now);
      case "listen": {
        const event = { type: "listening", token: this.#freshName(), at: [], key: undefined } as const;
        return machine.event(output.transfer, event, now);
      }
      case "relay": {
        const most = this.#mostFrameBytes(output.transfer);
        const stream = new RelayedStream(++this.#lastStream, output.transfer, output.to, most);
        this.#streams.set(stream.id, stream);
        const keys = { theirKey: undefined, ourKey: undefined };
        return machine.event(output.transfer, { type: "connected", stream: stream.id, by: "relay", ...keys }, now);
      }
      case "relaySignal":
        return this.#ofStreams(output.transfer, (stream) => stream.receive(output.signal), now);
      case "open": {
        const known = output.target === undefined ? undefined : this.#incoming.get(output.target)?.target.known;
        const event = { type: "opened", stream: output.stream, relayed: true, sealed: false, known } as const;
        return machine.event(output.transfer, event, now);
      }
      case "frame":
        return this.#ofStream(output.stream, (stream) => stream.send(output.message), now);
      case "finishStream":
        return this.#ofStream(output.stream, (stream) => stream.finish(), now);
      case "closeStream":
        return void this.#streams.delete(output.stream);
      case "release":
        return this.#release(output.transfer);
      case "readChunk": {
        const bytes = this.#uploads.get(output.transfer)?.read(output.chunk);
        if (!bytes) return;
        return machine.event(
          output.transfer,
          { type: "chunkRead", stream: output.stream, chunk: output.chunk, bytes },
          now,
        );
      }
      case "keepManifest": {
        const { stream } = output;
        const target = this.#incoming.get(output.offer)?.target;
        if (!target) return;
        const why = target.keepManifest(output.bytes);
        const event: AttemptEvent = why === undefined
          ? { type: "manifestKept", stream, known: target.known! }
          : { type: "writeFailed", stream, failure: failure(why) };
        return machine.event(output.transfer, event, now);
      }
      case "writeChunk": {
        const { stream, chunk } = output;
        const incoming = this.#incoming.get(output.offer);
        if (!incoming) return;
        const isSound = incoming.target.write(chunk, output.bytes);
        if (isSound) incoming.heardAt = now;
        return machine.event(output.transfer, { type: "chunkWritten", stream, chunk, isSound }, now);
      }
      case "finish": {
        const incoming = this.#incoming.get(output.offer);
        if (!incoming) return;
        incoming.heardAt = Infinity;
        const { from, target: { offer, contents } } = incoming;
        return this.#out.push({ type: "arrived", offer, from, contents });
      }
    }
  }

  #prepare(offer: string, attempt: number, now: number): void {
    const incoming = this.#incoming.get(offer);
    const known = incoming?.target.known;
    const names = { transfer: this.#freshName(), token: this.#freshName() };
    if (incoming) incoming.transfer = names.transfer;
    const prepared = { ...names, at: [], key: undefined, known, finished: undefined };
    this.#machine.offerEvent(offer, { type: "prepared", attempt, ...prepared }, now);
  }

  #openSource(transfer: string, offer: string): AttemptEvent {
    const source = this.#sources.get(offer)?.source;
    if (!source) return { type: "sourceFailed", failure: failure("it is not offered any more") };
    this.#uploads.set(transfer, source);
    return { type: "sourceOpened", manifest: source.manifest!, chunks: source.chunks };
  }

  #release(transfer: string): void {
    this.#uploads.delete(transfer);
    // What is still to be written of the others goes on.
    for (const [id, stream] of this.#streams) {
      if (stream.transfer === transfer && !stream.isFinishing) this.#streams.delete(id);
    }
  }

  #ofStreams(transfer: string, act: (stream: RelayedStream) => void, now: number): void {
    for (const stream of [...this.#streams.values()]) {
      if (stream.transfer === transfer) this.#ofStream(stream.id, act, now);
    }
  }

  /** Acts on a stream, and passes on what it has for the machine and for the other end. */
  #ofStream(id: number, act: (stream: RelayedStream) => void, now: number): void {
    const stream = this.#streams.get(id);
    if (!stream) return;
    act(stream);
    const { transfer, to } = stream;
    for (const signal of stream.takeSignals()) this.#out.push({ type: "signal", to, text: encodeSignal(signal) });
    for (const event of stream.takeEvents()) {
      if (event.type !== "frame" || this.#mayTake(event.message)) this.#machine.event(transfer, event, now);
      else {this.#machine.event(transfer, {
          type: "broken",
          stream: id,
          why: "its list is too long",
          isMalformed: true,
        }, now);}
    }
    if (stream.isOver) this.#streams.delete(id);
  }

  /** Receivers send short frames, senders chunks and parts of a list. A chunk is not longer than its file. */
  #mostFrameBytes(transfer: string): number {
    for (const { transfer: of, target: { offer } } of this.#incoming.values()) {
      if (of === transfer) return HEADER_BYTES + Math.max(LISTED_BYTES, Math.min(offer.bytes, MAX_FRAME_BYTES));
    }
    return REQUEST_BYTES;
  }

  /** The list of a single file is short; the machine, which knows folders too, would make room for a long one. */
  #mayTake(message: FileMessage): boolean {
    if (message.type !== "listed") return true;
    let most = LIST_BYTES;
    for (const { target: { offer } } of this.#incoming.values()) {
      most = Math.max(most, LIST_BYTES + offer.bytes / LIST_SHARE);
    }
    return message.total <= most;
  }

  /** An offer to us has failed, or a receiver of ours. */
  #failed(id: string, why: string): void {
    const incoming = this.#incoming.get(id);
    if (!incoming) return;
    this.#incoming.delete(id);
    this.#out.push({ type: "failed", offer: incoming.target.offer, from: incoming.from, why });
    // What its user would try again is given up, and its sender told.
    this.#machine.decide(id, "refuse");
  }

  #fail(offer: string, why: string): void {
    this.#failed(offer, why);
    this.#machine.decide(offer, "stop");
  }

  #freshName(): string {
    return encodeBase64(this.hashing.bytes(ID_BYTES));
  }
}

function failure(why: string): Failure {
  return { why, forOthers: why };
}

import { randomBytes } from "node:crypto";
import { encodeBase64 } from "../../core/bytes.ts";
import { reason } from "../../core/reason.ts";
import type { TransferItem } from "../../protocols/transfer/event.ts";
import { BusyError } from "../../protocols/transfer/file_error.ts";
import { Receiving } from "../../protocols/transfer/receiving.ts";
import type { FileKey, FileKeys } from "../../protocols/transfer/keys.ts";
import type { Signal } from "../../protocols/transfer/signal.ts";
import type { FileTarget, OfferTaken } from "../../protocols/transfer/store.ts";
import { clock } from "../../net/clock.ts";
import { type ByteChannel, TcpChannel } from "./byte_channel.ts";
import { FileStream } from "./file_stream.ts";
import { LOOK_MS, Pace, reasonForOthers, type TransferContext } from "./context.ts";
import { openTransfer, shut } from "./listener.ts";
import { callFirst, callPlaces, ownPlaces } from "./addresses.ts";
import { RelayChannel } from "./relay_channel.ts";

/** What is asked for before it is there: enough for a fast network, and little to lose when it is cut. */
const WINDOW_BYTES = 4 * 1024 * 1024;
/** By way of the chat less is under way. */
const RELAY_WINDOW_BYTES = 512 * 1024;
/** Until who has offered must have answered that we want it; they try to reach us first. */
const ANSWER_MS = 6000;
/** Of silence after which another connection of the same transfer is taken instead. */
const QUIET_MS = 1500;
/** Of silence after which a stream is given up. */
const SILENCE_MS = 10_000;
/** Between tries; twice as long each time. */
const AGAIN_MS = 500;
const AGAIN_MOST_MS = 30_000;

/** How a fetch ended; `isOurs`, when it was for something here and may be tried again; `isBusy`, when another program has it. */
export type FetchEnd = { readonly path: string } | {
  readonly why: string;
  readonly isOurs: boolean;
  readonly isBusy?: boolean;
};

/**
 * Something offered on its way here, from when we take it until it has its name: tries until it can be had, by whatever way.
 *
 * 1. We listen, and they call. When they cannot, they listen and we call. When neither can, the bytes come by way of the chat.
 * 2. Whatever ends a stream, the next goes on with what is missing. Nothing but the person, who offered it, or the disk ends the fetch.
 */
export class Fetch {
  readonly #house: TransferContext;
  readonly #taken: OfferTaken;
  readonly #thing: TransferItem;
  readonly #ended: (end: FetchEnd) => void;
  #target: FileTarget | undefined;
  #opening: Promise<FileTarget> | undefined;
  /** The attempt that goes on; each has names and keys of its own. */
  #transfer = "";
  #key: FileKey | undefined;
  #stream: FileStream | undefined;
  #relay: RelayChannel | undefined;
  #receiving: Receiving | undefined;
  #pace: Pace | undefined;
  #tries = 0;
  #finishing = false;
  /** A way for bytes was found and is being opened; for which attempt who has offered it was called. */
  #opens = false;
  #called = "";
  #state: "resting" | "asking" | "running" | "over" = "resting";
  #why = "";
  /** What went wrong here. */
  #failure: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(house: TransferContext, taken: OfferTaken, thing: TransferItem, ended: (end: FetchEnd) => void) {
    this.#house = house;
    this.#taken = taken;
    this.#thing = thing;
    this.#ended = ended;
  }

  /** How it stands, in words. */
  get state(): string {
    if (this.#state === "running") return "on its way";
    return this.#why === "" ? "asked for" : `waits: ${this.#why}`;
  }

  /** Whether something is coming, or may come at once. */
  get moves(): boolean {
    return this.#state === "running" || this.#state === "asking";
  }

  /** Whether all is here, and gets its name. */
  get isFinishing(): boolean {
    return this.#finishing;
  }

  /** Which attempt goes on. */
  get transfer(): string {
    return this.#transfer;
  }

  /** Asks for it now: who has offered it may have come back. */
  async begin(): Promise<void> {
    if (this.#state === "running" || this.#state === "over" || this.#opens) return;
    this.#state = "asking";
    clearTimeout(this.#timer);
    this.#house.listener.forget(this.#transfer);
    const transfer = this.#transfer = encodeBase64(randomBytes(16));
    try {
      this.#target = await (this.#opening ??= this.#house.shelf.target(this.#taken));
      const key = await this.#house.freshKey();
      // Ended, or asked for anew, meanwhile.
      if (this.#state !== "asking" || this.#transfer !== transfer) return;
      this.#key = key;
    } catch (error) {
      return this.#end({ why: reason(error), isOurs: true, isBusy: error instanceof BusyError });
    }
    const { finished } = this.#target;
    if (finished !== undefined) return this.#end({ path: finished });
    const token = encodeBase64(randomBytes(16));
    this.#house.listener.expect(transfer, {
      token,
      wants: () => !this.#isOver && this.#isQuiet,
      take: ({ conn, key, nonce }) => void this.#run(transfer, new TcpChannel(conn), key, nonce, false),
    });
    const { from, offer } = this.#taken;
    this.#house.signal(from, {
      type: "want",
      offer: offer.id,
      transfer,
      token,
      at: ownPlaces(this.#house.listener.port),
      key: this.#key?.public,
    });
    this.#later(ANSWER_MS, () => this.#halt(`${from}'s client does not answer`));
  }

  /** The other side has said something about this attempt; `seen` is where it is. */
  signalled(signal: Signal, seen: string | undefined): void {
    if (this.#isOver) return;
    if (signal.type === "come") void this.#call(signal, seen);
    else if (signal.type === "relayed" && this.#state === "asking" && !this.#opens) void this.#takeRelay(signal.key);
    else if (signal.type === "bytes" || signal.type === "taken") this.#relay?.signalled(signal);
    else if (signal.type === "later") this.#halt(signal.why);
  }

  /** Who has offered it is not there. */
  unheard(): void {
    if (this.#state === "asking") this.#halt(`${this.#taken.from} is not there`);
    else if (this.#relay) this.#broken("the way through the chat is gone");
  }

  /** The person will not have it, or who has offered it has withdrawn it; what has all of it already gets its name. */
  stop(why: string): void {
    if (this.#finishing) return;
    this.#receiving?.failed(why);
    this.#end({ why, isOurs: false });
  }

  /** The program ends; what is here stays. */
  async close(): Promise<void> {
    const wasOver = this.#isOver;
    this.#state = "over";
    clearTimeout(this.#timer);
    this.#stream?.close();
    this.#relay?.close();
    this.#house.listener.forget(this.#transfer);
    const target = await this.#opening?.catch(() => undefined);
    await target?.close();
    // It got its name while we left.
    if (!wasOver && target?.finished !== undefined) this.#ended({ path: target.finished });
  }

  get #isOver(): boolean {
    return this.#state === "over";
  }

  /** Whether a new stream would not disturb one that is well. */
  get #isQuiet(): boolean {
    if (!this.#stream) return true;
    return (this.#receiving?.isWaiting ?? true) && clock() - this.#stream.heardAt > QUIET_MS;
  }

  async #call(
    { transfer, token, at, key }: Extract<Signal, { type: "come" }>,
    seen: string | undefined,
  ): Promise<void> {
    if (this.#state !== "asking" || this.#transfer !== transfer || this.#called === transfer) return;
    this.#called = transfer;
    // Of this call the answer is the stream, or the other way round.
    this.#later(ANSWER_MS, () => this.#halt("no connection to them can be made"));
    const conn = await callFirst(callPlaces(at, seen));
    if (this.#state !== "asking" || this.#transfer !== transfer) return conn && shut(conn);
    const nonce = conn && await openTransfer(conn, transfer, token, this.#key?.public);
    if (conn && nonce !== undefined) return await this.#run(transfer, new TcpChannel(conn), key, nonce, false);
    if (conn) shut(conn);
    this.#house.signal(this.#taken.from, { type: "relay", transfer });
  }

  async #takeRelay(key: Uint8Array | undefined): Promise<void> {
    const relay = this.#relay = new RelayChannel(
      this.#transfer,
      (signal) => this.#house.signal(this.#taken.from, signal),
    );
    await this.#run(this.#transfer, relay, key, "", true);
  }

  /** A way for bytes is there: it goes on with what is missing. */
  async #run(
    transfer: string,
    way: ByteChannel,
    theirs: Uint8Array | undefined,
    nonce: string,
    relayed: boolean,
  ): Promise<void> {
    // It may have taken so long that another attempt goes on.
    if (this.#isOver || this.#transfer !== transfer || this.#opens) return way.close();
    const ours = this.#key;
    this.#opens = true;
    let keys: FileKeys | undefined;
    try {
      keys = theirs && ours && await ours.agree(theirs, transfer + nonce, false);
      await this.#target!.look();
    } catch (error) {
      way.close();
      return this.#end({ why: reason(error), isOurs: true });
    } finally {
      this.#opens = false;
    }
    // Where both can, nothing goes unsealed.
    if (this.#isOver || this.#transfer !== transfer || (theirs && ours && !keys)) {
      way.close();
      return this.#transfer === transfer ? this.#halt("no keys can be agreed on") : undefined;
    }
    clearTimeout(this.#timer);
    this.#stream?.close();
    if (!relayed) this.#relay = undefined;
    this.#state = "running";
    const target = this.#target!;
    const receiving = this.#receiving = new Receiving({
      send: (message) => stream.send(message),
      keepList: (bytes) =>
        this.#kept(receiving, target.list(bytes), () => {
          const { manifest, map } = target.known!;
          receiving.listed(map, manifest.chunkBytes);
        }),
      keep: (chunk, bytes) =>
        this.#kept(receiving, target.keep(chunk, bytes), (isSound) => {
          stream.release(bytes);
          if (isSound) receiving.kept(chunk);
          else receiving.spoilt(chunk);
        }),
      finish: () =>
        this.#kept(receiving, this.#finish(target), (path) => {
          if (path === undefined) return receiving.unfinished(target.known!.map);
          receiving.finished();
          stream.finish();
          this.#end({ path });
        }),
      ended: (how) => {
        // One that was given up speaks for nobody.
        if (how !== "done" && this.#receiving === receiving) {
          void stream.finish().then(() =>
            this.#end({ why: this.#failure ?? how.why, isOurs: this.#failure !== undefined })
          );
        }
      },
    }, { windowBytes: relayed ? RELAY_WINDOW_BYTES : WINDOW_BYTES });
    const stream: FileStream = this.#stream = new FileStream(way, keys, {
      received: (message) => receiving.received(message),
      sent: () => {},
      over: (why) => this.#stream === stream ? this.#broken(why) : undefined,
    });
    const { from } = this.#taken;
    this.#house.show({ type: "way", ...this.#thing, with: from, sends: false, relayed, sealed: keys !== undefined });
    const { known } = target;
    this.#pace = new Pace(clock(), this.#done);
    receiving.begin(known && { map: known.map, chunkBytes: known.manifest.chunkBytes });
    stream.begin();
    this.#look(stream);
  }

  /** While it gets its name, nothing stops it. */
  async #finish(target: FileTarget): Promise<string | undefined> {
    this.#finishing = true;
    try {
      return await target.finish();
    } finally {
      this.#finishing = false;
    }
  }

  /** What the disk answers; what it cannot do ends the transfer. */
  #kept<T>(receiving: Receiving, answer: Promise<T>, then: (answer: T) => void): void {
    answer.then(then).catch((error) => {
      if (this.#isOver || this.#receiving !== receiving) return;
      this.#failure = reason(error);
      receiving.failed(reasonForOthers(error));
    });
  }

  get #done(): number {
    const known = this.#target?.known;
    if (!known) return 0;
    return Math.min(this.#thing.bytes, (known.map.size - known.map.missing) * known.manifest.chunkBytes);
  }

  /** Shows how it goes, and whether it does. */
  #look(stream: FileStream): void {
    if (this.#stream !== stream || this.#isOver) return;
    const now = clock();
    if (this.#receiving!.isWaiting && now - stream.heardAt > SILENCE_MS) {
      return this.#broken(`nothing has come for ${SILENCE_MS / 1000} s`);
    }
    const rate = this.#pace!.rate(now, this.#done);
    if (rate > 0) this.#tries = 0;
    this.#house.show({ type: "moving", ...this.#thing, with: this.#taken.from, sends: false, done: this.#done, rate });
    this.#timer = setTimeout(() => this.#look(stream), LOOK_MS);
  }

  /** The stream is gone; another is tried. */
  #broken(why: string): void {
    if (this.#isOver) return;
    this.#stream?.close();
    this.#stream = this.#relay = this.#receiving = undefined;
    this.#halt(why);
  }

  /** It does not go on at the moment; it is tried again. */
  #halt(why: string): void {
    if (this.#isOver) return;
    this.#state = "resting";
    if (this.#why !== why || this.#tries === 0) {
      this.#house.show({ type: "halted", ...this.#thing, with: this.#taken.from, sends: false, why });
    }
    this.#why = why;
    this.#later(Math.min(AGAIN_MOST_MS, AGAIN_MS * 2 ** this.#tries++), () => void this.begin());
  }

  #later(ms: number, act: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, ms);
  }

  #end(end: FetchEnd): void {
    if (this.#isOver) return;
    this.#state = "over";
    clearTimeout(this.#timer);
    this.#house.listener.forget(this.#transfer);
    if ("why" in end) this.#stream?.close();
    this.#relay = undefined;
    const letGo = this.#opening?.then((target) => target.close());
    void (letGo ?? Promise.resolve()).catch(() => {}).then(() => this.#ended(end));
  }
}

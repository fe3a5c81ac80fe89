import { randomBytes } from "node:crypto";
import { encodeBase64 } from "../../core/bytes.ts";
import { reason } from "../../core/reason.ts";
import type { TransferItem } from "../../protocols/transfer/event.ts";
import type { FileKey } from "../../protocols/transfer/keys.ts";
import { Sending } from "../../protocols/transfer/sending.ts";
import type { Signal } from "../../protocols/transfer/signal.ts";
import type { FileSource, OfferMade } from "../../protocols/transfer/store.ts";
import { clock } from "../../net/clock.ts";
import { type ByteChannel, TcpChannel } from "./byte_channel.ts";
import { FileStream } from "./file_stream.ts";
import { LOOK_MS, Pace, reasonForOthers, type TransferContext } from "./context.ts";
import { openTransfer, shut } from "./listener.ts";
import { callFirst, type CallPlace, callPlaces, ownPlaces } from "./addresses.ts";
import { RelayChannel } from "./relay_channel.ts";

type Want = Extract<Signal, { type: "want" }>;

/** Of nothing coming on a connection that we have opened, until another is opened beside it. */
const QUIET_MS = 2000;
/** Between two such; twice as long each time, up to this. */
const AGAIN_MS = 1000;
const AGAIN_MOST_MS = 5000;
/** Of who has gone; who comes back asks. */
const LOST_REDIALS = 2;
/** Without a sign of the other side, until it is up to them to ask anew. */
const SILENCE_MS = 60_000;

/** How one who wanted it has got it. */
export type ServeEnd = "done" | { readonly why: string };

/**
 * Something of ours on its way to one who wants it: calls them, or is called by them, or goes by way of the chat. A connection that
 * we have opened, and that falls silent, we open anew; who wants it says whether it is better than the old one.
 */
export class Serve {
  readonly #house: TransferContext;
  readonly #thing: TransferItem;
  readonly #to: string;
  readonly #want: Want;
  readonly #ended: (end: ServeEnd) => void;
  #source: FileSource | undefined;
  #stream: FileStream | undefined;
  #sending: Sending | undefined;
  #relay: RelayChannel | undefined;
  #places: CallPlace[] = [];
  /** Whether it is us who call. */
  #calls = false;
  #calling = false;
  /** Why the connection is gone; undefined while it is there. */
  #lost: string | undefined;
  #redials = 0;
  #redialAt = 0;
  #pace: Pace | undefined;
  #over = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(house: TransferContext, thing: TransferItem, to: string, want: Want, ended: (end: ServeEnd) => void) {
    this.#house = house;
    this.#thing = thing;
    this.#to = to;
    this.#want = want;
    this.#ended = ended;
  }

  get to(): string {
    return this.#to;
  }

  /** Whether nothing has come of it, or it has fallen silent: who asks anew need not wait for it. */
  get isIdle(): boolean {
    return !this.#stream || this.#lost !== undefined || clock() - this.#stream.heardAt > QUIET_MS;
  }

  async begin(made: OfferMade, seen: string | undefined): Promise<void> {
    try {
      this.#source = await this.#house.shelf.source(made);
    } catch (error) {
      // It may be there again: a stick that was pulled out.
      this.#signal({
        type: "later",
        transfer: this.#want.transfer,
        why: `it cannot be read there (${reasonForOthers(error)})`,
      });
      return this.#end({ why: reason(error) });
    }
    if (this.#over) return this.#source.close();
    this.#places = callPlaces(this.#want.at, seen);
    this.#timer = setTimeout(() => this.#end({ why: `no connection with ${this.#to} came about` }), SILENCE_MS);
    if (await this.#call() || this.#over) return;
    await this.#listen();
  }

  signalled(signal: Signal): void {
    if (this.#over) return;
    if (signal.type === "relay") void this.#goByChat();
    else if (signal.type === "bytes" || signal.type === "taken") this.#relay?.signalled(signal);
  }

  /** Who wants it is not there any more, as far as the chat knows. */
  unheard(): void {
    if (this.#relay || !this.#stream) this.#end({ why: `${this.#to} is not there` });
  }

  /** The person will not send it any more. */
  async stop(why: string): Promise<void> {
    this.#sending?.failed(why);
    await this.#stream?.finish();
    this.#end({ why });
  }

  close(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#stream?.close();
    this.#relay?.close();
    this.#house.listener.forget(this.#want.transfer);
    this.#source?.close();
  }

  /** Calls who wants it; whether they are there, and will have it by this connection. */
  async #call(): Promise<boolean> {
    const conn = await callFirst(this.#places);
    if (!conn) return false;
    const { transfer, token, key } = this.#want;
    const ours = key && await this.#house.freshKey();
    const nonce = this.#over ? undefined : await openTransfer(conn, transfer, token, ours?.public);
    if (nonce === undefined || this.#over) {
      shut(conn);
      return false;
    }
    this.#calls = true;
    await this.#run(new TcpChannel(conn), ours, nonce, false);
    return true;
  }

  async #listen(): Promise<void> {
    const { listener } = this.#house;
    const { transfer } = this.#want;
    const token = encodeBase64(randomBytes(16));
    const ours = await this.#house.freshKey();
    if (this.#over) return;
    listener.expect(transfer, {
      token,
      wants: () => !this.#over && this.isIdle,
      // Its key came by way of the chat: whoever says another here is somebody else.
      take: ({ conn, nonce }) => void this.#run(new TcpChannel(conn), ours, nonce, false),
    });
    this.#signal({
      type: "come",
      transfer,
      token,
      at: ownPlaces(listener.port),
      key: this.#want.key && ours?.public,
    });
  }

  async #goByChat(): Promise<void> {
    if (this.#relay) return;
    const { transfer, key } = this.#want;
    const ours = await this.#house.freshKey();
    if (this.#over || this.#relay) return;
    const relay = this.#relay = new RelayChannel(transfer, (signal) => this.#signal(signal));
    this.#signal({ type: "relayed", transfer, key: key && ours?.public });
    await this.#run(relay, ours, "", true);
  }

  async #run(way: ByteChannel, ours: FileKey | undefined, nonce: string, relayed: boolean): Promise<void> {
    const { key: theirs, transfer } = this.#want;
    const keys = theirs && ours && await ours.agree(theirs, transfer + nonce, true);
    if (this.#over || (theirs && ours && !keys)) return way.close();
    const source = this.#source!;
    this.#stream?.close();
    this.#lost = undefined;
    const sending = this.#sending = new Sending(
      {
        send: (message) => stream.send(message),
        read: (chunk, again) =>
          void source.read(chunk, again).then(
            (bytes) => sending.piece(chunk, bytes),
            (error) => sending.failed(reasonForOthers(error)),
          ),
        ended: (how) => void stream.finish().then(() => this.#end(how)),
      },
      source.manifest,
      source.chunks,
    );
    const stream: FileStream = this.#stream = new FileStream(way, keys, {
      received: (message) => {
        sending.received(message);
        // What was there before was not fast.
        if (message.type === "have") this.#pace = new Pace(clock(), this.#done);
      },
      sent: (message) => {
        if (message.type === "chunk") source.release(message.bytes);
        if (message.type === "chunk" || message.type === "listed") sending.sent();
      },
      over: (why) => {
        if (this.#stream !== stream) return;
        // Who wants it asks anew; or is called again, a few times.
        if (!this.#calls) return this.#end({ why });
        this.#lost = why;
        this.#redialAt = 0;
        this.#look();
      },
    });
    this.#house.show({ type: "way", ...this.#thing, with: this.#to, sends: true, relayed, sealed: keys !== undefined });
    this.#pace = new Pace(clock(), 0);
    this.#redialAt = clock() + QUIET_MS;
    stream.begin();
    this.#look();
  }

  #look(): void {
    clearTimeout(this.#timer);
    if (this.#over) return;
    const now = clock();
    const { heardAt } = this.#stream!;
    if (this.#lost !== undefined && this.#redials > LOST_REDIALS) return this.#end({ why: this.#lost });
    if (now - heardAt > SILENCE_MS) {
      return this.#end({ why: `nothing was heard of ${this.#to} for ${SILENCE_MS / 1000} s` });
    }
    if (this.#lost === undefined && now - heardAt < QUIET_MS) {
      this.#redials = 0;
      this.#redialAt = heardAt + QUIET_MS;
    } else if (this.#calls && now >= this.#redialAt && !this.#calling) this.#redial(now);
    const done = this.#done;
    const rate = this.#pace!.rate(now, done);
    if (this.#lost === undefined) {
      this.#house.show({ type: "moving", ...this.#thing, with: this.#to, sends: true, done, rate });
    }
    this.#timer = setTimeout(() => this.#look(), LOOK_MS);
  }

  get #done(): number {
    const { chunks } = this.#source!;
    return chunks === 0 ? 0 : Math.round(this.#thing.bytes * this.#sending!.progress / chunks);
  }

  #redial(now: number): void {
    this.#calling = true;
    this.#redialAt = now + Math.min(AGAIN_MOST_MS, AGAIN_MS * 2 ** this.#redials++);
    void this.#call().finally(() => this.#calling = false);
  }

  #signal(signal: Signal): void {
    this.#house.signal(this.#to, signal);
  }

  #end(end: ServeEnd): void {
    if (this.#over) return;
    this.close();
    this.#ended(end);
  }
}

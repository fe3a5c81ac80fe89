import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { encodeBase64 } from "../../lib/core/bytes.ts";
import { Fault } from "../../lib/core/errors.ts";
import { ChunkMap } from "../../lib/protocols/transfer/chunk_map.ts";
import type { FileEvent } from "../../lib/protocols/transfer/event.ts";
import { decodeFrame, encodeFrame, type FileMessage, FrameDecoder } from "../../lib/protocols/transfer/frames.ts";
import { DIGEST_BYTES, encodeManifest, Manifest } from "../../lib/protocols/transfer/manifest.ts";
import type { FileOffer } from "../../lib/protocols/transfer/offer.ts";
import type { AttemptEvent, TransferOutput } from "../../lib/protocols/transfer/output.ts";
import { Relay } from "../../lib/protocols/transfer/relay.ts";
import type { Signal } from "../../lib/protocols/transfer/signal.ts";
import { FileTransfers } from "../../lib/protocols/transfer/transfers.ts";
import type { Random } from "./random.ts";

const CHUNK = 1024;
/** A frame's kind and length, and the number of its chunk. */
const CHUNK_HEAD = 9;
/** The window of a receiver in bytes; the chunk size that a machine is told sets how many chunks that is. */
const WINDOW_BYTES = 4 * 1024 * 1024;
/** Time that passes at each step. */
const STEP_MS = 2;
const STEPS = 1_000_000;
const ADDRESS = "10.0.0.9:4000";

/** How a transfer may take its bytes. */
type Route = "sender dials" | "receiver dials" | "relay";

/** What a simulated transfer came to. */
export interface Outcome {
  readonly cuts: number;
  readonly chunks: number;
  /** How often a chunk was put on a stream beyond once, and how often one was lost or damaged on it. */
  readonly sentAgain: number;
  readonly lost: number;
  readonly wrong: string | undefined;
}

/**
 * One transfer between two `FileTransfers`, from memory to memory, in virtual time, over streams that deliver bytes in pieces of
 * any size, damage some, and are cut at any byte; after a cut the machines find each other again by themselves.
 */
export function simulateTransfer(
  random: Random,
  options: { mostChunks: number; cutsWanted: number; spoils: boolean },
): Outcome {
  return new Simulation(random, options).run();
}

/** One byte stream. Each side has its own number for it. */
interface Link {
  readonly transfer: string;
  readonly stream: number;
  /** Bytes until it is cut. */
  left: number;
  readonly up: Uint8Array[];
  readonly down: { bytes: Uint8Array; at: number; readonly chunk: number | undefined }[];
  /** Chunks that were sent on it, less those that arrived damaged. */
  readonly sent: number[];
  readonly decoders: { readonly alice: FrameDecoder; readonly bob: FrameDecoder };
  readonly relays: { readonly alice: Relay; readonly bob: Relay } | undefined;
  /** The sides that have closed it. */
  readonly closed: Set<Name>;
  isCut: boolean;
}

type Name = "alice" | "bob";

class Simulation {
  readonly #alice = new FileTransfers();
  readonly #bob = new FileTransfers();
  readonly #route: Route;
  readonly #offer: FileOffer;
  readonly #list: Uint8Array;
  readonly #manifest: Manifest;
  readonly #source: Uint8Array;
  readonly #target: Uint8Array;
  readonly #map: ChunkMap;
  readonly #chunkBytes: number;
  #hasList = false;
  #finished: string | undefined;
  #now = 1_000_000;
  #names = 0;
  #links: Link[] = [];
  /** Work that the disk or the system has been given and has not answered. */
  readonly #jobs: (() => void)[] = [];
  readonly #signals: { readonly to: Name; readonly signal: Signal }[] = [];
  /** The last event that each user was shown. */
  readonly #shown: { alice?: FileEvent; bob?: FileEvent } = {};
  readonly #sent = new Map<number, number>();
  readonly #damaged = new Map<number, number>();
  #lost = 0;
  #cuts = 0;

  constructor(
    readonly random: Random,
    readonly options: { mostChunks: number; cutsWanted: number; spoils: boolean },
  ) {
    const bytes = below(random, options.mostChunks) * CHUNK + below(random, CHUNK) + 1;
    const salt = below(random, 1000);
    this.#source = new Uint8Array(bytes);
    for (let i = 0; i < bytes; i++) this.#source[i] = (i + salt) * (i >> 3) >> 5;
    this.#target = new Uint8Array(bytes);
    const chunks = Math.ceil(bytes / CHUNK);
    const digests = new Uint8Array(chunks * DIGEST_BYTES);
    for (let i = 0; i < chunks; i++) digests.set(digestOf(this.#piece(i)), i * DIGEST_BYTES);
    this.#manifest = new Manifest([{ path: "file", bytes, isFolder: false }], CHUNK, digests);
    this.#list = encodeManifest(this.#manifest);
    this.#map = new ChunkMap(chunks);
    this.#chunkBytes = WINDOW_BYTES / (1 + below(random, 8));
    this.#route = random.pick<Route>(["sender dials", "receiver dials", "relay"]);
    this.#offer = {
      id: this.#name(),
      name: "file",
      bytes,
      files: undefined,
      digest: encodeBase64(digestOf(this.#list)),
    };
  }

  run(): Outcome {
    for (const machine of [this.#alice, this.#bob]) machine.loggedIn();
    this.#alice.send(this.#offer.id, "file", { user: "bob" });
    for (let step = 0; step < STEPS; step++) {
      this.#drain();
      if (this.#ended()) return this.#outcome();
      this.#now += STEP_MS;
      if (this.#step()) continue;
      const wakeAt = Math.min(this.#alice.wakeAt, this.#bob.wakeAt);
      if (wakeAt === Infinity) return this.#outcome("the transfer stands still");
      this.#now = Math.max(this.#now, wakeAt);
      for (const machine of [this.#alice, this.#bob]) if (machine.wakeAt <= this.#now) machine.tick(this.#now);
    }
    return this.#outcome("the transfer does not end");
  }

  #ended(): boolean {
    const { alice, bob } = this.#shown;
    return bob?.type === "fileFailed" || (bob?.type === "received" && alice?.type === "fileSent");
  }

  #outcome(why?: string): Outcome {
    const sentAgain = [...this.#sent.values()].reduce((sum, count) => sum + count - 1, 0);
    const { alice, bob } = this.#shown;
    const wrong = why ??
      (bob?.type === "fileFailed" ? `it has failed: ${bob.why}` : undefined) ??
      (same(this.#source, this.#target) ? undefined : "what came is not what was sent") ??
      (sentAgain > this.#lost ? `${sentAgain} chunks were sent again, and ${this.#lost} were lost` : undefined);
    return {
      cuts: this.#cuts,
      chunks: this.#map.size,
      sentAgain,
      lost: this.#lost,
      wrong: wrong && `${wrong} (${this.#route}); last shown: ${JSON.stringify([alice, bob])}`,
    };
  }

  /** Does one thing that is under way, if anything is. */
  #step(): boolean {
    const { random } = this;
    const link = this.#links.length > 0 ? random.pick(this.#links) : undefined;
    switch (below(random, 4)) {
      case 0:
        if (this.#jobs.length === 0) break;
        this.#jobs.splice(below(random, this.#jobs.length), 1)[0]!();
        return true;
      case 1:
        if (!link || link.up.length === 0) break;
        this.#arrive(link, "alice", link.up.shift()!);
        return true;
      case 2:
        if (!link || link.down.length === 0) break;
        this.#deliver(link);
        return true;
      case 3:
        if (this.#signals.length === 0) break;
        this.#signal(this.#signals.shift()!);
        return true;
    }
    return this.#jobs.length > 0 || this.#signals.length > 0 ||
      this.#links.some(({ up, down }) => up.length > 0 || down.length > 0);
  }

  #signal({ to, signal }: { to: Name; signal: Signal }): void {
    if (to === "alice") this.#alice.signalled("bob", signal, "10.0.0.9", this.#now);
    else this.#bob.signalled("alice", signal, "10.0.0.9", this.#now);
  }

  /** Delivers some bytes to the receiver. */
  #deliver(link: Link): void {
    const { random } = this;
    const frame = link.down[0]!;
    const part = frame.bytes.slice(0, Math.min(link.left, 1 + below(random, 2 * CHUNK)));
    link.left -= part.length;
    frame.at += part.length;
    // Past its number; and no chunk so often that it is given up.
    if (this.options.spoils && frame.chunk !== undefined && frame.at > CHUNK_HEAD && below(random, 40) === 0) {
      const times = this.#damaged.get(frame.chunk) ?? 0;
      this.#damaged.set(frame.chunk, times + 1);
      if (times < 2) part[part.length - 1]! ^= 1;
    }
    frame.bytes = frame.bytes.subarray(part.length);
    if (frame.bytes.length === 0) link.down.shift();
    this.#arrive(link, "bob", part);
    if (link.left <= 0) this.#cut(link);
  }

  #cut(link: Link): void {
    if (link.isCut) return;
    this.#cuts++;
    // What was on the stream, or was taken off it and not written: only that may be sent again.
    this.#lost += link.sent.filter((chunk) => !this.#map.has(chunk)).length;
    this.#end(link);
  }

  /** The stream breaks for both sides. */
  #end(link: Link): void {
    link.isCut = true;
    this.#links = this.#links.filter((other) => other !== link);
    for (const side of ["alice", "bob"] as const) {
      if (!link.closed.has(side)) this.#event(side, link, { type: "broken", stream: link.stream, why: "it was cut" });
    }
  }

  #arrive(link: Link, at: Name, bytes: Uint8Array): void {
    this.#event(at, link, { type: "heard", stream: link.stream });
    for (const message of messages(link.decoders[at], bytes)) {
      if (!link.closed.has(at)) this.#event(at, link, { type: "frame", stream: link.stream, message });
    }
  }

  #event(side: Name, { transfer }: { readonly transfer: string }, event: AttemptEvent): void {
    (side === "alice" ? this.#alice : this.#bob).event(transfer, event, this.#now);
    this.#drain();
  }

  #drain(): void {
    for (let isDone = false; !isDone;) {
      isDone = true;
      for (const [name, machine] of [["alice", this.#alice], ["bob", this.#bob]] as const) {
        for (const output of machine.takeOutputs()) {
          isDone = false;
          this.#do(name, machine, output);
        }
      }
    }
  }

  #do(name: Name, machine: FileTransfers, output: TransferOutput): void {
    const job = (act: () => void): void => void this.#jobs.push(act);
    const event = (transfer: string, event: AttemptEvent) => machine.event(transfer, event, this.#now);
    switch (output.type) {
      case "signal":
        return void this.#signals.push({ to: output.to as Name, signal: output.signal });
      case "say": {
        const message = { from: name, to: output.to, text: output.text };
        if (!this.#bob.isOffer(message, false)) throw new Error("the offer is not read");
        this.#bob.offered(message);
        return this.#bob.decide(this.#offer.id, "accept");
      }
      case "show":
        this.#shown[name] = output.event;
        return;
      case "problem":
        throw new Error(output.why);
      case "restore":
        return machine.restored({ outcomes: [], made: [], taken: [] });
      case "readOffer":
        return job(() =>
          machine.read(output.to, {
            offer: this.#offer,
            to: "bob",
            isRoom: false,
            path: output.path,
            passedOver: 0,
          })
        );
      case "accept":
        return machine.offerEvent(output.taken.offer.id, { type: "accepted" }, this.#now);
      case "record":
      case "release":
        return;
      case "findEnded":
        throw new Error("alice knows her offer");
      case "prepare":
        return job(() =>
          machine.offerEvent(this.#offer.id, {
            type: "prepared",
            attempt: output.attempt,
            transfer: this.#name(),
            token: this.#name(),
            at: [ADDRESS],
            key: undefined,
            known: this.#known,
            finished: this.#finished,
          }, this.#now)
        );
      case "closeTarget":
        return job(() =>
          machine.offerEvent(output.offer, { type: "targetClosed", finished: this.#finished }, this.#now)
        );
      case "openSource":
        return job(() =>
          event(output.transfer, { type: "sourceOpened", manifest: this.#list, chunks: this.#manifest.chunks })
        );
      case "dial":
        return job(() => this.#dial(name, output.transfer));
      case "listen":
        return job(() =>
          event(output.transfer, { type: "listening", token: this.#name(), at: [ADDRESS], key: undefined })
        );
      case "relay":
        return this.#connected(name, this.#relayed(output.transfer), "relay");
      case "relaySignal": {
        const link = this.#links.find(({ transfer, relays }) => relays && transfer === output.transfer);
        if (!link) return;
        link.relays![name].receive(output.signal);
        return this.#relay(link, name);
      }
      case "open":
        return job(() => {
          const known = name === "bob" ? this.#known : undefined;
          const link = this.#links.find(({ stream }) => stream === output.stream);
          if (!link || link.closed.has(name)) return;
          event(output.transfer, {
            type: "opened",
            stream: output.stream,
            relayed: link.relays !== undefined,
            sealed: false,
            known,
          });
        });
      case "frame":
        return this.#send(name, output.stream, output.message);
      case "finishStream":
      case "closeStream":
        return this.#close(name, output.stream);
      case "readChunk":
        return job(() =>
          event(output.transfer, {
            type: "chunkRead",
            stream: output.stream,
            chunk: output.chunk,
            bytes: this.#piece(output.chunk),
          })
        );
      case "keepManifest":
        return job(() => {
          if (!same(output.bytes, this.#list)) throw new Error("the list came changed");
          this.#hasList = true;
          event(output.transfer, { type: "manifestKept", stream: output.stream, known: this.#known! });
        });
      case "writeChunk":
        return job(() => {
          const { chunk, bytes, stream } = output;
          const isSound = same(digestOf(bytes), this.#manifest.digestOf(chunk));
          if (isSound) {
            this.#target.set(bytes, chunk * CHUNK);
            this.#map.add(chunk);
          } else {
            this.#lost++;
            const sent = this.#links.find((link) => link.stream === stream)?.sent;
            sent?.splice(sent.indexOf(chunk), 1);
          }
          event(output.transfer, { type: "chunkWritten", stream, chunk, isSound });
        });
      case "finish":
        return job(() => {
          this.#finished = "/downloads/file";
          event(output.transfer, { type: "finished", path: this.#finished, known: this.#known! });
        });
    }
  }

  get #known() {
    return this.#hasList ? { map: this.#map, chunkBytes: this.#chunkBytes } : undefined;
  }

  #dial(by: Name, transfer: string): void {
    const [machine, other] = by === "alice" ? [this.#alice, this.#bob] : [this.#bob, this.#alice];
    const isReachable = this.#route === (by === "alice" ? "sender dials" : "receiver dials");
    if (!isReachable || !other.wantsStream(transfer, this.#now)) {
      return machine.event(transfer, { type: "unreachable" }, this.#now);
    }
    const link = this.#link(transfer, false);
    this.#connected(by === "alice" ? "bob" : "alice", link, "caller");
    this.#connected(by, link, "dial");
  }

  #connected(name: Name, link: Link, by: "dial" | "caller" | "relay"): void {
    this.#event(name, link, { type: "connected", stream: link.stream, by, theirKey: undefined, ourKey: undefined });
  }

  /** The relayed stream of an attempt, which both sides open. */
  #relayed(transfer: string): Link {
    return this.#links.find((link) => link.transfer === transfer) ?? this.#link(transfer, true);
  }

  #link(transfer: string, relayed: boolean): Link {
    const { bytes } = this.#offer;
    const { cutsWanted } = this.options;
    // Cuts enough for all that there are to be, and more of it when nothing is there yet.
    const left = this.#cuts < cutsWanted
      ? below(this.random, (this.#hasList ? 0 : 2 * this.#list.length) + 2 * bytes / (cutsWanted + 1)) + 1
      : Infinity;
    const link: Link = {
      transfer,
      stream: ++this.#names,
      left,
      up: [],
      down: [],
      sent: [],
      decoders: { alice: new FrameDecoder(), bob: new FrameDecoder() },
      relays: relayed ? { alice: new Relay(transfer), bob: new Relay(transfer) } : undefined,
      closed: new Set(),
      isCut: false,
    };
    this.#links.push(link);
    return link;
  }

  #send(from: Name, stream: number, message: FileMessage): void {
    const link = this.#links.find((link) => link.stream === stream);
    if (!link) return;
    const chunk = message.type === "chunk" ? message.index : undefined;
    if (chunk !== undefined) {
      this.#sent.set(chunk, (this.#sent.get(chunk) ?? 0) + 1);
      link.sent.push(chunk);
    }
    const bytes = encodeFrame(message);
    const accepted = () => {
      if (link.isCut || from === "bob") return;
      if (chunk !== undefined || message.type === "listed") this.#event(from, link, { type: "sent", stream });
    };
    if (link.relays) {
      link.relays[from].write(bytes);
      this.#relay(link, from);
      const wait = () =>
        link.relays![from].isDrained ? accepted() : link.isCut ? undefined : void this.#jobs.push(wait);
      this.#jobs.push(wait);
    } else if (from === "bob") link.up.push(bytes);
    else {
      link.down.push({ bytes, at: 0, chunk });
      this.#jobs.push(accepted);
    }
  }

  /** Does what an end of a relayed stream wants. */
  #relay(link: Link, at: Name): void {
    const relay = link.relays![at];
    for (let bytes; (bytes = relay.read());) {
      if (at === "bob") link.left -= bytes.length;
      this.#arrive(link, at, bytes);
    }
    for (const signal of relay.takeSignals()) this.#signals.push({ to: at === "alice" ? "bob" : "alice", signal });
    if (relay.isClosed) throw new Error("a relayed stream has a gap");
    if (link.left <= 0) this.#cut(link);
  }

  #close(name: Name, stream: number): void {
    const link = this.#links.find((link) => link.stream === stream);
    if (!link) return;
    link.closed.add(name);
    // The other side learns of it once it has read everything.
    const end = () => {
      if (link.isCut) return;
      const isRead = link.relays || (name === "alice" ? link.down : link.up).length === 0;
      if (isRead) this.#end(link);
      else this.#jobs.push(end);
    };
    this.#jobs.push(end);
  }

  #piece(chunk: number): Uint8Array {
    return this.#source.slice(chunk * CHUNK, (chunk + 1) * CHUNK);
  }

  #name(): string {
    const bytes = new Uint8Array(16);
    new DataView(bytes.buffer).setUint32(0, ++this.#names);
    return encodeBase64(bytes);
  }
}

function* messages(decoder: FrameDecoder, bytes: Uint8Array) {
  decoder.push(bytes);
  for (let frame; (frame = decoder.next());) {
    if (frame instanceof Fault) throw new Error(frame.message);
    const message = decodeFrame(frame);
    if (message instanceof Fault || !message) throw new Error(`a frame of kind ${frame.kind} is not understood`);
    yield message;
  }
}

function digestOf(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}

function below(random: Random, limit: number): number {
  return random.whole(0, limit - 1);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

import type { Outputs } from "../../core/machine.ts";
import { type FileMessage, LISTED_BYTES } from "./frames.ts";
import { MANIFEST_BYTES } from "./manifest.ts";
import type { KnownTarget, TransferOutput } from "./output.ts";

/** Requested before it has arrived: enough for a fast network, and little to lose when a connection breaks. */
const WINDOW_BYTES = 4 * 1024 * 1024;
/** The same for a relayed stream, which shares the chat's connection. */
const RELAY_WINDOW_BYTES = 512 * 1024;
/** A chunk that arrives damaged this often is damaged at its sender. */
const TRIES = 3;

/** Which stream this is, of which attempt at which offer. */
export interface StreamName {
  readonly offer: string;
  readonly transfer: string;
  readonly stream: number;
}

/**
 * The receiver's end of one stream: requests the manifest and the missing chunks.
 *
 * 1. At most a window of bytes is requested and not yet written, so memory is bounded whatever the size of the file.
 * 2. A chunk that is marked in the map is not requested. A chunk that was not requested is dropped.
 */
export class ReceivingStream {
  readonly #out: Outputs<TransferOutput>;
  readonly #name: StreamName;
  readonly relayed: boolean;
  /** The manifest as far as it has arrived. */
  #manifest: Uint8Array | undefined;
  #manifestBytes = 0;
  #known: KnownTarget | undefined;
  readonly #damaged = new Map<number, number>();
  readonly #again: number[] = [];
  /** Chunks that were requested and have not arrived. */
  readonly #requested = new Set<number>();
  /** Number of chunks that have arrived and are not written. */
  #writing = 0;
  #next = 0;
  #state: "manifest" | "keeping the manifest" | "chunks" | "complete" | "ended" = "manifest";
  /** When bytes last arrived. */
  heardAt: number;
  /** Why the transfer has ended: the sender has stopped it, or what it sends cannot be used. */
  failure: string | undefined;

  constructor(out: Outputs<TransferOutput>, name: StreamName, relayed: boolean, now: number) {
    this.#out = out;
    this.#name = name;
    this.relayed = relayed;
    this.heardAt = now;
  }

  get id(): number {
    return this.#name.stream;
  }

  /** Whether something was requested that has not arrived. */
  get isWaiting(): boolean {
    return this.#state === "manifest" || this.#requested.size > 0;
  }

  get hasEnded(): boolean {
    return this.#state === "ended";
  }

  /** Whether every chunk is written. */
  get isComplete(): boolean {
    return this.#state === "complete";
  }

  /** Starts with what is on disk, or with the manifest. */
  begin(known: KnownTarget | undefined): void {
    if (known) this.manifestKept(known);
    else this.#send({ type: "list" });
  }

  receive(message: FileMessage): void {
    switch (message.type) {
      case "listed":
        return this.#part(message.total, message.bytes);
      case "chunk":
        return this.#chunk(message.index, message.bytes);
      case "stop":
        if (this.#state === "ended") return;
        this.#state = "ended";
        this.failure = message.why;
    }
  }

  manifestKept(known: KnownTarget): void {
    if (this.#state === "ended") return;
    this.#state = "chunks";
    this.#known = known;
    this.#send({ type: "have", count: known.map.size - known.map.missing });
    this.#request();
  }

  chunkWritten(chunk: number, isSound: boolean): void {
    this.#writing--;
    if (!isSound) {
      const tries = (this.#damaged.get(chunk) ?? 0) + 1;
      this.#damaged.set(chunk, tries);
      if (tries >= TRIES) {
        return this.fail(`part ${chunk + 1} of ${this.#known!.map.size} arrived damaged ${tries} times`);
      }
      this.#again.push(chunk);
    }
    this.#request();
  }

  /** Some of the file has disappeared from the disk: requests it again. */
  resume(known: KnownTarget): void {
    if (this.#state !== "complete") return;
    this.#state = "chunks";
    this.#known = known;
    this.#next = 0;
    this.#request();
  }

  /** Ends the transfer and tells the sender why. */
  fail(why: string): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.failure = why;
    this.#send({ type: "stop", why });
  }

  /** Tells the sender that everything has been received. */
  done(): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#send({ type: "done" });
  }

  #part(total: number, bytes: Uint8Array): void {
    if (this.#state !== "manifest") return;
    if (total > MANIFEST_BYTES) {
      return this.fail(`its list has ${total} bytes; at most ${MANIFEST_BYTES} are accepted`);
    }
    const manifest = this.#manifest ??= new Uint8Array(total);
    const rest = manifest.length - this.#manifestBytes;
    if (total !== manifest.length || bytes.length > rest || bytes.length < Math.min(rest, LISTED_BYTES)) {
      return this.fail("the parts of its list do not fit together");
    }
    manifest.set(bytes, this.#manifestBytes);
    this.#manifestBytes += bytes.length;
    if (this.#manifestBytes < total) return;
    this.#manifest = undefined;
    this.#state = "keeping the manifest";
    this.#out.push({ type: "keepManifest", ...this.#name, bytes: manifest });
  }

  #chunk(chunk: number, bytes: Uint8Array): void {
    if (this.#state !== "chunks" || !this.#requested.delete(chunk)) return;
    this.#writing++;
    this.#out.push({ type: "writeChunk", ...this.#name, chunk, bytes });
  }

  #request(): void {
    if (this.#state !== "chunks") return;
    const { map, chunkBytes } = this.#known!;
    if (map.missing === 0) return void (this.#state = "complete");
    const window = Math.max(2, Math.floor((this.relayed ? RELAY_WINDOW_BYTES : WINDOW_BYTES) / chunkBytes));
    let room = window - this.#requested.size - this.#writing;
    for (let chunk; room > 0 && (chunk = this.#again.shift()) !== undefined; room--) this.#want(chunk, 1);
    // One request for several chunks costs less than one for each.
    if (room < Math.ceil(window / 2)) return;
    for (this.#next = map.next(this.#next); room > 0 && this.#next < map.size; this.#next = map.next(this.#next)) {
      const count = map.run(this.#next, room);
      this.#want(this.#next, count);
      this.#next += count;
      room -= count;
    }
  }

  #want(first: number, count: number): void {
    for (let chunk = first; chunk < first + count; chunk++) this.#requested.add(chunk);
    this.#send({ type: "want", first, count });
  }

  #send(message: FileMessage): void {
    this.#out.push({ type: "frame", stream: this.id, message });
  }
}

import type { ChunkMap } from "./chunk_map.ts";
import { type FileMessage, LISTED_BYTES } from "./frames.ts";
import { MANIFEST_BYTES } from "./manifest.ts";

/** What one who receives has done for it. */
export interface ReceivingWay {
  send(message: FileMessage): void;
  /** Checks the manifest and keeps it; `listed` or `failed` is told. */
  keepList(bytes: Uint8Array): void;
  /** Checks a chunk and keeps it; `kept`, `spoilt` or `failed` is told. */
  keep(chunk: number, bytes: Uint8Array): void;
  /** All chunks are there: gives the file its name; `finished`, `unfinished` or `failed` is told. */
  finish(): void;
  /** It is over: it has its name, or why it never will. */
  ended(how: "done" | { readonly why: string }): void;
}

/** How much is asked for before it is there. */
export interface ReceivingOptions {
  /** Bytes asked for at once; at least two chunks all the same. */
  readonly windowBytes: number;
}

/** As often a chunk may come spoilt; then it is not the way that spoils it. */
const TRIES = 3;

/**
 * The one who receives, on one stream: asks for what is missing, and for no more than it can take. What is there is not asked for
 * again, so whatever ends the stream, the next goes on where it stopped. Pure.
 */
export class Receiving {
  /** The manifest, as far as it has come. */
  #list: Uint8Array | undefined;
  #listBytes = 0;
  #map: ChunkMap | undefined;
  #chunkBytes = 1;
  readonly #spoilt = new Map<number, number>();
  readonly #again: number[] = [];
  /** Asked for and not here yet. */
  readonly #asked = new Set<number>();
  /** Here and not kept yet. */
  #keeping = 0;
  #next = 0;
  #state: "new" | "listing" | "keeping the list" | "running" | "finishing" | "over" = "new";

  constructor(readonly way: ReceivingWay, readonly options: ReceivingOptions) {}

  /** Whether something was asked for that has not come. */
  get isWaiting(): boolean {
    return this.#state === "listing" || this.#asked.size > 0;
  }

  /** Begins: with what is there already, or without a list. */
  begin(known: { readonly map: ChunkMap; readonly chunkBytes: number } | undefined): void {
    if (known) return this.listed(known.map, known.chunkBytes);
    this.#state = "listing";
    this.way.send({ type: "list" });
  }

  received(message: FileMessage): void {
    switch (message.type) {
      case "listed":
        return this.#part(message.total, message.bytes);
      case "chunk":
        return this.#chunk(message.index, message.bytes);
      case "stop":
        return this.#end({ why: message.why });
    }
  }

  /** The manifest is kept: what is missing of it, and how great its chunks are. */
  listed(map: ChunkMap, chunkBytes: number): void {
    if (this.#state === "over") return;
    this.#state = "running";
    this.#map = map;
    this.#chunkBytes = chunkBytes;
    this.way.send({ type: "have", count: map.size - map.missing });
    this.#ask();
  }

  /** A chunk is kept. */
  kept(chunk: number): void {
    this.#keeping--;
    this.#map!.add(chunk);
    this.#ask();
  }

  /** A chunk is not what was offered. */
  spoilt(chunk: number): void {
    this.#keeping--;
    const tries = (this.#spoilt.get(chunk) ?? 0) + 1;
    this.#spoilt.set(chunk, tries);
    if (tries >= TRIES) {
      return this.failed(`part ${chunk + 1} of ${this.#map!.size} came ${tries} times, and never as it was offered`);
    }
    this.#again.push(chunk);
    this.#ask();
  }

  /** Some of it is gone again. */
  unfinished(map: ChunkMap): void {
    if (this.#state !== "finishing") return;
    this.#state = "running";
    this.#map = map;
    this.#next = 0;
    this.#ask();
  }

  /** It cannot go on here; the other side is told. */
  failed(why: string): void {
    if (this.#state === "over") return;
    this.way.send({ type: "stop", why });
    this.#end({ why });
  }

  /** It has its name. */
  finished(): void {
    if (this.#state === "over") return;
    this.way.send({ type: "done" });
    this.#end("done");
  }

  #part(total: number, bytes: Uint8Array): void {
    if (this.#state !== "listing") return;
    if (total > MANIFEST_BYTES) {
      return this.failed(`its list has ${total} bytes, and at most ${MANIFEST_BYTES} are taken`);
    }
    const list = this.#list ??= new Uint8Array(total);
    const rest = list.length - this.#listBytes;
    if (total !== list.length || bytes.length > rest || bytes.length < Math.min(rest, LISTED_BYTES)) {
      return this.failed("its list comes in parts that do not fit together");
    }
    list.set(bytes, this.#listBytes);
    this.#listBytes += bytes.length;
    if (this.#listBytes < total) return;
    this.#list = undefined;
    this.#state = "keeping the list";
    this.way.keepList(list);
  }

  #chunk(index: number, bytes: Uint8Array): void {
    // What was not asked for would be kept for nobody.
    if (this.#state !== "running" || !this.#asked.delete(index)) return;
    this.#keeping++;
    this.way.keep(index, bytes);
  }

  #ask(): void {
    const map = this.#map!;
    if (this.#state !== "running") return;
    if (map.missing === 0) {
      this.#state = "finishing";
      return this.way.finish();
    }
    const window = Math.max(2, Math.floor(this.options.windowBytes / this.#chunkBytes));
    let room = window - this.#asked.size - this.#keeping;
    for (let chunk; room > 0 && (chunk = this.#again.shift()) !== undefined; room--) this.#want(chunk, 1);
    // Rather one question for several than one for each.
    if (room < Math.ceil(window / 2)) return;
    for (this.#next = map.next(this.#next); room > 0 && this.#next < map.size; this.#next = map.next(this.#next)) {
      const count = map.run(this.#next, room);
      this.#want(this.#next, count);
      this.#next += count;
      room -= count;
    }
  }

  #want(first: number, count: number): void {
    for (let chunk = first; chunk < first + count; chunk++) this.#asked.add(chunk);
    this.way.send({ type: "want", first, count });
  }

  #end(how: "done" | { why: string }): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.way.ended(how);
  }
}

import { dirname, join } from "@std/path";
import { equals } from "../core/bytes.ts";
import { ChunkMap } from "../protocols/transfer/chunk_map.ts";
import { FileError } from "../protocols/transfer/file_error.ts";
import type { Manifest } from "../protocols/transfer/manifest.ts";
import type { FileOffer } from "../protocols/transfer/offer.ts";
import type { FileTarget } from "../protocols/transfer/store.ts";
import { lookAt } from "./disk.ts";
import { said } from "./disk_errors.ts";
import { DiskQueue, type Piece, piecesOf, Yielder } from "./disk_queue.ts";
import { digestOf } from "./file_reader.ts";
import { PartFile, type TargetKept, type TargetPlace } from "./part_file.ts";
import { type Listed, readList, TransferRecord } from "./transfer_record.ts";

/** As often some of it may be gone in the end; then it is not a person who tidies up. */
const MISSES = 3;

/**
 * Something of somebody else's on its way to the disk: chunks into a `.part`, and a mark for each in the record.
 *
 * 1. A chunk is marked once it is written. When the machine itself was started anew since, what is marked is read again, since
 *    the machine may not have got to writing it.
 * 2. A name is given when all is there, to the byte, and only one that nothing has; the record says beforehand which.
 * 3. Somebody may tidy up meanwhile: what is gone is missing, and is asked for again.
 */
export class FileWriter implements FileTarget {
  readonly #offer: FileOffer;
  readonly #part: PartFile;
  readonly #record: TransferRecord;
  readonly #lanes: DiskQueue;
  readonly #turns = new Yielder();
  #listed: Listed | undefined;
  #chunks: ChunkMap | undefined;
  #folders = new Set<string>();
  #finishing: Promise<string | undefined> | undefined;
  #finished: string | undefined;
  #closed = false;
  /** How often it was begun, and how often some of it was gone in the end. */
  #begun = 0;
  #misses = 0;

  private constructor(kept: TargetKept, place: TargetPlace, record: TransferRecord) {
    this.#offer = kept.offer;
    this.#part = new PartFile(kept, place);
    this.#record = record;
    this.#lanes = new DiskQueue({ write: true });
  }

  /** Takes up what is there; throws when another program does so too. */
  static async open(kept: TargetKept, place: TargetPlace): Promise<FileWriter> {
    const record = await TransferRecord.open(place.record);
    const target = new FileWriter(kept, place, record);
    try {
      await target.#restore();
      return target;
    } catch (error) {
      record.close();
      throw error;
    }
  }

  get finished(): string | undefined {
    return this.#finished;
  }

  get known(): { readonly manifest: Manifest; readonly map: ChunkMap } | undefined {
    return this.#listed && this.#chunks && { manifest: this.#listed.manifest, map: this.#chunks };
  }

  async look(): Promise<void> {
    if (!this.#listed || this.#finishing) return;
    if (!await this.#part.isThere()) return await this.#beginAnew(this.#listed);
    if (this.#offer.files === undefined) return;
    const gone = await this.#wrong((entry, info) => info === undefined && this.#isBegun(entry));
    if (gone.length > 0) await this.#miss(gone);
  }

  async list(bytes: Uint8Array): Promise<void> {
    const listed = readList(bytes, this.#offer);
    // Of what is there nothing is known any more.
    await this.#part.remove();
    this.#part.checkRoom();
    await this.#record.begin(bytes, listed.manifest.chunks);
    await this.#beginAnew(listed);
  }

  async keep(chunk: number, bytes: Uint8Array): Promise<boolean> {
    const { manifest } = this.#listed!;
    if (bytes.length !== manifest.lengthOf(chunk) || !equals(digestOf(bytes), manifest.digestOf(chunk))) {
      return false;
    }
    const begun = this.#begun;
    const pieces = this.#pieces(chunk, bytes);
    try {
      await this.#lanes.write(pieces, async () => {
        if (this.#closed || begun !== this.#begun) throw new FileError("it is not written any more");
        for (const { path } of pieces) await this.#makeFolder(dirname(path));
      });
    } catch (error) {
      // What was begun anew meanwhile misses nothing of it, and has nothing of it.
      if (begun === this.#begun) throw error;
    }
    if (!this.#closed && begun === this.#begun) await this.#record.mark(chunk);
    return true;
  }

  finish(): Promise<string | undefined> {
    return this.#finishing ??= this.#finish().finally(() => {
      if (this.#finished === undefined) this.#finishing = undefined;
    });
  }

  async close(): Promise<void> {
    await this.#finishing?.catch(() => {});
    if (this.#closed) return;
    this.#closed = true;
    await this.#lanes.close();
    this.#record.close();
  }

  async #restore(): Promise<void> {
    this.#finished = await this.#part.named();
    if (this.#finished !== undefined) return;
    const restored = await this.#record.restore(this.#offer);
    if (!restored) return;
    const { mayBeLost } = this.#part;
    const wasThere = await this.#part.isThere();
    this.#listed = restored;
    this.#chunks = restored.map;
    await this.look();
    this.#finished = await this.#part.takeBack();
    if (wasThere && mayBeLost) await this.#readAgain();
  }

  /** Nothing is here yet; whatever is still being written belongs to nothing any more. */
  async #beginAnew(listed: Listed): Promise<void> {
    this.#begun++;
    await this.#lanes.close();
    const { chunks } = listed.manifest;
    await this.#record.reset(new Uint8Array(chunks));
    this.#folders = new Set();
    await this.#part.make();
    this.#chunks = new ChunkMap(chunks);
    this.#listed = listed;
  }

  /** What is marked and is not as it should be is missing again. */
  async #readAgain(): Promise<void> {
    const { manifest } = this.#listed!;
    const sound = new Uint8Array(manifest.chunks);
    const lanes = new DiskQueue({ read: true });
    try {
      for (let chunk = 0; chunk < manifest.chunks; chunk++) {
        if (!this.#chunks!.has(chunk)) continue;
        const bytes = new Uint8Array(manifest.lengthOf(chunk));
        const isRead = await lanes.read(this.#pieces(chunk, bytes)).then(() => true, () => false);
        if (isRead && equals(digestOf(bytes), manifest.digestOf(chunk))) sound[chunk] = 1;
      }
    } finally {
      await lanes.close();
    }
    await this.#record.reset(sound);
    this.#chunks = new ChunkMap(manifest.chunks, sound);
    this.#part.wasRead();
  }

  async #finish(): Promise<string | undefined> {
    await this.#lanes.close();
    for (const [entry, { bytes, isFolder }] of this.#listed!.manifest.entries.entries()) {
      if (bytes > 0) continue;
      await this.#turns.next();
      if (isFolder) await this.#makeFolder(this.#pathOf(entry));
      else await this.#makeEmpty(this.#pathOf(entry));
    }
    const wrong = await this.#wrong((entry, info) => info?.size !== this.#listed!.manifest.entries[entry]!.bytes);
    if (wrong.length > 0) {
      if (++this.#misses > MISSES) throw new FileError(`${this.#pathOf(wrong[0]!)} does not stay as it is written`);
      await this.#miss(wrong);
      return undefined;
    }
    this.#finished = await this.#part.giveName();
    return this.#finished;
  }

  /** Files with something in them that are not as they should be. */
  async #wrong(isWrong: (entry: number, info: Deno.FileInfo | undefined) => boolean): Promise<number[]> {
    const wrong: number[] = [];
    for (const [entry, { bytes }] of this.#listed!.manifest.entries.entries()) {
      if (bytes === 0) continue;
      await this.#turns.next();
      if (isWrong(entry, await lookAt(this.#pathOf(entry)))) wrong.push(entry);
    }
    return wrong;
  }

  /** Whether any chunk of an entry is here. */
  #isBegun(entry: number): boolean {
    const { first, last } = this.#listed!.manifest.chunksOf(entry);
    for (let chunk = first; chunk <= last; chunk++) if (this.#chunks!.has(chunk)) return true;
    return false;
  }

  /** Somebody has changed some of it: that is missing again, from its beginning. */
  async #miss(wrong: readonly number[]): Promise<void> {
    this.#begun++;
    await this.#lanes.close();
    this.#folders = new Set();
    const { manifest } = this.#listed!;
    const marked = Uint8Array.from({ length: manifest.chunks }, (_, chunk) => this.#chunks!.has(chunk) ? 1 : 0);
    for (const entry of wrong) {
      const { first, last } = manifest.chunksOf(entry);
      marked.fill(0, first, last + 1);
      const path = this.#pathOf(entry);
      const isAlone = this.#offer.files === undefined;
      // What is alone stays the same file; others are made anew.
      if (await lookAt(path)) await said("change", path, () => isAlone ? Deno.truncate(path, 0) : Deno.remove(path));
    }
    await this.#record.reset(marked);
    this.#chunks = new ChunkMap(manifest.chunks, marked);
    if (!await this.#part.isThere()) await this.#beginAnew(this.#listed!);
  }

  async #makeEmpty(path: string): Promise<void> {
    await this.#makeFolder(dirname(path));
    await said("write", path, () => Deno.openSync(path, { write: true, create: true }).close());
  }

  async #makeFolder(path: string): Promise<void> {
    if (this.#offer.files === undefined || this.#folders.has(path)) return;
    await said("make the folder", path, () => Deno.mkdirSync(path, { recursive: true }));
    this.#folders.add(path);
  }

  #pieces(chunk: number, bytes: Uint8Array): Piece[] {
    // One of which something is here already is there, unless somebody has taken it away.
    const isNew = (entry: number) => this.#offer.files !== undefined && !this.#isBegun(entry);
    return piecesOf(this.#listed!.manifest, chunk, bytes, (entry) => this.#pathOf(entry), isNew);
  }

  #pathOf(entry: number): string {
    return join(this.#part.path, this.#listed!.paths[entry]!);
  }
}

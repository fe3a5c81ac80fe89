import { dirname, join } from "@std/path";
import { equals } from "../core/bytes.ts";
import { ChunkMap } from "../protocols/transfer/chunk_map.ts";
import type { FileOffer } from "../protocols/transfer/offer.ts";
import type { KnownTarget } from "../protocols/transfer/output.ts";
import { attempt, checkNoLinks, FileError } from "./disk.ts";
import { DiskQueue, type Piece, piecesOf, Yielder } from "./disk_queue.ts";
import { digestOf } from "./file_reader.ts";
import { PartFile, type TargetKept, type TargetPlace } from "./part_file.ts";
import { type Contents, readManifest, TransferRecord } from "./transfer_record.ts";

/** Files may be incomplete at the end this often; more often, a program removes them, and not a person. */
const MISSES = 3;

/**
 * An offer to us on its way to the disk: chunks go into a `.part`, and a mark for each into the record.
 *
 * 1. A chunk is marked once it is written. If the machine has been restarted since, marked chunks are read and verified again,
 *    because the system may not have written them to the disk.
 * 2. The file gets its name when all of it is there, and only a name that nothing has. The record says beforehand which.
 * 3. Users may remove files meanwhile: what has disappeared is missing, and is requested again.
 * 4. A folder that is swapped for a link meanwhile is not followed: nothing outside of the `.part` is written or removed.
 */
export class FileWriter {
  readonly #offer: FileOffer;
  readonly #part: PartFile;
  readonly #record: TransferRecord;
  readonly #queue: DiskQueue;
  readonly #yielder = new Yielder();
  #contents: Contents | undefined;
  #map: ChunkMap | undefined;
  #folders = new Set<string>();
  #finishing: Promise<string | undefined> | undefined;
  #finished: string | undefined;
  #closed = false;
  /** Counts restarts; what was begun before the last one does not count. */
  #restarts = 0;
  #misses = 0;

  private constructor(kept: TargetKept, place: TargetPlace, record: TransferRecord) {
    this.#offer = kept.offer;
    this.#part = new PartFile(kept, place);
    this.#record = record;
    this.#queue = new DiskQueue({ write: true });
  }

  /** Opens what is on disk. Throws a `BusyError` if another program has it open. */
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

  /** Where the file is, once it has its name; then nothing else is done with it. */
  get finished(): string | undefined {
    return this.#finished;
  }

  /** What is on disk; undefined before there is a manifest. */
  get known(): KnownTarget | undefined {
    return this.#contents && this.#map && { map: this.#map, chunkBytes: this.#contents.manifest.chunkBytes };
  }

  /** Verifies, before a stream resumes, that what is marked is still there. */
  async verify(): Promise<void> {
    if (!this.#contents || this.#finishing) return;
    if (!await this.#part.isThere()) return await this.#restart(this.#contents);
    if (this.#offer.files === undefined) return;
    const gone = await this.#wrong((entry, info) => info === undefined && this.#isBegun(entry));
    if (gone.length > 0) await this.#miss(gone);
  }

  /** Verifies and keeps the manifest. Throws a `FileError` if it is not the offered one, or cannot be kept. */
  async keepManifest(bytes: Uint8Array): Promise<void> {
    const contents = await readManifest(bytes, this.#offer);
    // Without a manifest, nothing is known of what is on disk.
    await this.#part.remove();
    this.#part.checkRoom();
    await this.#record.begin(bytes, contents.manifest.chunks);
    await this.#restart(contents);
  }

  /** Writes and marks a chunk; false if it is not the offered one. Throws a `FileError` if it cannot be written. */
  async write(chunk: number, bytes: Uint8Array): Promise<boolean> {
    const { manifest } = this.#contents!;
    if (bytes.length !== manifest.lengthOf(chunk) || !equals(digestOf(bytes), manifest.digestOf(chunk))) {
      return false;
    }
    const restarts = this.#restarts;
    const pieces = this.#pieces(chunk, bytes);
    try {
      await this.#queue.write(pieces, async () => {
        if (this.#closed || restarts !== this.#restarts) throw new FileError("it is closed");
        for (const { path } of pieces) await this.#makeFolder(dirname(path));
      });
    } catch (error) {
      // After a restart, a chunk from before it is not expected.
      if (restarts === this.#restarts) throw error;
    }
    if (this.#closed || restarts !== this.#restarts) return true;
    this.#map!.add(chunk);
    await this.#record.mark(chunk);
    return true;
  }

  /** Gives the file its name, which nothing else has; undefined if some of it has disappeared. */
  finish(): Promise<string | undefined> {
    return this.#finishing ??= this.#finish().finally(() => {
      if (this.#finished === undefined) this.#finishing = undefined;
    });
  }

  /** Closes all files; what is on disk stays. */
  async close(): Promise<void> {
    await this.#finishing?.catch(() => {});
    if (this.#closed) return;
    this.#closed = true;
    await this.#queue.close();
    this.#record.close();
  }

  async #restore(): Promise<void> {
    this.#finished = await this.#part.named();
    if (this.#finished !== undefined) return;
    const restored = await this.#record.restore(this.#offer);
    if (!restored) return;
    const { mayBeLost } = this.#part;
    const wasThere = await this.#part.isThere();
    this.#contents = restored;
    this.#map = restored.map;
    await this.verify();
    this.#finished = await this.#part.completeNaming();
    if (wasThere && mayBeLost) await this.#readAgain();
  }

  /** Starts from nothing. Chunks that are still being written belong to the time before. */
  async #restart(contents: Contents): Promise<void> {
    this.#restarts++;
    await this.#queue.close();
    const { chunks } = contents.manifest;
    await this.#record.reset(new Uint8Array(chunks));
    this.#folders = new Set();
    await this.#part.make();
    this.#map = new ChunkMap(chunks);
    this.#contents = contents;
  }

  /** Reads and verifies marked chunks; those that are not sound are missing. */
  async #readAgain(): Promise<void> {
    const { manifest } = this.#contents!;
    const sound = new Uint8Array(manifest.chunks);
    const queue = new DiskQueue({ read: true });
    try {
      for (let chunk = 0; chunk < manifest.chunks; chunk++) {
        if (!this.#map!.has(chunk)) continue;
        const bytes = new Uint8Array(manifest.lengthOf(chunk));
        const isRead = await queue.read(this.#pieces(chunk, bytes)).then(() => true, () => false);
        if (isRead && equals(digestOf(bytes), manifest.digestOf(chunk))) sound[chunk] = 1;
      }
    } finally {
      await queue.close();
    }
    await this.#record.reset(sound);
    this.#map = new ChunkMap(manifest.chunks, sound);
    this.#part.wasRead();
  }

  async #finish(): Promise<string | undefined> {
    await this.#queue.close();
    for (const [entry, { bytes, isFolder }] of this.#contents!.manifest.entries.entries()) {
      if (bytes > 0) continue;
      await this.#yielder.next();
      if (isFolder) await this.#makeFolder(this.#pathOf(entry));
      else await this.#makeEmpty(this.#pathOf(entry));
    }
    const wrong = await this.#wrong((entry, info) => info?.size !== this.#contents!.manifest.entries[entry]!.bytes);
    if (wrong.length > 0) {
      if (++this.#misses > MISSES) throw new FileError(`${this.#pathOf(wrong[0]!)} does not stay as it is written`);
      await this.#miss(wrong);
      return undefined;
    }
    this.#finished = await this.#part.giveName();
    return this.#finished;
  }

  /** The files, apart from empty ones, for which `isWrong`. */
  async #wrong(isWrong: (entry: number, info: Deno.FileInfo | undefined) => boolean): Promise<number[]> {
    const wrong: number[] = [];
    for (const [entry, { bytes }] of this.#contents!.manifest.entries.entries()) {
      if (bytes === 0) continue;
      await this.#yielder.next();
      // Synchronously, since awaiting each of 30,000 took minutes on a busy machine, in which connections were given up.
      if (isWrong(entry, await this.#checkNoLinks(this.#pathOf(entry)))) wrong.push(entry);
    }
    return wrong;
  }

  /** Whether any chunk of an entry is marked. */
  #isBegun(entry: number): boolean {
    const { first, last } = this.#contents!.manifest.chunksOf(entry);
    for (let chunk = first; chunk <= last; chunk++) if (this.#map!.has(chunk)) return true;
    return false;
  }

  /** Files have been changed or removed: all their chunks are missing. */
  async #miss(wrong: readonly number[]): Promise<void> {
    this.#restarts++;
    await this.#queue.close();
    this.#folders = new Set();
    const { manifest } = this.#contents!;
    const marked = Uint8Array.from({ length: manifest.chunks }, (_, chunk) => this.#map!.has(chunk) ? 1 : 0);
    for (const entry of wrong) {
      const { first, last } = manifest.chunksOf(entry);
      marked.fill(0, first, last + 1);
      const path = this.#pathOf(entry);
      const isSingle = this.#offer.files === undefined;
      // A single file keeps its identity; files in a folder are created anew.
      if (await this.#checkNoLinks(path)) {
        await attempt("change", path, () => isSingle ? Deno.truncate(path, 0) : Deno.remove(path));
      }
    }
    await this.#record.reset(marked);
    this.#map = new ChunkMap(manifest.chunks, marked);
    if (!await this.#part.isThere()) await this.#restart(this.#contents!);
  }

  async #makeEmpty(path: string): Promise<void> {
    await this.#makeFolder(dirname(path));
    await this.#checkNoLinks(path);
    await attempt("write", path, () => Deno.openSync(path, { write: true, create: true }).close());
  }

  /** Returns what is at the path, if there is something. */
  #checkNoLinks(path: string): Promise<Deno.FileInfo | undefined> {
    return attempt("use", path, () => checkNoLinks(this.#part.path, path));
  }

  async #makeFolder(path: string): Promise<void> {
    if (this.#offer.files === undefined || this.#folders.has(path)) return;
    await this.#checkNoLinks(path);
    await attempt("make the folder", path, () => Deno.mkdirSync(path, { recursive: true }));
    this.#folders.add(path);
  }

  #pieces(chunk: number, bytes: Uint8Array): Piece[] {
    // A file with a marked chunk exists, unless it was removed.
    const isNew = (entry: number) => this.#offer.files !== undefined && !this.#isBegun(entry);
    const root = this.#part.path;
    return piecesOf(this.#contents!.manifest, chunk, bytes, (entry) => this.#pathOf(entry), isNew)
      .map((piece) => ({ ...piece, root }));
  }

  #pathOf(entry: number): string {
    return join(this.#part.path, this.#contents!.paths[entry]!);
  }
}

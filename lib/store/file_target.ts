import { uptime } from "node:os";
import { statfsSync } from "node:fs";
import { dirname, join } from "@std/path";
import { bytesShown } from "../base/amount.ts";
import { decodeBase64 } from "../base/base64.ts";
import { Fault } from "../base/fault.ts";
import { reason } from "../base/reason.ts";
import { ChunkMap } from "../wire/file/chunk_map.ts";
import { decodeManifest, type Manifest } from "../wire/file/manifest.ts";
import { numbered, safeName, safePaths } from "../wire/file/safe_names.ts";
import type { FileTarget, OfferTaken } from "../wire/file/store.ts";
import { FileError, said } from "./file_error.ts";
import { digestOf, sameBytes } from "./file_reading.ts";
import { Lanes } from "./lanes.ts";

/** What is remembered of a transfer, besides its list and its map. */
export interface TargetRecord extends OfferTaken {
  /** What is written until it has its name; undefined before the first chunk. */
  part?: string | undefined;
  /** When the machine was started, as far as it can tell. */
  startedAt?: number | undefined;
}

/** Where a transfer is kept, and where it goes. */
export interface TargetPlace {
  /** Without its ending. */
  readonly record: string;
  readonly downloads: string;
  save(record: TargetRecord): void;
}

const LIST = ".list";
const MAP = ".map";
const PART = ".part";
/** Two runs of one system tell its start a little differently. */
const SAME_START_MS = 60_000;
/** So long another program may take to let go of a transfer before it is taken for busy. */
const LOCK_MS = 300;

/** The files in which a transfer is kept. */
export function targetFiles(record: string): string[] {
  return [record + LIST, record + MAP];
}

/**
 * Something of somebody else's on its way to the disk: chunks into a `.part`, and a byte for each into a map beside the records.
 *
 * 1. A chunk is marked in the map once it is written. When the machine itself was started anew since, what is marked is read again,
 *    since the machine may not have got to writing it.
 * 2. A name is given when all is there, and only one that nothing has.
 */
export class FilesWritten implements FileTarget {
  #manifest: Manifest | undefined;
  #chunks: ChunkMap | undefined;
  #paths: readonly string[] = [];
  #map: Deno.FsFile | undefined;
  readonly #lanes = new Lanes({ write: true, create: true });
  readonly #folders = new Set<string>();
  #finishing: Promise<string> | undefined;
  private constructor(readonly record: TargetRecord, readonly place: TargetPlace) {}

  /** Takes up what is there; throws when another program does so too. */
  static async open(record: TargetRecord, place: TargetPlace): Promise<FilesWritten> {
    const target = new FilesWritten(record, place);
    await target.#restore();
    return target;
  }

  get known(): { readonly manifest: Manifest; readonly map: ChunkMap } | undefined {
    return this.#manifest && { manifest: this.#manifest, map: this.#chunks! };
  }

  async list(bytes: Uint8Array): Promise<void> {
    this.#read(bytes);
    this.#checkRoom();
    const { record } = this.place;
    await said("write", record + LIST, () => Deno.writeFile(record + LIST, bytes, { mode: 0o600 }));
    await said("write", record + MAP, () => Deno.writeFile(record + MAP, new Uint8Array(this.#manifest!.chunks)));
    await this.#openMap();
    await this.#makePart();
  }

  keep(chunk: number, bytes: Uint8Array): Promise<boolean> {
    const manifest = this.#manifest!;
    if (bytes.length !== manifest.lengthOf(chunk) || !sameBytes(digestOf(bytes), manifest.digestOf(chunk))) {
      return Promise.resolve(false);
    }
    return this.#write(chunk, bytes);
  }

  finish(): Promise<string> {
    return this.#finishing ??= this.#finish();
  }

  async #finish(): Promise<string> {
    for (const [entry, { bytes, isFolder }] of this.#manifest!.entries.entries()) {
      if (bytes > 0) continue;
      const path = this.#pathOf(entry);
      if (isFolder) await this.#makeFolder(path);
      else {await this.#lanes.write([{ path, from: 0, bytes: new Uint8Array(0) }], () =>
          this.#makeFolder(dirname(path)));}
    }
    await this.#lanes.close();
    const path = await this.#giveName(this.record.part!, this.record.offer.files !== undefined);
    await this.close();
    return path;
  }

  async close(): Promise<void> {
    await this.#lanes.close();
    this.#map?.close();
    this.#map = undefined;
  }

  async #restore(): Promise<void> {
    const { record } = this.place;
    let list: Uint8Array;
    try {
      list = await Deno.readFile(record + LIST);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      throw error;
    }
    this.#read(list);
    await this.#openMap();
    const marked = await said("read", record + MAP, () => Deno.readFile(record + MAP));
    const { part, startedAt = 0 } = this.record;
    // Somebody has tidied up: all begins anew.
    const isThere = part !== undefined && await exists(part);
    this.#chunks = new ChunkMap(this.#manifest!.chunks, isThere ? marked : undefined);
    if (!isThere) {
      await said("write", record + MAP, () => Deno.writeFile(record + MAP, new Uint8Array(this.#manifest!.chunks)));
      return await this.#makePart();
    }
    if (Math.abs(startedAt - machineStart()) > SAME_START_MS) await this.#readAgain();
  }

  /** The list, if it is that of the offer. */
  #read(list: Uint8Array): void {
    const { offer } = this.record;
    if (!sameBytes(digestOf(list), decodeBase64(offer.digest)!)) {
      throw new FileError("the list of what is in it is not the one that was offered");
    }
    const manifest = decodeManifest(list, offer);
    if (manifest instanceof Fault) throw new FileError(manifest.message);
    const paths = offer.files === undefined ? [""] : safePaths(manifest.entries);
    if (paths instanceof Fault) throw new FileError(paths.message);
    this.#manifest = manifest;
    this.#paths = paths;
    this.#chunks = new ChunkMap(manifest.chunks);
  }

  async #openMap(): Promise<void> {
    const path = this.place.record + MAP;
    const map = await said("write", path, () => Deno.open(path, { read: true, write: true }));
    const locked = map.lock(true).then(() => true, () => true);
    const { promise: late, resolve } = Promise.withResolvers<false>();
    const timer = setTimeout(() => resolve(false), LOCK_MS);
    const isOurs = await Promise.race([locked, late]);
    clearTimeout(timer);
    if (isOurs) return void (this.#map = map);
    locked.then(() => map.close());
    throw new FileError("another program of yours is receiving it already");
  }

  /** Says it before an hour has passed, where the system tells how much room there is. */
  #checkRoom(): void {
    let free: number;
    try {
      Deno.mkdirSync(this.place.downloads, { recursive: true });
      const { bavail, bsize } = statfsSync(this.place.downloads);
      free = Number(bavail) * Number(bsize);
    } catch {
      return;
    }
    const { bytes } = this.record.offer;
    if (bytes <= free) return;
    throw new FileError(`it has ${bytesShown(bytes)}, and ${this.place.downloads} has room for ${bytesShown(free)}`);
  }

  /** Makes what is written until it has its name, where nothing is. */
  async #makePart(): Promise<void> {
    const { downloads } = this.place;
    const { offer } = this.record;
    await said("make the folder", downloads, () => Deno.mkdir(downloads, { recursive: true }));
    for (let number = 0;; number++) {
      const part = join(downloads, numbered(safeName(offer.name), number) + PART);
      try {
        if (offer.files === undefined) Deno.openSync(part, { write: true, createNew: true }).close();
        else Deno.mkdirSync(part);
      } catch (error) {
        if (error instanceof Deno.errors.AlreadyExists) continue;
        throw new FileError(`cannot write ${part}: ${reason(error)}`);
      }
      this.record.part = part;
      this.record.startedAt = machineStart();
      return this.place.save(this.record);
    }
  }

  /** What is marked and is not as it should be is missing again. */
  async #readAgain(): Promise<void> {
    const manifest = this.#manifest!;
    const sound = new Uint8Array(manifest.chunks);
    for (let chunk = 0; chunk < manifest.chunks; chunk++) {
      if (this.#chunks!.has(chunk) && sameBytes(digestOf(await this.#readChunk(chunk)), manifest.digestOf(chunk))) {
        sound[chunk] = 1;
      }
    }
    this.#chunks = new ChunkMap(manifest.chunks, sound);
    const path = this.place.record + MAP;
    await said("write", path, () => Deno.writeFile(path, sound));
    this.record.startedAt = machineStart();
    this.place.save(this.record);
  }

  async #readChunk(chunk: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(this.#manifest!.lengthOf(chunk));
    for (const { entry, from, at, bytes: length } of this.#manifest!.slices(chunk)) {
      try {
        using file = await Deno.open(this.#pathOf(entry));
        await file.seek(from, Deno.SeekMode.Start);
        for (let filled = 0; filled < length;) {
          const count = await file.read(bytes.subarray(at + filled, at + length));
          if (count === null) break;
          filled += count;
        }
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    return bytes;
  }

  async #write(chunk: number, bytes: Uint8Array): Promise<boolean> {
    const pieces = this.#manifest!.slices(chunk).map(({ entry, from, at, bytes: length }) => ({
      path: this.#pathOf(entry),
      from,
      bytes: bytes.subarray(at, at + length),
    }));
    await this.#lanes.write(pieces, async () => {
      if (!this.#map) throw new FileError("it is not written any more");
      for (const { path } of pieces) await this.#makeFolder(dirname(path));
    });
    await said("write", this.place.record + MAP, () => {
      this.#map!.seekSync(chunk, Deno.SeekMode.Start);
      this.#map!.writeSync(new Uint8Array([1]));
    });
    return true;
  }

  async #makeFolder(path: string): Promise<void> {
    if (this.record.offer.files === undefined || this.#folders.has(path)) return;
    await said("make the folder", path, () => Deno.mkdirSync(path, { recursive: true }));
    this.#folders.add(path);
  }

  /** A name that nothing has. */
  async #giveName(part: string, isFolder: boolean): Promise<string> {
    const name = safeName(this.record.offer.name);
    for (let number = 0;; number++) {
      const path = join(dirname(part), numbered(name, number));
      if (await exists(path)) continue;
      const given = await said("give a name to", part, () => isFolder ? renamed(part, path) : linked(part, path));
      if (given) return path;
    }
  }

  #pathOf(entry: number): string {
    return join(this.record.part!, this.#paths[entry]!);
  }
}

/** Gives a file a second name and takes away the first; false when something has that name already. */
async function linked(part: string, path: string): Promise<boolean> {
  try {
    await Deno.link(part, path);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    // Not every file system has second names.
    return await exists(path) ? false : await renamed(part, path);
  }
  await Deno.remove(part);
  return true;
}

async function renamed(part: string, path: string): Promise<boolean> {
  await Deno.rename(part, path);
  return true;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** When this machine was started, as far as it can tell; 0 when it does not say. */
function machineStart(): number {
  try {
    return Math.round(Date.now() - uptime() * 1000);
  } catch {
    return 0;
  }
}

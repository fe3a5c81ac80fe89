import { deadline } from "@std/async/deadline";
import { decodeBase64, equals } from "../core/bytes.ts";
import { Fault } from "../core/errors.ts";
import { ChunkMap } from "../protocols/transfer/chunk_map.ts";
import { decodeManifest, type Manifest } from "../protocols/transfer/manifest.ts";
import type { FileOffer } from "../protocols/transfer/offer.ts";
import { safePaths } from "../protocols/transfer/safe_names.ts";
import { BusyError, FileError } from "../protocols/transfer/file_error.ts";
import { said } from "./disk_errors.ts";
import { digestOf } from "./file_reader.ts";

const LIST = ".list";
const MAP = ".map";
/** So long another program may take to let go of a transfer before it is taken for busy. */
const LOCK_MS = 300;

/** What is to come, and where it goes. */
export interface Listed {
  readonly manifest: Manifest;
  /** A path for each entry, below the `.part`. */
  readonly paths: readonly string[];
}

/** The files in which a transfer is kept. */
export function recordFiles(path: string): string[] {
  return [path + LIST, path + MAP];
}

/** Reads a list; throws what a person can be told when it is not that of the offer. */
export function readList(list: Uint8Array, offer: FileOffer): Listed {
  if (!equals(digestOf(list), decodeBase64(offer.digest)!)) {
    throw new FileError("the list of what is in it is not the one that was offered");
  }
  const manifest = decodeManifest(list, offer);
  if (manifest instanceof Fault) throw new FileError(manifest.message);
  const paths = offer.files === undefined ? [""] : safePaths(manifest.entries);
  if (paths instanceof Fault) throw new FileError(paths.message);
  return { manifest, paths };
}

/** What a transfer's next stream has to know: the list, and a byte for each chunk that is here. Nobody else has it open. */
export class TransferRecord {
  readonly #map: Deno.FsFile;

  private constructor(readonly path: string, map: Deno.FsFile) {
    this.#map = map;
  }

  /** Throws a `BusyError` when another program has it open. */
  static async open(path: string): Promise<TransferRecord> {
    const options = { read: true, write: true, create: true, mode: 0o600 };
    const map = await said("write", path + MAP, () => Deno.open(path + MAP, options));
    const locked = map.lock(true).then(() => true, () => true);
    const isOurs = await deadline(locked, LOCK_MS).catch(() => false);
    if (isOurs) return new TransferRecord(path, map);
    locked.then(() => map.close());
    throw new BusyError("another program of yours is receiving it already");
  }

  /** What was kept; undefined when there is nothing that could be gone on with. */
  async restore(offer: FileOffer): Promise<Listed & { readonly map: ChunkMap } | undefined> {
    try {
      const listed = readList(await Deno.readFile(this.path + LIST), offer);
      const marked = this.#read();
      return { ...listed, map: new ChunkMap(listed.manifest.chunks, marked) };
    } catch (error) {
      // Written in part only, when the program was ended.
      if (error instanceof FileError || error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  // By the handle that has the lock: on some systems nobody else can.
  #read(): Uint8Array {
    const marked = new Uint8Array(this.#map.statSync().size);
    this.#map.seekSync(0, Deno.SeekMode.Start);
    for (let read = 0; read < marked.length;) {
      const count = this.#map.readSync(marked.subarray(read));
      if (count === null) break;
      read += count;
    }
    return marked;
  }

  /** Keeps a list; nothing of it is here yet. */
  async begin(list: Uint8Array, chunks: number): Promise<void> {
    const path = this.path + LIST;
    await this.reset(new Uint8Array(chunks));
    await said("write", path, async () => {
      await Deno.writeFile(`${path}.new`, list, { mode: 0o600 });
      await Deno.rename(`${path}.new`, path);
    });
  }

  /** From now on these are here, and no others. */
  async reset(marked: Uint8Array): Promise<void> {
    await said("write", this.path + MAP, () => {
      this.#map.truncateSync(0);
      this.#map.seekSync(0, Deno.SeekMode.Start);
      for (let written = 0; written < marked.length;) written += this.#map.writeSync(marked.subarray(written));
    });
  }

  /** A chunk is here. */
  async mark(chunk: number): Promise<void> {
    await said("write", this.path + MAP, () => {
      this.#map.seekSync(chunk, Deno.SeekMode.Start);
      this.#map.writeSync(Uint8Array.of(1));
    });
  }

  close(): void {
    this.#map.close();
  }
}

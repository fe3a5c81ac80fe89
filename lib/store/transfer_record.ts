import { deadline } from "@std/async/deadline";
import { decodeBase64, equals } from "../core/bytes.ts";
import { Fault } from "../core/errors.ts";
import { ChunkMap } from "../protocols/transfer/chunk_map.ts";
import { decodeManifest, type Manifest } from "../protocols/transfer/manifest.ts";
import type { FileOffer } from "../protocols/transfer/offer.ts";
import { safePaths } from "../protocols/transfer/safe_names.ts";
import { attempt, BusyError, FileError } from "./disk.ts";
import { Yielder } from "./disk_queue.ts";
import { digestOf } from "./file_reader.ts";

const LIST = ".list";
const MAP = ".map";
/** For another program to release a transfer that it has open. */
const LOCK_MS = 300;

/** What an offer contains, and where it goes. */
export interface Contents {
  readonly manifest: Manifest;
  /** A safe path for each entry, below the `.part`. */
  readonly paths: readonly string[];
}

/** The files of a record, apart from its JSON. */
export function recordFiles(path: string): string[] {
  return [path + LIST, path + MAP];
}

/** Decodes a manifest. Throws a `FileError` if it is not that of the offer. */
export async function readManifest(bytes: Uint8Array, offer: FileOffer): Promise<Contents> {
  if (!equals(digestOf(bytes), decodeBase64(offer.digest)!)) {
    throw new FileError("the list of what is in it is not the one that was offered");
  }
  const manifest = decodeManifest(bytes, offer);
  if (manifest instanceof Fault) throw new FileError(manifest.message);
  const paths = offer.files === undefined ? [""] : await pathsOf(manifest);
  if (paths instanceof Fault) throw new FileError(paths.message);
  return { manifest, paths };
}

/** Lets other tasks run meanwhile: a manifest may have a million entries. */
async function pathsOf(manifest: Manifest): Promise<string[] | Fault> {
  const slices = safePaths(manifest.entries);
  const yielder = new Yielder();
  for (;;) {
    const { done, value } = slices.next();
    if (done) return value;
    await yielder.next();
  }
}

/** What is needed to resume a transfer: the manifest, and a byte for each chunk that is written. One program has it open. */
export class TransferRecord {
  readonly #map: Deno.FsFile;

  private constructor(readonly path: string, map: Deno.FsFile) {
    this.#map = map;
  }

  /** Throws a `BusyError` if another program has it open. */
  static async open(path: string): Promise<TransferRecord> {
    const options = { read: true, write: true, create: true, mode: 0o600 };
    const map = await attempt("write", path + MAP, () => Deno.open(path + MAP, options));
    const locked = map.lock(true).then(() => true, () => true);
    const isOurs = await deadline(locked, LOCK_MS).catch(() => false);
    if (isOurs) return new TransferRecord(path, map);
    locked.then(() => map.close());
    throw new BusyError("another program of yours is receiving it already");
  }

  /** What is on record; undefined if there is nothing to resume. */
  async restore(offer: FileOffer): Promise<Contents & { readonly map: ChunkMap } | undefined> {
    try {
      const contents = await readManifest(await Deno.readFile(this.path + LIST), offer);
      return { ...contents, map: new ChunkMap(contents.manifest.chunks, this.#read()) };
    } catch (error) {
      // It was written only in part when the program ended.
      if (error instanceof FileError || error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  // On some systems, only the handle that has the lock can read.
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

  /** Keeps a manifest, with no chunk marked. */
  async begin(manifest: Uint8Array, chunks: number): Promise<void> {
    const path = this.path + LIST;
    await this.reset(new Uint8Array(chunks));
    await attempt("write", path, async () => {
      await Deno.writeFile(`${path}.new`, manifest, { mode: 0o600 });
      await Deno.rename(`${path}.new`, path);
    });
  }

  /** Marks these chunks, and no others. */
  async reset(marked: Uint8Array): Promise<void> {
    await attempt("write", this.path + MAP, () => {
      this.#map.truncateSync(0);
      this.#map.seekSync(0, Deno.SeekMode.Start);
      for (let written = 0; written < marked.length;) written += this.#map.writeSync(marked.subarray(written));
    });
  }

  /** Marks a chunk. */
  async mark(chunk: number): Promise<void> {
    await attempt("write", this.path + MAP, () => {
      this.#map.seekSync(chunk, Deno.SeekMode.Start);
      this.#map.writeSync(Uint8Array.of(1));
    });
  }

  close(): void {
    this.#map.close();
  }
}

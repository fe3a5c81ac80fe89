import { basename, join } from "@std/path";
import { createHash } from "node:crypto";
import { BufferPool, equals } from "../core/bytes.ts";
import { chunkBytesFor, DIGEST_BYTES, type Entry, Manifest } from "../protocols/transfer/manifest.ts";
import { attempt, FileError } from "./disk.ts";
import { DiskQueue, piecesOf, Yielder } from "./disk_queue.ts";

/** What is at a path. */
export interface Found {
  readonly name: string;
  readonly isFolder: boolean;
  readonly entries: readonly Entry[];
  /** The number of links, devices and the like, which are not sent. */
  readonly skipped: number;
}

const MAX_ENTRIES = 1_000_000;

/** Lists the files at a path. Links inside a folder are skipped: they may lead out of it, or in circles. */
export async function findFiles(path: string): Promise<Found> {
  const info = await attempt("look at", path, () => Deno.stat(path));
  const name = basename(await attempt("look at", path, () => Deno.realPath(path)));
  if (info.isFile) {
    return { name, isFolder: false, entries: [{ path: name, bytes: info.size, isFolder: false }], skipped: 0 };
  }
  if (!info.isDirectory) throw new FileError(`${path} is neither a file nor a folder`);
  const walk = new Walk();
  await walk.visit(path, "");
  if (walk.entries.length === 0) throw new FileError(`there is nothing in the folder ${path}`);
  return { name: name === "" ? "folder" : name, isFolder: true, entries: walk.entries, skipped: walk.skipped };
}

class Walk {
  readonly entries: Entry[] = [];
  skipped = 0;
  readonly #yielder = new Yielder();

  async visit(folder: string, above: string): Promise<void> {
    const names: Deno.DirEntry[] = await attempt("read the folder", folder, () => [...Deno.readDirSync(folder)]);
    // The same folder gives the same manifest, whatever order the system lists it in.
    names.sort((a, b) => a.name < b.name ? -1 : 1);
    for (const { name, isFile, isDirectory } of names) {
      const path = above === "" ? name : `${above}/${name}`;
      if (isDirectory) await this.visit(join(folder, name), path);
      else if (isFile) this.#add({ path, bytes: await this.#sizeOf(join(folder, name)), isFolder: false });
      else this.skipped++;
    }
    if (names.length === 0 && above !== "") this.#add({ path: above, bytes: 0, isFolder: true });
  }

  async #sizeOf(path: string): Promise<number> {
    await this.#yielder.next();
    return (await attempt("look at", path, () => Deno.lstatSync(path))).size;
  }

  #add(entry: Entry): void {
    if (this.entries.push(entry) > MAX_ENTRIES) {
      throw new FileError(`there are more than ${MAX_ENTRIES} files in it, the most that can be sent at once`);
    }
  }
}

/** Reads everything once, and makes the manifest with the digests of its chunks. */
export async function digestFiles(
  path: string,
  found: Found,
  progress: (done: number, bytes: number) => void,
): Promise<Manifest> {
  const bytes = found.entries.reduce((sum, entry) => sum + entry.bytes, 0);
  const chunkBytes = chunkBytesFor(bytes);
  const digests = new Uint8Array(Math.ceil(bytes / chunkBytes) * DIGEST_BYTES);
  const manifest = new Manifest(found.entries, chunkBytes, digests);
  const reader = new ChunkReader(path, found.isFolder, manifest);
  try {
    let ahead = manifest.chunks > 0 ? reader.read(0) : undefined;
    for (let chunk = 0; ahead; chunk++) {
      const piece = await ahead;
      ahead = chunk + 1 < manifest.chunks ? reader.read(chunk + 1) : undefined;
      // A failure is thrown when its turn comes, unless an earlier one ends the loop.
      ahead?.catch(() => {});
      digests.set(digestOf(piece), chunk * DIGEST_BYTES);
      progress(chunk * chunkBytes + piece.length, bytes);
      reader.release(piece);
    }
  } finally {
    await reader.close();
  }
  return manifest;
}

/** An offer of ours, whose chunks are read as they are requested. */
export class FileReader {
  readonly #reader: ChunkReader;
  readonly #decoded: Manifest;

  /** `decoded` is what `manifest` encodes. */
  constructor(path: string, isFolder: boolean, readonly manifest: Uint8Array, decoded: Manifest) {
    this.#decoded = decoded;
    this.#reader = new ChunkReader(path, isFolder, decoded);
  }

  get chunks(): number {
    return this.#decoded.chunks;
  }

  /** Reads a chunk; `check` verifies that it is as it was offered. Throws a `FileError`. */
  async read(chunk: number, check: boolean): Promise<Uint8Array> {
    const bytes = await this.#reader.read(chunk);
    if (check && !equals(digestOf(bytes), this.#decoded.digestOf(chunk))) {
      throw new FileError("it has changed since it was offered; offer it again");
    }
    return bytes;
  }

  /** The bytes of a chunk are not used any more. */
  release(bytes: Uint8Array): void {
    this.#reader.release(bytes);
  }

  close(): void {
    void this.#reader.close();
  }
}

/** Cap on buffers that are kept for reuse: as many as chunks are read ahead. */
const BUFFERS = 4;

class ChunkReader {
  readonly #queue = new DiskQueue({ read: true });
  readonly #buffers = new BufferPool(BUFFERS);
  #closed = false;

  constructor(readonly path: string, readonly isFolder: boolean, readonly manifest: Manifest) {}

  async read(chunk: number): Promise<Uint8Array> {
    if (this.#closed) throw new FileError("it is closed");
    const bytes = this.#buffers.take(this.manifest.lengthOf(chunk));
    const pathOf = (entry: number) => this.isFolder ? `${this.path}/${this.manifest.entries[entry]!.path}` : this.path;
    await this.#queue.read(piecesOf(this.manifest, chunk, bytes, pathOf));
    return bytes;
  }

  release(bytes: Uint8Array): void {
    this.#buffers.give(bytes);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#queue.close();
  }
}

/** SHA-256. */
export function digestOf(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}

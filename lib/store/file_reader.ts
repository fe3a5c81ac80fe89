import { basename, join } from "@std/path";
import { createHash } from "node:crypto";
import { BufferPool, equals } from "../core/bytes.ts";
import { FileError } from "../protocols/transfer/file_error.ts";
import { chunkBytesFor, DIGEST_BYTES, type Entry, Manifest } from "../protocols/transfer/manifest.ts";
import type { FileSource } from "../protocols/transfer/store.ts";
import { said } from "./disk_errors.ts";
import { DiskQueue, piecesOf, Yielder } from "./disk_queue.ts";

/** What is at a path: its name, its files, and how much else is there that is neither file nor folder. */
export interface Found {
  readonly name: string;
  readonly isFolder: boolean;
  readonly entries: readonly Entry[];
  readonly passedOver: number;
}

const MOST_ENTRIES = 1_000_000;

/** Looks at what is at a path. Links inside a folder are passed over: they may lead out of it, or round in it. */
export async function findFiles(path: string): Promise<Found> {
  const info = await said("look at", path, () => Deno.stat(path));
  const name = basename(await said("look at", path, () => Deno.realPath(path)));
  if (info.isFile) {
    return { name, isFolder: false, entries: [{ path: name, bytes: info.size, isFolder: false }], passedOver: 0 };
  }
  if (!info.isDirectory) throw new FileError(`${path} is neither a file nor a folder`);
  const found = new Walk();
  await found.walk(path, "");
  if (found.entries.length === 0) throw new FileError(`there is nothing in the folder ${path}`);
  return { name: name === "" ? "folder" : name, isFolder: true, entries: found.entries, passedOver: found.passedOver };
}

class Walk {
  readonly entries: Entry[] = [];
  passedOver = 0;
  readonly #turns = new Yielder();

  async walk(folder: string, above: string): Promise<void> {
    const names: Deno.DirEntry[] = await said("read the folder", folder, () => [...Deno.readDirSync(folder)]);
    // The same folder is the same list, whatever order a system tells it in.
    names.sort((a, b) => a.name < b.name ? -1 : 1);
    for (const { name, isFile, isDirectory } of names) {
      const path = above === "" ? name : `${above}/${name}`;
      if (isDirectory) await this.walk(join(folder, name), path);
      else if (isFile) this.#add({ path, bytes: await this.#sizeOf(join(folder, name)), isFolder: false });
      else this.passedOver++;
    }
    if (names.length === 0 && above !== "") this.#add({ path: above, bytes: 0, isFolder: true });
  }

  async #sizeOf(path: string): Promise<number> {
    await this.#turns.next();
    return (await said("look at", path, () => Deno.lstatSync(path))).size;
  }

  #add(entry: Entry): void {
    if (this.entries.push(entry) > MOST_ENTRIES) {
      throw new FileError(`there are more than ${MOST_ENTRIES} files in it, the most that can be sent as one`);
    }
  }
}

/** Reads everything once, for the digests of its chunks. */
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
      // When it fails, that is seen when its turn comes, or nobody needs it any more.
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

/** Something of ours that was offered, and is read as it is asked for. */
export class FileReader implements FileSource {
  readonly #reader: ChunkReader;
  readonly #list: Manifest;

  /** `list` is what `manifest` says. */
  constructor(path: string, isFolder: boolean, readonly manifest: Uint8Array, list: Manifest) {
    this.#list = list;
    this.#reader = new ChunkReader(path, isFolder, list);
  }

  get chunks(): number {
    return this.#list.chunks;
  }

  async read(chunk: number, check: boolean): Promise<Uint8Array> {
    const bytes = await this.#reader.read(chunk);
    if (check && !equals(digestOf(bytes), this.#list.digestOf(chunk))) {
      throw new FileError("it has changed since it was offered; offer it anew");
    }
    return bytes;
  }

  release(bytes: Uint8Array): void {
    this.#reader.release(bytes);
  }

  close(): void {
    void this.#reader.close();
  }
}

/** As many as are read ahead. */
const BUFFERS = 4;

/** Reads chunks. */
class ChunkReader {
  readonly #lanes = new DiskQueue({ read: true });
  readonly #buffers = new BufferPool(BUFFERS);
  #closed = false;

  constructor(readonly path: string, readonly isFolder: boolean, readonly manifest: Manifest) {}

  async read(chunk: number): Promise<Uint8Array> {
    if (this.#closed) throw new FileError("it is not read any more");
    const bytes = this.#buffers.take(this.manifest.lengthOf(chunk));
    const pathOf = (entry: number) => this.isFolder ? `${this.path}/${this.manifest.entries[entry]!.path}` : this.path;
    await this.#lanes.read(piecesOf(this.manifest, chunk, bytes, pathOf));
    return bytes;
  }

  release(bytes: Uint8Array): void {
    this.#buffers.give(bytes);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#lanes.close();
  }
}

/** SHA-256. */
export function digestOf(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}

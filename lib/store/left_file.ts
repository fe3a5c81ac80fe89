import { createHash, type Hash } from "node:crypto";
import { join } from "@std/path";
import { numbered, safeName } from "../core/file_names.ts";
import { FileError, moveFile } from "./disk.ts";

/** Bytes of one read. */
const READ_BYTES = 256 * 1024;

/** A file of the user that is left at a server. */
export class OutgoingFile {
  private constructor(readonly file: Deno.FsFile, readonly bytes: number) {}

  /** Opens a single file; throws for a folder. */
  static async open(path: string): Promise<OutgoingFile> {
    const file = await Deno.open(path, { read: true });
    const { isFile, size } = await file.stat();
    if (isFile) return new OutgoingFile(file, size);
    file.close();
    throw new FileError(`${path} is no single file; a folder cannot be left at the server`);
  }

  /** Its SHA-256, in hexadecimal. */
  async sha256(): Promise<string> {
    return (await hashed(this.file, this.bytes)).digest("hex");
  }

  /** Fills a buffer with the bytes from `at` on; how many there were. */
  async read(buffer: Uint8Array, at: number): Promise<number> {
    await this.file.seek(at, Deno.SeekMode.Start);
    let length = 0;
    for (let count; length < buffer.length && (count = await this.file.read(buffer.subarray(length))) !== null;) {
      length += count;
    }
    return length;
  }

  [Symbol.dispose](): void {
    this.file.close();
  }
}

/** A file from a server on its way into the downloads: a `.part` until it is complete. */
export class FetchedFile {
  #isOpen = true;

  private constructor(
    readonly folder: string,
    readonly name: string,
    readonly part: string,
    readonly file: Deno.FsFile,
    readonly hash: Hash,
    /** Bytes that have arrived. */
    public at: number,
  ) {}

  /** Goes on with what an earlier attempt for the same `id` has left. */
  static async open(folder: string, given: string, id: string, bytes: number): Promise<FetchedFile> {
    await Deno.mkdir(folder, { recursive: true });
    const name = safeName(given);
    const part = join(folder, `${name}.${id.slice(0, 8)}.part`);
    const file = await openPart(part);
    const at = Math.min((await file.stat()).size, bytes);
    const hash = await hashed(file, at);
    await file.truncate(at);
    await file.seek(at, Deno.SeekMode.Start);
    return new FetchedFile(folder, name, part, file, hash, at);
  }

  async add(bytes: Uint8Array): Promise<void> {
    this.hash.update(bytes);
    for (let written = 0; written < bytes.length;) written += await this.file.write(bytes.subarray(written));
    this.at += bytes.length;
  }

  /** Gives it a name that nothing has, and returns the path; throws, and keeps nothing, if it is another file. */
  async finish(bytes: number, sha256: string): Promise<string> {
    if (this.at !== bytes || this.hash.digest("hex") !== sha256) {
      await this.file.truncate(0);
      throw new FileError("what came is not the file that was left; it is not kept");
    }
    await this.file.sync();
    // Not every system renames a file that is open.
    this.#close();
    for (let number = 0;; number++) {
      const path = join(this.folder, numbered(this.name, number));
      if (await moveFile(this.part, path)) return path;
    }
  }

  [Symbol.dispose](): void {
    this.#close();
  }

  #close(): void {
    if (this.#isOpen) this.file.close();
    this.#isOpen = false;
  }
}

/** Opens a file of ours that is not complete; a link is not ours. */
async function openPart(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path, { read: true, write: true, createNew: true, mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
  if (!(await Deno.lstat(path)).isFile) throw new FileError(`${path} is no file`);
  return await Deno.open(path, { read: true, write: true });
}

/** The hash of this many bytes from the beginning. */
async function hashed(file: Deno.FsFile, bytes: number): Promise<Hash> {
  const hash = createHash("sha256");
  const part = new Uint8Array(READ_BYTES);
  await file.seek(0, Deno.SeekMode.Start);
  for (let left = bytes; left > 0;) {
    const count = await file.read(part.subarray(0, Math.min(left, part.length)));
    if (count === null) break;
    hash.update(part.subarray(0, count));
    left -= count;
  }
  return hash;
}

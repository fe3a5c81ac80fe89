import { createHash, type Hash } from "node:crypto";
import { join } from "@std/path";
import { IMAGE_HEADER_BYTES } from "../core/image_header.ts";
import { reason } from "../core/reason.ts";
import { exists } from "./disk.ts";

/** Bytes of an upload that are read at once, to go on after a restart. */
const READ_BYTES = 256 * 1024;

/** What the disk has of an upload, and the hash of that. */
export interface Upload {
  readonly hash: Hash;
  offset: number;
}

/** The disk does not take what a user leaves. */
export class DiskError extends Error {}

/** The folder of what users leave: `files` by the SHA-256 of their content, `uploads` by their ids, and an index. */
export class AttachmentFiles {
  constructor(readonly folder: string) {}

  get indexPath(): string {
    return join(this.folder, "index.db");
  }

  get hasIndex(): boolean {
    return exists(this.indexPath);
  }

  makeFolders(): void {
    for (const name of ["files", "uploads"]) {
      Deno.mkdirSync(join(this.folder, name), { recursive: true, mode: 0o700 });
    }
  }

  /** The names of all contents, and the ids of all uploads. */
  get contents(): string[] {
    return namesIn(join(this.folder, "files"));
  }

  get uploads(): string[] {
    return namesIn(join(this.folder, "uploads"));
  }

  create(id: string): void {
    Deno.writeFileSync(this.#uploadPath(id), new Uint8Array(0), { mode: 0o600 });
  }

  /** Opens an upload to write after its first `offset` bytes. */
  async openAt(id: string, offset: number): Promise<Deno.FsFile> {
    const file = await Deno.open(this.#uploadPath(id), { write: true });
    try {
      await file.truncate(offset);
      await file.seek(offset, Deno.SeekMode.Start);
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Reads what there is of an upload, at most `bytes`. */
  async resume(id: string, bytes: number): Promise<Upload> {
    const upload: Upload = { hash: createHash("sha256"), offset: 0 };
    using file = await Deno.open(this.#uploadPath(id), { read: true, write: true, create: true, mode: 0o600 });
    const buffer = new Uint8Array(READ_BYTES);
    for (let read; (read = await file.read(buffer)) !== null && upload.offset < bytes;) {
      const part = buffer.subarray(0, Math.min(read, bytes - upload.offset));
      upload.hash.update(part);
      upload.offset += part.length;
    }
    return upload;
  }

  /** The size of an upload; 0 where it cannot be seen. */
  sizeOf(id: string): number {
    try {
      return Deno.statSync(this.#uploadPath(id)).size;
    } catch {
      return 0;
    }
  }

  /** The beginning of an upload, in which an image says how large it is. */
  async beginningOf(id: string): Promise<Uint8Array> {
    using file = await Deno.open(this.#uploadPath(id), { read: true });
    const bytes = new Uint8Array(IMAGE_HEADER_BYTES);
    let length = 0;
    for (let read; length < bytes.length && (read = await file.read(bytes.subarray(length))) !== null;) length += read;
    return bytes.subarray(0, length);
  }

  /** An upload gets the name of its content. */
  complete(id: string, sha256: string): void {
    Deno.renameSync(this.#uploadPath(id), this.#contentPath(sha256));
  }

  async openContent(sha256: string): Promise<Deno.FsFile> {
    return await Deno.open(this.#contentPath(sha256), { read: true });
  }

  discardUpload(id: string): void {
    discard(this.#uploadPath(id));
  }

  discardContent(sha256: string): void {
    discard(this.#contentPath(sha256));
  }

  #uploadPath(id: string): string {
    return join(this.folder, "uploads", id);
  }

  #contentPath(sha256: string): string {
    return join(this.folder, "files", sha256);
  }
}

/** Does something on the disk; what goes wrong there is a `DiskError`. */
export async function onDisk<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw new DiskError(reason(error));
  }
}

export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch {
    return [];
  }
}

/** Removes a file; one that is open on some systems stays until the next start. */
function discard(path: string): void {
  try {
    Deno.removeSync(path);
  } catch { /* it is not there, or still read */ }
}

import { join } from "@std/path";
import type { Target } from "../chat/entry.ts";
import { encodeHex } from "../core/bytes.ts";
import { UserError } from "../core/errors.ts";
import { readImageHeader } from "../core/image_header.ts";
import type { Limits } from "../core/limits.ts";
import { reason } from "../core/reason.ts";
import { formatBytes } from "../core/text.ts";
import { AttachmentFiles, DiskError, onDisk, type Upload, writeAll } from "./attachment_files.ts";
import { AttachmentIndex, type AttachmentRow } from "./attachment_index.ts";

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
/** Old files that are removed at once. */
const PRUNED_ROWS = 50;

export type AttachmentLimits = Pick<
  Limits,
  | "attachments"
  | "attachmentBytes"
  | "attachmentBytesPerUser"
  | "attachmentsPerUser"
  | "attachmentUploads"
  | "attachmentDays"
  | "attachmentUploadHours"
>;

/** What a user wants to leave. */
export interface NewAttachment {
  readonly owner: string;
  readonly to: Target;
  readonly name: string;
  readonly bytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

/** Where an upload stands after some of it has come. */
export type Appended =
  | { readonly type: "more"; readonly offset: number }
  | { readonly type: "complete"; readonly row: AttachmentRow }
  /** It is not what was announced; nothing of it is kept. */
  | { readonly type: "wrong" };

/**
 * Files that users leave at the server, in the folder `attachments` of the data folder: `files` by the SHA-256 of their
 * content, `uploads` by their ids, and an index.
 *
 * 1. A file is under its hash only when its content has that hash and is on the disk; then its row becomes complete.
 * 2. The bytes of an upload count from its beginning, so that what is begun can be finished.
 * 3. Of a file that the disk does not take, nothing stays: what fills the disk is needed for the chat.
 * 4. The folder is made when the first file is left. Files without a row, of a server that was killed, go at the next start.
 */
export class AttachmentStore {
  readonly #files: AttachmentFiles;
  #index: AttachmentIndex | undefined;
  readonly #uploads = new Map<string, Upload>();
  /** Uploads that bytes are being added to. */
  readonly #busy = new Set<string>();

  constructor(data: string, readonly limits: AttachmentLimits) {
    this.#files = new AttachmentFiles(join(data, "attachments"));
    if (this.#files.hasIndex) this.#sweep(this.#open());
  }

  /** The row of a file that is complete. */
  find(id: string): AttachmentRow | undefined {
    const row = this.#index?.find(id);
    return row?.complete ? row : undefined;
  }

  /** The upload of this id. */
  upload(id: string): AttachmentRow | undefined {
    const row = this.#index?.find(id);
    return row && !row.complete ? row : undefined;
  }

  /** The bytes that count against the limit of all. */
  get bytes(): number {
    return this.#index?.bytes ?? 0;
  }

  /** Begins an upload, or goes on with the same one; throws a `UserError` that says which limit it would break. */
  begin(wanted: NewAttachment, wall: number): { readonly id: string; readonly offset: number } {
    const index = this.#open();
    const before = index.unfinished({ ...wanted, complete: false, image: undefined, age: 0 });
    if (before) return { id: before.id, offset: this.#sizeOf(before.id) };
    const why = this.#limitFault(index, wanted);
    if (why !== undefined) throw new UserError(why);
    index.goOn(wall);
    const id = encodeHex(crypto.getRandomValues(new Uint8Array(16)));
    try {
      this.#files.create(id);
      index.add({ ...wanted, id, complete: false, image: undefined, age: 0 });
    } catch (error) {
      this.#files.discardUpload(id);
      throw new DiskError(reason(error));
    }
    return { id, offset: 0 };
  }

  /** Whether bytes are being added to an upload. */
  isBusy(id: string): boolean {
    return this.#busy.has(id);
  }

  /**
   * Adds bytes to an upload from `offset` on, where it must stand; `offset` in the answer is where it stands then. Of bytes
   * that break off everything that came is kept.
   */
  async append(
    row: AttachmentRow,
    offset: number,
    bytes: () => Promise<Uint8Array<ArrayBuffer> | undefined>,
    wall: number,
  ): Promise<Appended> {
    const index = this.#open();
    this.#busy.add(row.id);
    let file: Deno.FsFile | undefined;
    let isHashed = false;
    let isGone = false;
    try {
      const upload = await this.#resumed(row);
      if (upload.offset !== offset) return { type: "more", offset: upload.offset };
      file = await this.#files.openAt(row.id, upload.offset);
      for (let part; (part = await bytes()) !== undefined;) {
        if (upload.offset + part.length > row.bytes) return this.#refuse(row);
        await onDisk(() => writeAll(file!, part));
        upload.hash.update(part);
        upload.offset += part.length;
      }
      if (upload.offset < row.bytes) return { type: "more", offset: upload.offset };
      isHashed = true;
      if (upload.hash.digest("hex") !== row.sha256) return this.#refuse(row);
      return await onDisk(async () => {
        await file!.sync();
        return await this.#complete(index, row, wall);
      });
    } catch (error) {
      isGone = error instanceof DiskError;
      throw error;
    } finally {
      file?.close();
      this.#busy.delete(row.id);
      // What the disk has is hashed anew.
      if (isHashed) this.#uploads.delete(row.id);
      if (isGone) this.#giveUp(row);
      else if (!isHashed) this.#touch(index, row.id, wall);
    }
  }

  #touch(index: AttachmentIndex, id: string, wall: number): void {
    if (index !== this.#index) return;
    index.goOn(wall);
    index.touch(id);
  }

  /** Removes what has come of an upload; its row may stay where the disk does not take that either. */
  #giveUp(row: AttachmentRow): void {
    try {
      this.remove(row);
    } catch { /* it goes when it is old */ }
  }

  /** Opens the content of a complete file. */
  async openContent({ sha256 }: AttachmentRow): Promise<Deno.FsFile> {
    return await this.#files.openContent(sha256);
  }

  /** Removes a file or an upload. */
  remove({ id, sha256 }: AttachmentRow): void {
    const index = this.#open();
    this.#uploads.delete(id);
    // First, for a disk that is full.
    this.#files.discardUpload(id);
    index.remove(id);
    if (!index.hasContent(sha256)) this.#files.discardContent(sha256);
  }

  /** Removes what is too old, a bounded number; called now and then. */
  prune(wall: number): number {
    const index = this.#index;
    if (!index) return 0;
    index.goOn(wall);
    const { attachmentDays, attachmentUploadHours } = this.limits;
    const old = index.old(attachmentDays * DAY_MS, attachmentUploadHours * HOUR_MS, PRUNED_ROWS);
    const removed = old.filter(({ id }) => !this.#busy.has(id));
    for (const row of removed) this.remove(row);
    return removed.length;
  }

  close(): void {
    this.#index?.close();
    this.#index = undefined;
  }

  #open(): AttachmentIndex {
    if (this.#index) return this.#index;
    this.#files.makeFolders();
    return this.#index = new AttachmentIndex(this.#files.indexPath);
  }

  #limitFault(index: AttachmentIndex, { owner, bytes }: NewAttachment): string | undefined {
    const { limits } = this;
    const most = (limit: number) => `${formatBytes(limit)} at most`;
    if (bytes > limits.attachmentBytes) {
      return `a file of ${formatBytes(bytes)} cannot be left; this server takes ${most(limits.attachmentBytes)}`;
    }
    const own = index.usage(owner);
    if (own.unfinished >= limits.attachmentUploads) {
      return `${own.unfinished} of your files are not complete, the most allowed at the same time`;
    }
    if (own.rows >= limits.attachmentsPerUser) return `you have left ${own.rows} files, the most allowed for one user`;
    if (own.bytes + bytes > limits.attachmentBytesPerUser) {
      const yours = `your files here have ${formatBytes(own.bytes)}`;
      return `${yours}; with this one of ${formatBytes(bytes)} they would have more than ${
        formatBytes(limits.attachmentBytesPerUser)
      }, the share of one user`;
    }
    if (index.bytes + bytes <= limits.attachments) return undefined;
    return `the server's storage for files is full: ${formatBytes(index.bytes)} of ${formatBytes(limits.attachments)}`;
  }

  /** An upload with the hash of what the disk has of it. */
  async #resumed({ id, bytes }: AttachmentRow): Promise<Upload> {
    const known = this.#uploads.get(id);
    if (known) return known;
    const upload = await this.#files.resume(id, bytes);
    this.#uploads.set(id, upload);
    return upload;
  }

  #sizeOf(id: string): number {
    return this.#uploads.get(id)?.offset ?? this.#files.sizeOf(id);
  }

  #refuse(row: AttachmentRow): Appended {
    this.remove(row);
    return { type: "wrong" };
  }

  async #complete(index: AttachmentIndex, row: AttachmentRow, wall: number): Promise<Appended> {
    const image = readImageHeader(await this.#files.beginningOf(row.id));
    // Nothing waits from here on: the content has its name when its row is complete, whatever else ends meanwhile.
    this.#files.complete(row.id, row.sha256);
    try {
      index.goOn(wall);
      index.complete(row.id, image);
    } catch (error) {
      if (!index.hasContent(row.sha256)) this.#files.discardContent(row.sha256);
      throw error;
    }
    this.#uploads.delete(row.id);
    return { type: "complete", row: index.find(row.id)! };
  }

  /** Removes files that no row has, and uploads without a row. */
  #sweep(index: AttachmentIndex): void {
    for (const sha256 of this.#files.contents) {
      if (!index.hasContent(sha256)) this.#files.discardContent(sha256);
    }
    for (const id of this.#files.uploads) {
      const row = index.find(id);
      if (!row || row.complete) this.#files.discardUpload(id);
    }
  }
}

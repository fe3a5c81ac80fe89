import { Fault } from "../../core/errors.ts";
import { decodeText, encodeText } from "../../core/text.ts";
import type { FileOffer } from "./offer.ts";

/** A file of an offer, or an empty folder. */
export interface Entry {
  /** The path below the offered folder, with "/" between names, as the sender has them; a single file has only its name. */
  readonly path: string;
  readonly bytes: number;
  readonly isFolder: boolean;
}

/** The part of a chunk that lies in one file. */
export interface Slice {
  /** The index of the file's entry. */
  readonly entry: number;
  /** The position in the file, and in the chunk. */
  readonly from: number;
  readonly at: number;
  readonly bytes: number;
}

export const DIGEST_BYTES = 32;
/** Fits the cache of a processor, and is large enough to make the cost per chunk small. */
const MIN_CHUNK_BYTES = 256 * 1024;
/** Offers with more chunks get larger ones, which keeps the manifest short. */
const MAX_USUAL_CHUNKS = 65_536;
/** Several chunks are in memory at once. */
const MAX_CHUNK_BYTES = 4 * 1024 * 1024;
/** The longest manifest that is accepted: enough for a million files. */
export const MANIFEST_BYTES = 64 * 1024 * 1024;
const MAX_ENTRIES = 1_000_000;
const MAX_DEPTH = 64;
const NAME = "partyline files 1";

/** The chunk size of an offer with this many bytes. */
export function chunkBytesFor(bytes: number): number {
  let chunk = MIN_CHUNK_BYTES;
  while (bytes / chunk > MAX_USUAL_CHUNKS && chunk < MAX_CHUNK_BYTES) chunk *= 2;
  return chunk;
}

/**
 * The contents of an offer: its files, concatenated and cut into chunks, and the digest of each chunk, by which it can be
 * verified alone.
 */
export class Manifest {
  readonly bytes: number;
  readonly chunks: number;
  /** The position of each entry in the concatenation. */
  readonly #starts: Float64Array;

  constructor(readonly entries: readonly Entry[], readonly chunkBytes: number, readonly digests: Uint8Array) {
    this.#starts = new Float64Array(entries.length);
    let at = 0;
    for (const [i, { bytes }] of entries.entries()) {
      this.#starts[i] = at;
      at += bytes;
    }
    this.bytes = at;
    this.chunks = Math.ceil(at / chunkBytes);
  }

  /** The length of a chunk; the last may be shorter. */
  lengthOf(chunk: number): number {
    return Math.min(this.chunkBytes, this.bytes - chunk * this.chunkBytes);
  }

  /** The chunks that contain an entry, which must not be empty. */
  chunksOf(entry: number): { readonly first: number; readonly last: number } {
    const start = this.#starts[entry]!;
    const end = start + this.entries[entry]!.bytes - 1;
    return { first: Math.floor(start / this.chunkBytes), last: Math.floor(end / this.chunkBytes) };
  }

  digestOf(chunk: number): Uint8Array {
    return this.digests.subarray(chunk * DIGEST_BYTES, (chunk + 1) * DIGEST_BYTES);
  }

  /** The parts of a chunk, by file. */
  slices(chunk: number): Slice[] {
    const start = chunk * this.chunkBytes;
    const length = this.lengthOf(chunk);
    const found: Slice[] = [];
    for (let entry = this.#entryAt(start), at = 0; at < length; entry++) {
      const from = start + at - this.#starts[entry]!;
      const bytes = Math.min(this.entries[entry]!.bytes - from, length - at);
      if (bytes <= 0) continue;
      found.push({ entry, from, at, bytes });
      at += bytes;
    }
    return found;
  }

  /** The entry that contains a byte: the last one that begins at or before it. Others that begin there are empty. */
  #entryAt(byte: number): number {
    let [low, high] = [0, this.entries.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#starts[middle]! <= byte) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** The manifest as it is sent: a line with its version, chunk size and number of entries, a line of JSON an entry, the digests. */
export function encodeManifest({ entries, chunkBytes, digests }: Manifest): Uint8Array {
  const lines = entries.map(({ path, bytes, isFolder }) => JSON.stringify([isFolder ? -1 : bytes, path]));
  const text = encodeText(`${NAME} ${chunkBytes} ${entries.length}\n${lines.map((line) => `${line}\n`).join("")}`);
  const all = new Uint8Array(text.length + digests.length);
  all.set(text);
  all.set(digests, text.length);
  return all;
}

/** Decodes a manifest, which must fit the offer; its digest is not verified. */
export function decodeManifest(bytes: Uint8Array, offer: Pick<FileOffer, "bytes" | "files">): Manifest | Fault {
  try {
    return read(bytes, offer);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

function read(bytes: Uint8Array, offer: Pick<FileOffer, "bytes" | "files">): Manifest {
  const lines = new Lines(bytes);
  const [, chunkText, countText] = new RegExp(`^${NAME} (\\d{1,9}) (\\d{1,9})$`).exec(lines.next()) ?? [];
  if (chunkText === undefined) throw malformed(`its first line is not "${NAME} BYTES COUNT"`);
  const [chunkBytes, count] = [Number(chunkText), Number(countText)];
  if (chunkBytes < 1024 || chunkBytes > MAX_CHUNK_BYTES) throw malformed(`chunks of ${chunkBytes} bytes`);
  if (count < 1 || count > MAX_ENTRIES) throw malformed(`${count} entries; at most ${MAX_ENTRIES} are accepted`);
  const entries: Entry[] = [];
  for (let i = 0; i < count; i++) entries.push(readEntry(lines.next()));
  const manifest = new Manifest(entries, chunkBytes, bytes.subarray(lines.at));
  const files = entries.filter(({ isFolder }) => !isFolder).length;
  if (offer.files === undefined && (count !== 1 || files !== 1 || entries[0]!.path.includes("/"))) {
    throw malformed("one file was offered, and it has others");
  }
  if (offer.files !== undefined && files !== offer.files) {
    throw malformed(`${offer.files} files were offered, and it has ${files}`);
  }
  if (manifest.bytes !== offer.bytes) {
    throw malformed(`${offer.bytes} bytes were offered, and it has ${manifest.bytes}`);
  }
  if (manifest.digests.length !== manifest.chunks * DIGEST_BYTES) {
    throw malformed("the number of digests is not that of the chunks");
  }
  return manifest;
}

function readEntry(line: string): Entry {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch { /* said below */ }
  if (!Array.isArray(value)) throw malformed("a line that is not an entry");
  const [bytes, path] = value;
  const isFolder = bytes === -1;
  if (!isFolder && (!Number.isSafeInteger(bytes) || bytes < 0)) throw malformed("an entry without a length");
  if (typeof path !== "string" || value.length !== 2) throw malformed("an entry without a path");
  if (path.split("/", MAX_DEPTH + 1).length > MAX_DEPTH) throw malformed(`a path of more than ${MAX_DEPTH} names`);
  return { path, bytes: isFolder ? 0 : bytes, isFolder };
}

/** Reads lines from the beginning of bytes. */
class Lines {
  at = 0;
  constructor(readonly bytes: Uint8Array) {}

  next(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) throw malformed("it ends in the middle of a line");
    const text = decodeText(this.bytes.subarray(this.at, end));
    if (text instanceof Fault) throw text;
    this.at = end + 1;
    return text;
  }
}

function malformed(why: string): Fault {
  return new Fault("malformed", `the list of files cannot be used: ${why}`);
}

import { Fault } from "../../core/errors.ts";
import { decodeText, encodeText } from "../../core/text.ts";
import type { FileOffer } from "./offer.ts";

/** One file of an offer, or a folder that would be empty otherwise. */
export interface Entry {
  /** Its names from the top of the offered folder down, "/" between them, as the sender has them; a file alone has one. */
  readonly path: string;
  readonly bytes: number;
  readonly isFolder: boolean;
}

/** A part of a chunk that lies in one file. */
export interface Slice {
  /** The number of the file's entry. */
  readonly entry: number;
  /** Where it begins in the file, and in the chunk. */
  readonly from: number;
  readonly at: number;
  readonly bytes: number;
}

export const DIGEST_BYTES = 32;
/** Small enough for the cache of a processor, and great enough that its cost is in its bytes. */
const LEAST_CHUNK = 256 * 1024;
/** Past so many chunks they are greater, so that their list stays short, up to what a program likes to hold several of. */
const USUAL_CHUNKS = 65_536;
const MOST_CHUNK = 4 * 1024 * 1024;
/** The longest list that is taken; more than a hundred times that of the bench's hundred thousand files. */
export const MANIFEST_BYTES = 64 * 1024 * 1024;
const MOST_ENTRIES = 1_000_000;
const MOST_DEPTH = 64;
const NAME = "partyline files 1";

/** How great the chunks are of so many bytes. */
export function chunkBytesFor(bytes: number): number {
  let chunk = LEAST_CHUNK;
  while (bytes / chunk > USUAL_CHUNKS && chunk < MOST_CHUNK) chunk *= 2;
  return chunk;
}

/**
 * What is in an offer: its files one behind the other as one row of bytes, cut into chunks, and the digest of each chunk. Every
 * chunk can be checked by itself, whenever and from whomever it comes.
 */
export class Manifest {
  readonly bytes: number;
  readonly chunks: number;
  /** Where each entry begins in the row. */
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

  /** How long a chunk is; the last may be shorter. */
  lengthOf(chunk: number): number {
    return Math.min(this.chunkBytes, this.bytes - chunk * this.chunkBytes);
  }

  /** The chunks in which an entry lies, which must not be empty. */
  chunksOf(entry: number): { readonly first: number; readonly last: number } {
    const start = this.#starts[entry]!;
    const end = start + this.entries[entry]!.bytes - 1;
    return { first: Math.floor(start / this.chunkBytes), last: Math.floor(end / this.chunkBytes) };
  }

  digestOf(chunk: number): Uint8Array {
    return this.digests.subarray(chunk * DIGEST_BYTES, (chunk + 1) * DIGEST_BYTES);
  }

  /** The parts of a chunk, file by file. */
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

  /** The entry in which a byte of the row lies: the last that begins there, since those before it are empty. */
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

/** The manifest as it is sent: a line that says what follows, a line of JSON an entry, then the digests. */
export function encodeManifest({ entries, chunkBytes, digests }: Manifest): Uint8Array {
  const lines = entries.map(({ path, bytes, isFolder }) => JSON.stringify([isFolder ? -1 : bytes, path]));
  const text = encodeText(`${NAME} ${chunkBytes} ${entries.length}\n${lines.map((line) => `${line}\n`).join("")}`);
  const all = new Uint8Array(text.length + digests.length);
  all.set(text);
  all.set(digests, text.length);
  return all;
}

/** Reads a manifest, which must be that of the offer; its digest is not looked at. */
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
  if (chunkBytes < 1024 || chunkBytes > MOST_CHUNK) throw malformed(`chunks of ${chunkBytes} bytes`);
  if (count < 1 || count > MOST_ENTRIES) throw malformed(`${count} entries, at most ${MOST_ENTRIES} are taken`);
  const entries: Entry[] = [];
  for (let i = 0; i < count; i++) entries.push(readEntry(lines.next()));
  const manifest = new Manifest(entries, chunkBytes, bytes.subarray(lines.at));
  const files = entries.filter(({ isFolder }) => !isFolder).length;
  if (offer.files === undefined && (count !== 1 || files !== 1 || entries[0]!.path.includes("/"))) {
    throw malformed("one file was offered, and there are others");
  }
  if (offer.files !== undefined && files !== offer.files) {
    throw malformed(`${offer.files} files were offered, and there are ${files}`);
  }
  if (manifest.bytes !== offer.bytes) {
    throw malformed(`${offer.bytes} bytes were offered, and there are ${manifest.bytes}`);
  }
  if (manifest.digests.length !== manifest.chunks * DIGEST_BYTES) throw malformed("not one digest for each chunk");
  return manifest;
}

function readEntry(line: string): Entry {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch { /* said below */ }
  if (!Array.isArray(value)) throw malformed("a line that is no entry");
  const [bytes, path] = value;
  const isFolder = bytes === -1;
  if (!isFolder && (!Number.isSafeInteger(bytes) || bytes < 0)) throw malformed("an entry without a length");
  if (typeof path !== "string" || value.length !== 2) throw malformed("a path that is none");
  if (path.split("/", MOST_DEPTH + 1).length > MOST_DEPTH) throw malformed(`a path of more than ${MOST_DEPTH} names`);
  return { path, bytes: isFolder ? 0 : bytes, isFolder };
}

/** The lines at the beginning of bytes. */
class Lines {
  at = 0;
  constructor(readonly bytes: Uint8Array) {}

  next(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) throw malformed("it ends in the midst of a line");
    const text = decodeText(this.bytes.subarray(this.at, end));
    if (text instanceof Fault) throw text;
    this.at = end + 1;
    return text;
  }
}

function malformed(why: string): Fault {
  return new Fault("malformed", `the list of what is in the offer cannot be used: ${why}`);
}

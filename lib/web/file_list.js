import { sha256 } from "./sha256.ts";

/**
 * What is sent of one file: in which pieces, and the digest of each.
 * @typedef {object} FileList
 * @property {number} bytes
 * @property {number} chunkBytes
 * @property {number} chunks
 * @property {Uint8Array<ArrayBuffer>} digests
 */

const DIGEST_BYTES = 32;
const LEAST_CHUNK = 256 * 1024;
const MOST_CHUNK = 4 * 1024 * 1024;
/** Past so many chunks they are greater, so that their list stays short. */
const USUAL_CHUNKS = 65_536;
/** The longest list of one file: digests of more than any disk holds. */
export const LIST_BYTES = 64 * 1024 * 1024;

/** @param {number} bytes */
function chunkBytesFor(bytes) {
  let chunk = LEAST_CHUNK;
  while (bytes / chunk > USUAL_CHUNKS && chunk < MOST_CHUNK) chunk *= 2;
  return chunk;
}

/**
 * Reads a file, piece by piece, for its list.
 * @param {File} file
 * @param {(done: number) => boolean} progress whether it goes on
 * @returns {Promise<FileList | undefined>} undefined when it does not
 */
export async function listFile(file, progress) {
  const bytes = file.size;
  const chunkBytes = chunkBytesFor(bytes);
  const chunks = Math.ceil(bytes / chunkBytes);
  const digests = new Uint8Array(chunks * DIGEST_BYTES);
  for (let chunk = 0; chunk < chunks; chunk++) {
    if (!progress(chunk * chunkBytes)) return undefined;
    const part = file.slice(chunk * chunkBytes, (chunk + 1) * chunkBytes);
    digests.set(await sha256(new Uint8Array(await part.arrayBuffer())), chunk * DIGEST_BYTES);
  }
  return { bytes, chunkBytes, chunks, digests };
}

/**
 * The list as it is sent: a line that says what follows, a line of JSON for the file, then the digests.
 * @param {FileList} list
 * @param {string} name
 */
export function encodeList({ bytes, chunkBytes, digests }, name) {
  const head = `partyline files 1 ${chunkBytes} 1\n${JSON.stringify([bytes, name])}\n`;
  const text = new TextEncoder().encode(head);
  const all = new Uint8Array(text.length + digests.length);
  all.set(text);
  all.set(digests, text.length);
  return all;
}

/**
 * Reads the list of one file of so many bytes; throws when it is none. Its digest is not looked at.
 * @param {Uint8Array<ArrayBuffer>} all
 * @param {number} bytes
 * @returns {FileList}
 */
export function decodeList(all, bytes) {
  const first = all.indexOf(10);
  const second = all.indexOf(10, first + 1);
  const [head, line] = new TextDecoder().decode(all.subarray(0, Math.max(0, second))).split("\n");
  const chunkBytes = Number(/^partyline files 1 (\d{1,9}) 1$/.exec(head)?.[1]);
  if (!(chunkBytes >= 1024 && chunkBytes <= MOST_CHUNK)) throw malformed("it is not of one file");
  if (sizeIn(line) !== bytes) throw malformed("it is of another length");
  const chunks = Math.ceil(bytes / chunkBytes);
  const digests = all.slice(second + 1);
  if (digests.length !== chunks * DIGEST_BYTES) throw malformed("it has not one digest for each piece");
  return { bytes, chunkBytes, chunks, digests };
}

/**
 * Whether a piece is what the list says.
 * @param {FileList} list
 * @param {number} chunk
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
export async function isSound(list, chunk, bytes) {
  const length = Math.min(list.chunkBytes, list.bytes - chunk * list.chunkBytes);
  if (bytes.length !== length) return false;
  const digest = await sha256(bytes);
  return digest.every((byte, i) => byte === list.digests[chunk * DIGEST_BYTES + i]);
}

/** The length in a line `[BYTES,"NAME"]`; undefined when it is none. @param {string} line */
function sizeIn(line) {
  try {
    return JSON.parse(line)[0];
  } catch {
    return undefined;
  }
}

/** @param {string} why */
function malformed(why) {
  return new TypeError(`the list of what is in the offer cannot be used: ${why}`);
}

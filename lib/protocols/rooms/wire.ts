import { encodeText, linesOf, oneLine, sanitized } from "../../core/text.ts";

/** The two greetings of the handout's server. */
export const FIRST_IN_ROOM = "New Group created";
export const WELCOME = "Welcome to chat room";

/** The piece that announces a file; as a text it would be the same piece. */
export const FILE = "FILE";
/** Before the name of a file. */
const PREFIX = "client_";
/** How the announcement and the name begin where they have come as one piece. */
export const FILE_WITH_NAME = `${FILE}${PREFIX}`;
/** The handout's clients read a piece with one `recv` of this many bytes. */
export const RECV_BYTES = 1024;

/** A text as the others in the room get it: a piece for each of its lines, without control characters. */
export function encodeRoomText(from: string, text: string): readonly Uint8Array[] {
  return linesOf(text).map((line) => encodePiece(sanitized(oneLine(`<${from}> ${line}`))));
}

function encodePiece(line: string): Uint8Array {
  const bytes = encodeText(line);
  // Its last part, read by a `recv` of its own, must not be the announcement of a file.
  return bytes.length > RECV_BYTES && line.endsWith(FILE) ? encodeText(`${line} `) : bytes;
}

/** The pieces before a file's bytes; clients do not read `from` where a server leaves it out. */
export function fileHeaders(name: string, bytes: number, from?: string): Uint8Array[] {
  const pieces = [FILE, `${PREFIX}${name}`, String(bytes), ...(from === undefined ? [] : [from])];
  return pieces.map(encodeText);
}

/** The name in the second piece; some programs leave out the prefix. */
export function nameOfPiece(text: string): string {
  return text.startsWith(PREFIX) ? text.slice(PREFIX.length) : text;
}

/** The size in the third piece; undefined when it is none. */
export function sizeOfPiece(text: string): number | undefined {
  const size = /^\d{1,16}$/.test(text.trim()) ? Number(text) : NaN;
  return Number.isSafeInteger(size) ? size : undefined;
}

/** A name or a room as it was typed, without what surrounds it and without blanks, which names of ours do not have. */
export function cleanName(text: string): string {
  return text.normalize("NFC").trim().replace(/\s+/gu, "_");
}

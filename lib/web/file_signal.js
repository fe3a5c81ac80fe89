import { fromBase64, toBase64 } from "./file_offer.js";

/**
 * What two clients tell each other of a transfer, by way of the chat. The page has no places to be called at, and calls nobody.
 * @typedef {{ type: "want", offer: string, transfer: string, token: string }
 *   | { type: "come", transfer: string, token: string }
 *   | { type: "relay" | "relayed", transfer: string }
 *   | { type: "bytes", transfer: string, from: number, bytes: Uint8Array<ArrayBuffer> }
 *   | { type: "taken", transfer: string, upTo: number }
 *   | { type: "later", transfer: string, why: string }
 *   | { type: "received" | "noted", offer: string }
 *   | { type: "refused" | "withdrawn", offer: string, why: string }} Signal
 */

/** So much of a stream goes into one signal. */
export const SIGNAL_BYTES = 12 * 1024;
const WHY_CHARACTERS = 500;
const NAME = /^[\w+/]{22}$/;

/** What each kind says, by how it is read. @type {Record<string, Record<string, "name" | "text" | "number" | "bytes">>} */
const KINDS = {
  want: { offer: "name", transfer: "name", token: "name" },
  come: { transfer: "name", token: "name" },
  relay: { transfer: "name" },
  relayed: { transfer: "name" },
  bytes: { transfer: "name", from: "number", bytes: "bytes" },
  taken: { transfer: "name", upTo: "number" },
  later: { transfer: "name", why: "text" },
  received: { offer: "name" },
  noted: { offer: "name" },
  refused: { offer: "name", why: "text" },
  withdrawn: { offer: "name", why: "text" },
};

/**
 * The signal as a text for the chat to carry.
 * @param {Signal} signal
 */
export function encodeSignal({ type, ...fields }) {
  /** @type {Record<string, unknown>} */
  const shown = { file: type, ...fields };
  if (type === "want" || type === "come") shown.at = [];
  if (shown.bytes instanceof Uint8Array) shown.bytes = toBase64(shown.bytes);
  return JSON.stringify(shown);
}

/**
 * The signal in a text; undefined when it is none that is known, or not what it should be.
 * @param {string} text
 * @returns {Signal | undefined}
 */
export function decodeSignal(text) {
  let given;
  try {
    given = JSON.parse(text);
  } catch {
    return undefined;
  }
  const fields = Object.hasOwn(KINDS, given?.file) ? KINDS[given.file] : undefined;
  if (!fields) return undefined;
  /** @type {Record<string, unknown>} */
  const signal = { type: given.file };
  for (const [field, kind] of Object.entries(fields)) {
    signal[field] = read(kind, given[field]);
    if (signal[field] === undefined) return undefined;
  }
  return /** @type {Signal} */ (signal);
}

/** @param {"name" | "text" | "number" | "bytes"} kind @param {unknown} value */
function read(kind, value) {
  if (kind === "number") return Number.isSafeInteger(value) && Number(value) >= 0 ? value : undefined;
  if (typeof value !== "string") return undefined;
  if (kind === "name") return NAME.test(value) ? value : undefined;
  if (kind === "text") return value.slice(0, WHY_CHARACTERS);
  const bytes = fromBase64(value);
  return bytes && bytes.length <= SIGNAL_BYTES ? bytes : undefined;
}

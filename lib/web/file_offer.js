import { formatBytes as bytesShown } from "../core/text.ts";

/**
 * A file, or a folder with all that is in it, that somebody would send.
 * @typedef {object} Offer
 * @property {string} id names the offer; who knows it was offered the file
 * @property {string} name
 * @property {number} bytes
 * @property {number | undefined} files how many files a folder has; undefined for one file alone
 * @property {string} digest SHA-256 of the list of what is sent, in base64
 */

const LINK = /<partyline-file:([\w+/]{22}):([\w+/]{43}):(\d{1,16}):(\d{1,9}|-):([^\s<>]{1,3000})>$/;
const MOST_BYTES = 2 ** 50;
const NAME_CHARACTERS = 200;
/** What no name may hold on some system, what steers, and what is not seen. */
// deno-lint-ignore no-control-regex
const UNFIT = /[\u0000-\u001f\u007f-\u009f<>:"/\\|?*]|\p{Cf}|\p{Zl}|\p{Zp}|\p{Cs}/gu;
/** What some systems take for a device, whatever ending it has. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(\.|$)/i;

/**
 * An offer of one file as a message: a sentence for whoever reads it, and a link for their program.
 * @param {Offer} offer
 */
export function offerText({ id, name, bytes, digest }) {
  const link = [id, digest, bytes, "-", encodeURIComponent(name)].join(":");
  return `offers ${name} (${bytesShown(bytes)}) <partyline-file:${link}>`;
}

/**
 * The offer in a message; undefined when there is none.
 * @param {string} text
 * @returns {Offer | undefined}
 */
export function readOffer(text) {
  const found = LINK.exec(text);
  if (!found) return undefined;
  const [, id, digest, bytes, files, link] = found;
  if (Number(bytes) > MOST_BYTES || !fromBase64(id) || !fromBase64(digest)) return undefined;
  try {
    const name = decodeURIComponent(link);
    return { id, name, bytes: Number(bytes), files: files === "-" ? undefined : Number(files), digest };
  } catch {
    return undefined;
  }
}

/**
 * A name that somebody else has chosen, as a file may be called here: it leads nowhere, hides nothing, and is no device.
 * @param {string} name
 */
export function safeName(name) {
  const plain = name.normalize("NFC").replace(UNFIT, "_").trim();
  const shown = plain.replace(/^\./, "_").replace(/[. ]+$/, (end) => "_".repeat(end.length)) || "_";
  const dot = shown.lastIndexOf(".");
  const ending = dot > 0 && shown.length - dot <= 12 ? shown.slice(dot) : "";
  const most = NAME_CHARACTERS - ending.length;
  const fit = shown.length <= NAME_CHARACTERS ? shown : [...shown.slice(0, most)].slice(0, -1).join("") + ending;
  return DEVICE.test(fit) ? `_${fit}` : fit;
}

/** Bytes in base64, without padding. @param {Uint8Array} bytes */
export function toBase64(bytes) {
  return btoa(String.fromCharCode(...bytes)).replace(/=+$/, "");
}

/**
 * The bytes of a base64 text; undefined when it is none.
 * @param {string} text
 */
export function fromBase64(text) {
  try {
    const letters = atob(text);
    const bytes = new Uint8Array(letters.length);
    for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
    return bytes;
  } catch {
    return undefined;
  }
}

/** Sixteen bytes that nobody can guess, as offers, transfers and tokens are named. */
export function freshName() {
  return toBase64(crypto.getRandomValues(new Uint8Array(16)));
}

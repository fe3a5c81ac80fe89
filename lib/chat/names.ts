import { encodeText, sanitized } from "../core/text.ts";

const MOST_CHARACTERS = 32;

/** What is wrong with a name that somebody gives to themselves or to a room; undefined when nothing is. */
export function nameFault(name: string): string | undefined {
  const rule = `1 to ${MOST_CHARACTERS} letters, digits, marks or signs, without blanks, not beginning with "/" or "#"`;
  const fits = /^[\p{L}\p{N}\p{M}\p{P}\p{S}]+$/u.test(name) && [...name].length <= MOST_CHARACTERS &&
    !/^[/#]/.test(name) && name.normalize("NFC") === name;
  return fits ? undefined : `a name is ${rule}; found ${JSON.stringify(name.slice(0, 80))}`;
}

const NAME_BYTES = 64;

/** What is wrong with the name of a peer, or of a group of peers; undefined when nothing is. */
export function peerNameFault(name: string): string | undefined {
  // "@" stands between a name and an address, where two have the same name.
  const fits = name !== "" && !/[\s@\p{Cf}\p{Default_Ignorable_Code_Point}]/u.test(name) && sanitized(name) === name &&
    name.isWellFormed() &&
    encodeText(name).length <= NAME_BYTES;
  return fits ? undefined : `a name is 1 to ${NAME_BYTES} bytes without blanks, "@" and characters that are not seen`;
}

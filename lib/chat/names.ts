import { encodeText, sanitized } from "../core/text.ts";

/** The room that every user is in. */
export const LOBBY = "lobby";

const MOST_CHARACTERS = 32;

/** The rule that the name of a user or a room breaks; undefined when it is valid. */
export function nameFault(name: string): string | undefined {
  const rule = `1 to ${MOST_CHARACTERS} letters, digits, marks or signs, without blanks, not beginning with "/" or "#"`;
  const found = JSON.stringify(name.slice(0, 80));
  if (name.normalize("NFC") !== name) return `a name is in Unicode's form NFC; found ${found} in another form`;
  const fits = /^[\p{L}\p{N}\p{M}\p{P}\p{S}]+$/u.test(name) && [...name].length <= MOST_CHARACTERS &&
    !/^[/#]/.test(name);
  return fits ? undefined : `a name is ${rule}; found ${found}`;
}

const NAME_BYTES = 64;

/** The rule that the name of a peer or of a group of peers breaks; undefined when it is valid. */
export function peerNameFault(name: string): string | undefined {
  // Two peers of one name are told apart as NAME@ADDRESS.
  const fits = name !== "" && !/[\s@\p{Cf}\p{Default_Ignorable_Code_Point}]/u.test(name) && sanitized(name) === name &&
    name.isWellFormed() &&
    encodeText(name).length <= NAME_BYTES;
  return fits ? undefined : `a name is 1 to ${NAME_BYTES} bytes without blanks, "@" and characters that are not seen`;
}

/** After the name of a peer with another program. No name contains a blank, so no other label ends so. */
const PLAIN = " (plain)";

/** The label of a peer with another program, whose messages are unconfirmed. */
export function plainLabel(name: string): string {
  return name + PLAIN;
}

/** Whether a label is that of a peer with another program. */
export function isPlainLabel(label: string): boolean {
  return label.endsWith(PLAIN);
}

/** A label without the mark of another program. */
export function withoutPlain(label: string): string {
  return isPlainLabel(label) ? label.slice(0, -PLAIN.length) : label;
}

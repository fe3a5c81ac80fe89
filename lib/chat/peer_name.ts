import { cleaned, encodeText } from "../core/text.ts";

const NAME_BYTES = 64;

/** What is wrong with the name of a peer, or of a group of peers; undefined when nothing is. */
export function peerNameFault(name: string): string | undefined {
  // "@" stands between a name and an address, where two have the same name.
  const fits = name !== "" && !/[\s@\p{Cf}\p{Default_Ignorable_Code_Point}]/u.test(name) && cleaned(name) === name &&
    name.isWellFormed() &&
    encodeText(name).length <= NAME_BYTES;
  return fits ? undefined : `a name is 1 to ${NAME_BYTES} bytes without blanks, "@" and characters that are not seen`;
}

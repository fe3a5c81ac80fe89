import { encodeBase64 } from "../../lib/core/bytes.ts";

/** The id of an offer that begins with these bytes, and ends with zeros. */
export function offerId(...bytes: number[]): string {
  const id = new Uint8Array(16);
  id.set(bytes);
  return encodeBase64(id);
}

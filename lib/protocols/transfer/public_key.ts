import { decodeBase64, encodeBase64 } from "../../core/bytes.ts";

/** What can seal a stream, the preferred one first where both are equally fast. */
export const CIPHERS = ["chacha20-poly1305", "aes-256-gcm"] as const;
export type Cipher = (typeof CIPHERS)[number];

/** How fast a program is with the ciphers it has, in MB/s as measured. */
export type CipherRates = ReadonlyMap<Cipher, number>;

/** What one side brings to a sealed stream. */
export interface PublicKey {
  /** An X25519 public key for one attempt. */
  readonly key: Uint8Array<ArrayBuffer>;
  readonly rates: CipherRates;
}

const KEY_BYTES = 32;
/** A longer text is no key; it must fit into the line that opens a connection. */
const KEY_CHARACTERS = 120;

/** A public key as text: in base64, then the ciphers, as in `…,chacha20-poly1305:1200,aes-256-gcm:150`. */
export function encodePublicKey({ key, rates }: PublicKey): string {
  return [encodeBase64(key), ...[...rates].map(([cipher, rate]) => `${cipher}:${rate}`)].join(",");
}

/** Undefined if the text is no public key. Ciphers that we do not know are left out; without any it is AES-256-GCM. */
export function decodePublicKey(text: string): PublicKey | undefined {
  if (text.length > KEY_CHARACTERS) return undefined;
  const [first, ...ciphers] = text.split(",");
  const key = decodeBase64(first!);
  if (key?.length !== KEY_BYTES) return undefined;
  const rates = new Map<Cipher, number>();
  for (const each of ciphers) {
    const [, name, rate] = /^([\w-]+):(\d{1,6})$/.exec(each) ?? [];
    if (name === undefined) return undefined;
    const cipher = CIPHERS.find((cipher) => cipher === name);
    if (cipher) rates.set(cipher, Number(rate));
  }
  if (ciphers.length === 0) rates.set("aes-256-gcm", 0);
  return { key, rates };
}

/** The cipher that both have and that is fastest on the slower side; both sides find the same. Undefined if there is none. */
export function agreedCipher(ours: CipherRates, theirs: CipherRates): Cipher | undefined {
  let best: Cipher | undefined;
  let bestRate = -1;
  for (const cipher of CIPHERS) {
    const rate = Math.min(ours.get(cipher) ?? -1, theirs.get(cipher) ?? -1);
    if (rate > bestRate) [best, bestRate] = [cipher, rate];
  }
  return best;
}

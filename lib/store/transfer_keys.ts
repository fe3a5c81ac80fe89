import { agreedCipher, type CipherRates, decodePublicKey, encodePublicKey } from "../protocols/transfer/public_key.ts";
import { measureCiphers, type SealingKey, sealingKey } from "./transfer_ciphers.ts";

/** The keys of one stream, one for each direction. Frames of a direction are numbered from 0 on. */
export interface FileKeys {
  /** Of what we send. */
  readonly ours: SealingKey;
  /** Of what the other side sends. */
  readonly theirs: SealingKey;
}

/** A key pair for one attempt. */
export interface FileKey {
  /** The public key as text, with the ciphers that we have. */
  readonly public: string;
  /** The keys of `stream`; undefined if `theirs` is no public key, or has no cipher that we have. */
  agree(theirs: string, stream: string, sends: boolean): Promise<FileKeys | undefined>;
}

/** A key of 256 bits for each direction. */
const AGREED_BITS = 2 * 256;

type Bytes = Uint8Array<ArrayBuffer>;

let measured: Promise<CipherRates> | undefined;

/**
 * A fresh X25519 key pair. HKDF derives the keys from what is agreed on and from both public texts: one who changes the
 * ciphers in one of them gets no stream.
 */
export async function freshFileKey(known?: CipherRates): Promise<FileKey> {
  const rates = known ?? await (measured ??= measureCiphers());
  const pair = await crypto.subtle.generateKey({ name: "X25519" }, false, ["deriveBits"]) as CryptoKeyPair;
  const key = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const ours = encodePublicKey({ key, rates });
  return {
    public: ours,
    agree: async (theirs, stream, sends) => {
      const decoded = decodePublicKey(theirs);
      const cipher = decoded && agreedCipher(rates, decoded.rates);
      if (!decoded || !cipher) return undefined;
      try {
        const shared = await sharedSecret(pair.privateKey, decoded.key);
        const [sender, receiver] = sends ? [ours, theirs] : [theirs, ours];
        const bits = await derived(shared, stream, `partyline file 2 ${sender} ${receiver}`);
        const bySender = await sealingKey(cipher, bits.slice(0, 32));
        const byReceiver = await sealingKey(cipher, bits.slice(32));
        return sends ? { ours: bySender, theirs: byReceiver } : { ours: byReceiver, theirs: bySender };
      } catch {
        return undefined;
      }
    },
  };
}

async function sharedSecret(secret: CryptoKey, theirs: Bytes): Promise<ArrayBuffer> {
  const key = await crypto.subtle.importKey("raw", theirs, { name: "X25519" }, false, []);
  return await crypto.subtle.deriveBits({ name: "X25519", public: key }, secret, 256);
}

async function derived(secret: ArrayBuffer, stream: string, info: string): Promise<Bytes> {
  const base = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const text = new TextEncoder();
  const params = { name: "HKDF", hash: "SHA-256", salt: text.encode(stream), info: text.encode(info) };
  return new Uint8Array(await crypto.subtle.deriveBits(params, base, AGREED_BITS));
}

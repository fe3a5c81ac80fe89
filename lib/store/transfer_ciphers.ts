import { createCipheriv, createDecipheriv } from "node:crypto";
import { type Cipher, type CipherRates, CIPHERS } from "../protocols/transfer/public_key.ts";

/** One key of a stream, for one direction. A box is a body with its tag. */
export interface SealingKey {
  /** Seals a body into `box`, and authenticates its number and its kind. */
  seal(n: number, kind: number, body: Uint8Array, box: Uint8Array): void | Promise<void>;
  /** Opens a box in its own memory: the body, or undefined if it was not sealed with this key, number and kind. */
  open(n: number, kind: number, box: Uint8Array): Uint8Array | undefined | Promise<Uint8Array | undefined>;
}

/** By which a box is longer than its body, with either cipher. */
export const TAG_BYTES = 16;
const NONCE_BYTES = 12;

/**
 * Given to `update` at once: it returns new memory, and the system maps that of a whole chunk page by page. Between 32 KiB and a
 * whole chunk little was measured, 0 to 15 % of the processor time, and no more than the noise of a busy machine.
 */
const UPDATE_BYTES = 32 * 1024;

type Bytes = Uint8Array<ArrayBuffer>;

/** A key of 32 bytes for a cipher. */
export async function sealingKey(cipher: Cipher, key: Bytes): Promise<SealingKey> {
  if (cipher === "chacha20-poly1305") return new ChaCha20Poly1305(key);
  return new AesGcm(await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]));
}

/** In the main thread: a chunk takes a quarter of a millisecond, less than it costs to hand it over to another. */
class ChaCha20Poly1305 implements SealingKey {
  constructor(readonly key: Bytes) {}

  seal(n: number, kind: number, body: Uint8Array, box: Uint8Array): void {
    const cipher = createCipheriv("chacha20-poly1305", this.key, nonce(n), { authTagLength: TAG_BYTES });
    cipher.setAAD(Uint8Array.of(kind), { plaintextLength: body.length });
    updateInto(box, cipher, body);
    cipher.final();
    box.set(cipher.getAuthTag(), body.length);
  }

  open(n: number, kind: number, box: Uint8Array): Uint8Array | undefined {
    const bytes = box.length - TAG_BYTES;
    if (bytes < 0) return undefined;
    const decipher = createDecipheriv("chacha20-poly1305", this.key, nonce(n), { authTagLength: TAG_BYTES });
    decipher.setAAD(Uint8Array.of(kind), { plaintextLength: bytes });
    decipher.setAuthTag(box.subarray(bytes));
    const body = box.subarray(0, bytes);
    updateInto(body, decipher, body);
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return body;
  }
}

/** What `cipher` makes of `bytes`, written to `into`, which may be the same memory. */
function updateInto(into: Uint8Array, cipher: { update(bytes: Uint8Array): Uint8Array }, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += UPDATE_BYTES) {
    into.set(cipher.update(bytes.subarray(at, at + UPDATE_BYTES)), at);
  }
}

/** In the threads of WebCrypto. */
class AesGcm implements SealingKey {
  constructor(readonly key: CryptoKey) {}

  async seal(n: number, kind: number, body: Uint8Array, box: Uint8Array): Promise<void> {
    box.set(new Uint8Array(await crypto.subtle.encrypt(gcmParams(n, kind), this.key, body as Bytes)));
  }

  async open(n: number, kind: number, box: Uint8Array): Promise<Uint8Array | undefined> {
    try {
      const opened = new Uint8Array(await crypto.subtle.decrypt(gcmParams(n, kind), this.key, box as Bytes));
      const body = box.subarray(0, opened.length);
      body.set(opened);
      return body;
    } catch {
      return undefined;
    }
  }
}

function gcmParams(n: number, kind: number): AesGcmParams {
  return { name: "AES-GCM", iv: nonce(n), additionalData: Uint8Array.of(kind) };
}

function nonce(n: number): Bytes {
  const bytes = new Uint8Array(NONCE_BYTES);
  new DataView(bytes.buffer).setBigUint64(NONCE_BYTES - 8, BigInt(n));
  return bytes;
}

/** As much as a chunk has. */
const MEASURED_BYTES = 256 * 1024;
const MEASUREMENTS = 4;

/** The ciphers that this runtime has, each with its rate: the best of a few chunks, since other programs run too. */
export async function measureCiphers(): Promise<CipherRates> {
  const rates = new Map<Cipher, number>();
  const [body, box] = [new Uint8Array(MEASURED_BYTES), new Uint8Array(MEASURED_BYTES + TAG_BYTES)];
  for (const cipher of CIPHERS) {
    try {
      const key = await sealingKey(cipher, crypto.getRandomValues(new Uint8Array(32)));
      let ms = Infinity;
      for (let n = 0; n < MEASUREMENTS; n++) {
        const at = performance.now();
        await key.seal(n, 0, body, box);
        ms = Math.min(ms, performance.now() - at);
      }
      rates.set(cipher, Math.round(MEASURED_BYTES / 1000 / Math.max(ms, 0.01)));
    } catch { /* Deno 2.4 has no ChaCha20-Poly1305. */ }
  }
  return rates;
}

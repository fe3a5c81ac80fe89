/** The keys of one stream, one for each direction. Frames of a direction are numbered from 0 on. */
export interface FileKeys {
  /** Seals the body of a frame, and authenticates its kind. */
  seal(n: number, kind: number, body: Uint8Array): Promise<Uint8Array>;
  /** Undefined if the other side has not sealed this box as this frame. */
  open(n: number, kind: number, box: Uint8Array): Promise<Uint8Array | undefined>;
}

/** A key pair for one stream. */
export interface FileKey {
  readonly public: Uint8Array;
  /** The keys of `stream`; undefined if `theirs` is not a public key. */
  agree(theirs: Uint8Array, stream: string, sends: boolean): Promise<FileKeys | undefined>;
}

const NONCE_BYTES = 12;
/** An AES-256 key for each direction. */
const AGREED_BITS = 2 * 256;

type Bytes = Uint8Array<ArrayBuffer>;

/** A fresh X25519 key pair. HKDF derives AES-256-GCM keys from what is agreed on. */
export async function freshFileKey(): Promise<FileKey> {
  const pair = await crypto.subtle.generateKey({ name: "X25519" }, false, ["deriveBits"]) as CryptoKeyPair;
  const made = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return {
    public: made,
    agree: (theirs, stream, sends) =>
      agreed(pair.privateKey, made, new Uint8Array(theirs), stream, sends).catch(() => undefined),
  };
}

async function agreed(
  secret: CryptoKey,
  ours: Bytes,
  theirs: Bytes,
  stream: string,
  sends: boolean,
): Promise<FileKeys> {
  const key = await crypto.subtle.importKey("raw", theirs, { name: "X25519" }, false, []);
  const shared = await crypto.subtle.deriveBits({ name: "X25519", public: key }, secret, 256);
  const base = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveBits"]);
  const text = new TextEncoder();
  const [sender, receiver] = sends ? [ours, theirs] : [theirs, ours];
  const info = new Uint8Array([...text.encode("partyline file 1"), ...sender, ...receiver]);
  const params = { name: "HKDF", hash: "SHA-256", salt: text.encode(stream), info };
  const bits = new Uint8Array(await crypto.subtle.deriveBits(params, base, AGREED_BITS));
  const [bySender, byReceiver] = await Promise.all([bits.slice(0, 32), bits.slice(32)].map(importKey));
  return sends ? new Keys(bySender!, byReceiver!) : new Keys(byReceiver!, bySender!);
}

class Keys implements FileKeys {
  constructor(readonly out: CryptoKey, readonly back: CryptoKey) {}

  async seal(n: number, kind: number, body: Uint8Array): Promise<Uint8Array> {
    return new Uint8Array(await crypto.subtle.encrypt(gcmParams(n, kind), this.out, body as Bytes));
  }

  async open(n: number, kind: number, box: Uint8Array): Promise<Uint8Array | undefined> {
    try {
      return new Uint8Array(await crypto.subtle.decrypt(gcmParams(n, kind), this.back, box as Bytes));
    } catch {
      return undefined;
    }
  }
}

function gcmParams(n: number, kind: number): AesGcmParams {
  const iv = new Uint8Array(NONCE_BYTES);
  new DataView(iv.buffer).setBigUint64(NONCE_BYTES - 8, BigInt(n));
  return { name: "AES-GCM", iv, additionalData: Uint8Array.of(kind) };
}

function importKey(bytes: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
}

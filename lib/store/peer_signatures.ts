import { concat, decodeBase64 } from "../core/bytes.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** The prime of the field of Curve25519, and the order of its base point. */
const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
/** What precedes the 32 bytes of a private key in PKCS #8. */
const PREFIX = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);
const SECRET_BYTES = 32;

/**
 * Signatures with a key of X25519, after XEdDSA (Signal): the signature is one of Ed25519, by the point whose Montgomery form is
 * the key. So a person needs no second key, and all who know the key can verify.
 *
 * A signature needs a random number r and the point rB. The runtime computes both: rB is the public key of an Ed25519 pair
 * made from a random seed, and r is the SHA-512 of that seed, as RFC 8032 says. Since such an r has fixed bits, its sign is
 * drawn too: r and -r together are all numbers below L, with a difference of 2^-126.
 */
export class PeerSigner {
  private constructor(readonly point: Bytes, readonly secret: bigint) {}

  /** `key` is the public half, `secret` the private one in PKCS #8. */
  static async of(key: Uint8Array, secret: Uint8Array): Promise<PeerSigner> {
    const scalar = clamped(secret.slice(-SECRET_BYTES)) % L;
    const signer = new PeerSigner(pointOf(key), scalar);
    // The Montgomery form does not tell a point from its negative; the point's sign bit is 0.
    const proof = await signer.sign(new Uint8Array());
    return await verifySignature(key, new Uint8Array(), proof) ? signer : new PeerSigner(signer.point, L - scalar);
  }

  async sign(text: Uint8Array): Promise<Uint8Array> {
    const secret = littleEndian(this.secret);
    const drawn = crypto.getRandomValues(new Uint8Array(SECRET_BYTES + 1));
    // Text and secret are in the seed too, so that no two texts share an r even if the system's randomness repeats.
    const seed = (await sha512(concat([secret, drawn, text]))).slice(0, SECRET_BYTES);
    const isNegative = (drawn[SECRET_BYTES]! & 1) === 1;
    const [point, half] = [await publicPoint(seed), clamped((await sha512(seed)).slice(0, SECRET_BYTES)) % L];
    if (isNegative) point[SECRET_BYTES - 1]! ^= 0x80;
    const r = isNegative ? L - half : half;
    const h = number(await sha512(concat([point, this.point, text]))) % L;
    return concat([point, littleEndian((r + h * this.secret) % L)]);
  }
}

/** Whether a text was signed by the owner of a key. */
export async function verifySignature(key: Uint8Array, text: Uint8Array, signature: Uint8Array): Promise<boolean> {
  try {
    const imported = await crypto.subtle.importKey("raw", pointOf(key), "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", imported, new Uint8Array(signature), new Uint8Array(text));
  } catch {
    return false; // it is not a key
  }
}

/** The point of Ed25519, with sign bit 0, whose Montgomery form is a key of X25519: y = (u - 1) / (u + 1). */
function pointOf(key: Uint8Array): Bytes {
  const bytes = new Uint8Array(key);
  bytes[SECRET_BYTES - 1]! &= 0x7f;
  const u = number(bytes) % P;
  return littleEndian((u + P - 1n) * inverse(u + 1n) % P);
}

/** The inverse modulo P, by Euclid's algorithm; 0 of 0. */
function inverse(value: bigint): bigint {
  let [a, b, x, y] = [value % P, P, 1n, 0n];
  while (a > 1n) {
    const quotient = b / a;
    [a, b, x, y] = [b - quotient * a, a, y - quotient * x, x];
  }
  return a === 0n ? 0n : (x % P + P) % P;
}

async function publicPoint(seed: Bytes): Promise<Bytes> {
  const pair = await crypto.subtle.importKey("pkcs8", concat([PREFIX, seed]), "Ed25519", true, ["sign"]);
  const { x } = await crypto.subtle.exportKey("jwk", pair);
  return new Uint8Array(decodeBase64(`${x!.replaceAll("-", "+").replaceAll("_", "/")}=`)!);
}

/** The scalar of a private key: RFC 7748, section 5, and RFC 8032, section 5.1.5. */
function clamped(bytes: Bytes): bigint {
  bytes[0]! &= 0xf8;
  bytes[SECRET_BYTES - 1] = bytes[SECRET_BYTES - 1]! & 0x7f | 0x40;
  return number(bytes);
}

function number(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = value << 8n | BigInt(bytes[i]!);
  return value;
}

function littleEndian(value: bigint): Bytes {
  return Uint8Array.from({ length: SECRET_BYTES }, (_, i) => Number(value >> BigInt(8 * i) & 0xffn));
}

async function sha512(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-512", bytes));
}

/** Of the first 64 primes: the fractions of the cube roots, and of the first eight the fractions of the square roots. */
const ROUNDS = new Uint32Array(64);
const START = new Uint32Array(8);

for (let number = 2, found = 0; found < 64; number++) {
  let isPrime = true;
  for (let factor = 2; factor * factor <= number && isPrime; factor++) isPrime = number % factor !== 0;
  if (!isPrime) continue;
  if (found < 8) START[found] = fraction(Math.sqrt(number));
  ROUNDS[found++] = fraction(Math.cbrt(number));
}

function fraction(root: number): number {
  return (root - Math.floor(root)) * 2 ** 32;
}

/** SHA-256. Browsers compute digests only for pages that came over TLS or from this machine; elsewhere it is done here. */
export async function sha256(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  if (!globalThis.crypto?.subtle) return computedSha256(bytes);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
}

/** SHA-256 without the browser's help. */
export function computedSha256(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Sha256().update(bytes).digest();
}

/** SHA-256 of bytes that come one after the other, which no browser computes. */
export class Sha256 {
  readonly #state = Int32Array.from(START);
  /** What does not fill a block yet. */
  readonly #rest = new Uint8Array(64);
  #bytes = 0;

  update(bytes: Uint8Array): this {
    const held = this.#bytes % 64;
    this.#bytes += bytes.length;
    let at = 0;
    if (held > 0) {
      at = Math.min(64 - held, bytes.length);
      this.#rest.set(bytes.subarray(0, at), held);
      if (held + at < 64) return this;
      compress(this.#state, this.#rest, 64);
    }
    const left = bytes.subarray(at);
    const whole = left.length - left.length % 64;
    compress(this.#state, left, whole);
    this.#rest.set(left.subarray(whole));
    return this;
  }

  /** Called once, at the end. */
  digest(): Uint8Array<ArrayBuffer> {
    const held = this.#bytes % 64;
    const end = new Uint8Array(held < 56 ? 64 : 128);
    end.set(this.#rest.subarray(0, held));
    end[held] = 0x80;
    const bits = new DataView(end.buffer);
    bits.setUint32(end.length - 8, Math.floor(this.#bytes / 2 ** 29));
    bits.setUint32(end.length - 4, (this.#bytes * 8) >>> 0);
    compress(this.#state, end, end.length);
    const digest = new DataView(new ArrayBuffer(32));
    for (let i = 0; i < 8; i++) digest.setInt32(i * 4, this.#state[i]!);
    return new Uint8Array(digest.buffer);
  }
}

const words = new Int32Array(64);

/** Takes in `length` bytes: whole blocks. */
function compress(state: Int32Array, bytes: Uint8Array, length: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < length; at += 64) {
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(at + i * 4);
    for (let i = 16; i < 64; i++) {
      const x = words[i - 15]!, y = words[i - 2]!;
      const low = (x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3;
      const high = (y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10;
      words[i] = words[i - 16]! + low + words[i - 7]! + high | 0;
    }
    let a = state[0]!, b = state[1]!, c = state[2]!, d = state[3]!;
    let e = state[4]!, f = state[5]!, g = state[6]!, h = state[7]!;
    for (let i = 0; i < 64; i++) {
      const turned = (e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7);
      const one = h + turned + (e & f ^ ~e & g) + ROUNDS[i]! + words[i]! | 0;
      const mixed = (a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10);
      const two = mixed + (a & b ^ a & c ^ b & c) | 0;
      h = g, g = f, f = e, e = d + one | 0, d = c, c = b, b = a, a = one + two | 0;
    }
    state[0]! += a, state[1]! += b, state[2]! += c, state[3]! += d;
    state[4]! += e, state[5]! += f, state[6]! += g, state[7]! += h;
  }
}

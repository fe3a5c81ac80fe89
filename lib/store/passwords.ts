import { randomBytes, scrypt } from "node:crypto";
import { timingSafeEqual } from "../core/bytes.ts";
import { encodeText } from "../core/text.ts";
import { SCRYPT, type ScryptSecret } from "../chat/accounts.ts";

/** On whose behalf a password is tried. */
export interface Asker {
  /** Those who ask from one place stand in a line of their own. */
  readonly from: string;
  /** Whether the answer is still of use. */
  waits(): boolean;
}

const OURSELVES: Asker = { from: "", waits: () => true };

/**
 * Makes and tries scrypt secrets, a few at once: each takes 128 MiB while it lasts, so the rest stand in line, each place
 * they come from in a line of its own, and the lines take turns. Whoever has left is passed over.
 */
export class Passwords {
  #running = 0;
  readonly #lines = new Map<string, (() => void)[]>();

  constructor(readonly atOnce: number) {}

  /** How many are being worked on. */
  get running(): number {
    return this.#running;
  }

  /** Whether `password` is the one that `secret` was made from; false, untried, when the asker has left meanwhile. */
  async verify(password: string, secret: ScryptSecret, asker: Asker = OURSELVES): Promise<boolean> {
    await this.#turn(asker);
    try {
      if (!asker.waits()) return false;
      return timingSafeEqual(await derive(password, secret, secret.key.length), secret.key);
    } finally {
      this.#next();
    }
  }

  /** A new secret for a password, with a salt of its own. */
  async hash(password: string): Promise<ScryptSecret> {
    const { saltBytes, keyBytes, ...strength } = SCRYPT;
    const salt = new Uint8Array(randomBytes(saltBytes));
    await this.#turn(OURSELVES);
    try {
      return { type: "scrypt", ...strength, salt, key: await derive(password, { ...strength, salt }, keyBytes) };
    } finally {
      this.#next();
    }
  }

  /** A password's key, by a salt and a strength that are given; throws when the asker has left meanwhile. */
  async stretch(
    password: string,
    how: Omit<ScryptSecret, "type" | "key"> & { keyBytes: number },
    asker: Asker = OURSELVES,
  ): Promise<Uint8Array> {
    await this.#turn(asker);
    try {
      if (!asker.waits()) throw new Error("the asker has left");
      return await derive(password, how, how.keyBytes);
    } finally {
      this.#next();
    }
  }

  async #turn(asker: Asker): Promise<void> {
    if (this.#running < this.atOnce) {
      this.#running++;
      return;
    }
    await new Promise<void>((go) => {
      const line = this.#lines.get(asker.from);
      if (line) line.push(go);
      else this.#lines.set(asker.from, [go]);
    });
  }

  /** Gives the place to the first of the line whose turn it is; that line goes behind the others. */
  #next(): void {
    for (const [from, line] of this.#lines) {
      const first = line.shift()!;
      this.#lines.delete(from);
      if (line.length > 0) this.#lines.set(from, line);
      return first();
    }
    this.#running--;
  }
}

function derive(password: string, how: Omit<ScryptSecret, "type" | "key">, length: number): Promise<Uint8Array> {
  const [N, r, p] = [2 ** how.logN, how.r, how.p];
  return new Promise((resolve, reject) => {
    scrypt(encodeText(password), how.salt, length, { N, r, p, maxmem: 256 * N * r * p }, (error, key) => {
      if (error) reject(error);
      else resolve(new Uint8Array(key!));
    });
  });
}

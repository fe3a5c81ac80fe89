import { randomBytes, scrypt } from "node:crypto";
import { encodeText, sameSecret } from "../base/text.ts";
import { SCRYPT, type ScryptSecret } from "../hub/accounts.ts";

/** Makes and tries scrypt secrets, a few at once: each takes 128 MiB while it lasts, so the rest stand in line. */
export class Passwords {
  #running = 0;
  readonly #line: (() => void)[] = [];

  constructor(readonly atOnce: number) {}

  /** How many are being worked on. */
  get running(): number {
    return this.#running;
  }

  /** Whether `password` is the one that `secret` was made from. */
  async verify(password: string, secret: ScryptSecret): Promise<boolean> {
    return sameSecret(await this.#key(password, secret, secret.key.length), secret.key);
  }

  /** A new secret for a password, with a salt of its own. */
  async hash(password: string): Promise<ScryptSecret> {
    const { saltBytes, keyBytes, ...strength } = SCRYPT;
    const salt = new Uint8Array(randomBytes(saltBytes));
    return { type: "scrypt", ...strength, salt, key: await this.#key(password, { ...strength, salt }, keyBytes) };
  }

  async #key(password: string, how: Omit<ScryptSecret, "type" | "key">, length: number): Promise<Uint8Array> {
    if (this.#running >= this.atOnce) await new Promise<void>((resolve) => this.#line.push(resolve));
    else this.#running++;
    try {
      const [N, r, p] = [2 ** how.logN, how.r, how.p];
      return await new Promise((resolve, reject) => {
        scrypt(encodeText(password), how.salt, length, { N, r, p, maxmem: 256 * N * r * p }, (error, key) => {
          if (error) reject(error);
          else resolve(new Uint8Array(key!));
        });
      });
    } finally {
      // The place goes to the next in line, if there is one.
      const next = this.#line.shift();
      if (next) next();
      else this.#running--;
    }
  }
}

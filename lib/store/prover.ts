import { encodeBase64 } from "../core/bytes.ts";
import type { Identity, NameKey } from "./identity.ts";
import { Passwords } from "./passwords.ts";
import { passwordProof, type Stretch, transcript } from "./proofs.ts";

/** What a server asks for. */
export type Asked =
  | { readonly how: "password"; readonly nonce: Uint8Array } & Stretch
  | { readonly how: "key"; readonly nonce: Uint8Array };

/** A proof, and what the server is to prove in return, where it does. */
export interface Answer {
  readonly proof: string;
  readonly expected: Uint8Array | undefined;
}

/** What proves to a server who a client is, without saying a password. */
export class Prover {
  readonly #passwords = new Passwords(1);
  #key: NameKey | undefined;
  /** The last password, stretched: a reconnect needs it again. */
  #stretched: { readonly for: string; readonly key: Uint8Array } | undefined;

  constructor(readonly identity: Identity) {}

  /** The public key of a name, as the server is told it. */
  async key(name: string): Promise<string> {
    this.#key = await this.identity.key(name);
    return encodeBase64(this.#key.publicKey);
  }

  /** The answer to a challenge, and what the server proves in return, where it does. `password` is for a password challenge. */
  async answer(asked: Asked, name: string, nonce: string, password: string): Promise<Answer> {
    if (asked.how === "key") {
      const proof = encodeBase64(await this.#key!.sign(transcript(name, nonce, asked.nonce)));
      return { proof, expected: undefined };
    }
    const { client, server } = passwordProof(
      await this.#stretch(password, asked),
      transcript(name, nonce, asked.nonce, asked.salt),
    );
    return { proof: encodeBase64(client), expected: server };
  }

  async #stretch(password: string, how: Stretch): Promise<Uint8Array> {
    // What a server may cost us; 2^20 · 8 · 128 bytes is 1 GiB.
    const { logN, r, p, keyBytes } = how;
    if (logN > 20 || r > 8 || p > 4 || keyBytes < 16 || keyBytes > 64) {
      throw new Error(
        `the server asks for more than a password is worth: ln=${logN}, r=${r}, p=${p}, ${keyBytes} bytes`,
      );
    }
    const wanted = JSON.stringify([password, encodeBase64(how.salt), how.logN, how.r, how.p, how.keyBytes]);
    if (this.#stretched?.for !== wanted) {
      this.#stretched = { for: wanted, key: await this.#passwords.stretch(password, how) };
    }
    return this.#stretched.key;
  }
}

/** A number that nobody has used before, as text. */
export function freshNonce(): string {
  return encodeBase64(crypto.getRandomValues(new Uint8Array(16)));
}

/** What tells one run of a client from all others. */
export function freshRun(): string {
  return encodeBase64(crypto.getRandomValues(new Uint8Array(6))).replaceAll("+", "-").replaceAll("/", "_");
}

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { encodeBase64 } from "../core/bytes.ts";
import { encodeText } from "../core/text.ts";
import type { Secret } from "../chat/accounts.ts";
import type { Asker, Passwords } from "./passwords.ts";

/** How a password is turned into the key that proves it. */
export interface Stretch {
  readonly salt: Uint8Array;
  readonly logN: number;
  readonly r: number;
  readonly p: number;
  readonly keyBytes: number;
}

/** Both sides of a password's proof, in which the password itself is never said (SCRAM's exchange over an scrypt key). */
export interface PasswordProof {
  /** What the client shows. */
  readonly client: Uint8Array;
  /** What the server shows in return: it knows the key too. */
  readonly server: Uint8Array;
}

/** What both sides prove something about: this conversation and no other. */
export function transcript(name: string, clientNonce: string, serverNonce: Uint8Array, salt?: Uint8Array): Uint8Array {
  const parts = ["partyline 1", clientNonce, encodeBase64(serverNonce), salt ? encodeBase64(salt) : "", name];
  return encodeText(parts.join(","));
}

/** The proof of whoever knows the stretched password. */
export function passwordProof(key: Uint8Array, transcript: Uint8Array): PasswordProof {
  const clientKey = hmac(key, encodeText("Client Key"));
  const storedKey = createHash("sha256").update(clientKey).digest();
  const signature = hmac(storedKey, transcript);
  const client = clientKey.map((byte, i) => byte ^ signature[i]!);
  return { client, server: hmac(hmac(key, encodeText("Server Key")), transcript) };
}

/** Whether two proofs are the same, in a time that tells nothing. */
export function sameProof(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

/** A proof, and what it is to be compared with. */
export interface Proving {
  readonly name: string;
  readonly nonce: string;
  readonly challenge: { readonly how: "password"; readonly nonce: Uint8Array } & Stretch | {
    readonly how: "key";
    readonly nonce: Uint8Array;
  };
  readonly by: { readonly type: "password"; readonly secret: Secret } | {
    readonly type: "key";
    readonly key: Uint8Array;
  };
  readonly proof: Uint8Array;
}

/** Whether it is right, and what shows the client that we know the password too. */
export interface ProofAnswer {
  readonly right: boolean;
  readonly proof?: Uint8Array;
}

/** What looks at proofs for a server, and gives challenges what nobody can foresee. */
export class Proofs {
  readonly #secret = randomBytes(32);
  /** The stretched keys of plain passwords: made once, since each takes a third of a second. */
  readonly #stretched = new WeakMap<Secret, Promise<Uint8Array>>();

  constructor(readonly passwords: Passwords) {}

  bytes(count: number): Uint8Array {
    return new Uint8Array(randomBytes(count));
  }

  /** The same for a name as long as this lives. */
  salt(name: string): Uint8Array {
    return hmac(this.#secret, encodeText(name)).slice(0, 16);
  }

  /** A keyed hash; the key is this process's own. */
  mac(bytes: Uint8Array): Uint8Array {
    return hmac(this.#secret, bytes);
  }

  /** Looks whether a proof answers its challenge; what a right one is answered with. */
  async answer({ name, nonce, challenge, by, proof }: Proving, asker: Asker): Promise<ProofAnswer> {
    if (challenge.how === "key" || by.type === "key") {
      const right = by.type === "key" && await signedBy(by.key, transcript(name, nonce, challenge.nonce), proof);
      return { right };
    }
    const { secret } = by;
    const key = secret.type === "scrypt" ? secret.key : await this.#stretch(secret, challenge, asker);
    if (!key) return { right: false };
    const { client, server } = passwordProof(key, transcript(name, nonce, challenge.nonce, challenge.salt));
    return sameProof(client, proof) ? { right: true, proof: server } : { right: false };
  }

  async #stretch(
    secret: Extract<Secret, { type: "plain" }>,
    stretch: Stretch,
    asker: Asker,
  ): Promise<Uint8Array | undefined> {
    const begun = this.#stretched.get(secret);
    if (begun) {
      const key = await begun.catch(() => undefined);
      // Not tried, since whoever asked first had left: the next one tries.
      return key || !asker.waits() ? key : await this.#stretch(secret, stretch, asker);
    }
    const key = this.passwords.stretch(secret.password, stretch, asker);
    this.#stretched.set(secret, key);
    key.catch(() => this.#stretched.delete(secret));
    return await key.catch(() => undefined);
  }
}

/** Looks at a signature over a transcript. */
export async function signedBy(publicKey: Uint8Array, transcript: Uint8Array, signature: Uint8Array): Promise<boolean> {
  const key = await crypto.subtle.importKey("raw", copy(publicKey), "Ed25519", false, ["verify"]);
  return await crypto.subtle.verify("Ed25519", key, copy(signature), copy(transcript));
}

const BLOCK_BYTES = 64;

/** HMAC-SHA256. Deno 2.4 has a warning for everybody who asks `node:crypto` for it. */
export function hmac(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES);
  block.set(key.length > BLOCK_BYTES ? createHash("sha256").update(key).digest() : key);
  const inner = createHash("sha256").update(block.map((byte) => byte ^ 0x36)).update(bytes).digest();
  return new Uint8Array(createHash("sha256").update(block.map((byte) => byte ^ 0x5c)).update(inner).digest());
}

function copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

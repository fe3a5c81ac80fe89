import { createHash, randomBytes } from "node:crypto";
import type { KeyDerivation, Secret } from "../chat/accounts.ts";
import type { Effect } from "../chat/effect.ts";
import type { Challenge } from "../chat/event.ts";
import { encodeBase64, timingSafeEqual } from "../core/bytes.ts";
import { encodeText } from "../core/text.ts";
import type { Identity, KeyPair } from "./identity.ts";
import { Passwords, type Requester } from "./passwords.ts";

/** Both sides of a password proof, which never sends the password: SCRAM (RFC 5802) with scrypt as the key derivation. */
export interface PasswordProof {
  readonly client: Uint8Array;
  /** Shows the client that the server knows the key, too. */
  readonly server: Uint8Array;
}

/** What a proof signs: the fields of this login, the nonces of both sides among them. SCRAM calls it the AuthMessage. */
export function authMessage(name: string, clientNonce: string, serverNonce: Uint8Array, salt?: Uint8Array): Uint8Array {
  const parts = ["partyline 1", clientNonce, encodeBase64(serverNonce), salt ? encodeBase64(salt) : "", name];
  return encodeText(parts.join(","));
}

/** The proof for the key that was derived from a password. */
export function passwordProof(key: Uint8Array, message: Uint8Array): PasswordProof {
  const clientKey = hmac(key, encodeText("Client Key"));
  const storedKey = createHash("sha256").update(clientKey).digest();
  const signature = hmac(storedKey, message);
  const client = clientKey.map((byte, i) => byte ^ signature[i]!);
  return { client, server: hmac(hmac(key, encodeText("Server Key")), message) };
}

/** Whether a proof is right; for a password, with the proof that the server sends in return. */
export interface ProofResult {
  readonly right: boolean;
  readonly proof?: Uint8Array;
}

/** The server's side: checks proofs, and makes nonces, and MACs with a secret of this process. */
export class ProofVerifier {
  readonly #secret = randomBytes(32);
  /** The keys derived from plain passwords: each takes a third of a second. */
  readonly #derivedKeys = new WeakMap<Secret, Promise<Uint8Array>>();

  constructor(readonly passwords: Passwords) {}

  bytes(count: number): Uint8Array {
    return new Uint8Array(randomBytes(count));
  }

  mac(bytes: Uint8Array): Uint8Array {
    return hmac(this.#secret, bytes);
  }

  async verify(
    { name, nonce, challenge, by, proof }: Omit<Extract<Effect, { type: "prove" }>, "type" | "session">,
    requester: Requester,
  ): Promise<ProofResult> {
    if (challenge.how === "key" || by.type === "key") {
      const message = authMessage(name, nonce, challenge.nonce);
      return { right: by.type === "key" && await verifySignature(by.key, message, proof) };
    }
    const { secret } = by;
    const key = secret.type === "scrypt" ? secret.key : await this.#deriveKey(secret, challenge, requester);
    if (!key) return { right: false };
    const { client, server } = passwordProof(key, authMessage(name, nonce, challenge.nonce, challenge.salt));
    return timingSafeEqual(proof, client) ? { right: true, proof: server } : { right: false };
  }

  async #deriveKey(
    secret: Extract<Secret, { type: "plain" }>,
    parameters: KeyDerivation,
    requester: Requester,
  ): Promise<Uint8Array | undefined> {
    const running = this.#derivedKeys.get(secret);
    if (running) {
      const key = await running.catch(() => undefined);
      // The first requester left before its turn came; this one starts anew.
      return key || !requester.isWaiting() ? key : await this.#deriveKey(secret, parameters, requester);
    }
    const key = this.passwords.deriveKey(secret.password, parameters, requester);
    this.#derivedKeys.set(secret, key);
    key.catch(() => this.#derivedKeys.delete(secret));
    return await key.catch(() => undefined);
  }
}

/** A proof, and the one that the server must send in return, if any. */
export interface ChallengeAnswer {
  readonly proof: Uint8Array;
  readonly expected: Uint8Array | undefined;
}

/** The client's side: answers challenges. */
export class Prover {
  readonly #passwords = new Passwords(1);
  #keyPair: KeyPair | undefined;
  /** The key derived from the last password; a reconnect needs it again. */
  #derived: { readonly from: string; readonly key: Uint8Array } | undefined;

  constructor(readonly identity: Pick<Identity, "key">) {}

  /** The public key of a name. */
  async key(name: string): Promise<Uint8Array> {
    this.#keyPair = await this.identity.key(name);
    return this.#keyPair.publicKey;
  }

  /** Answers a challenge; `password` is only used for a password challenge. */
  async answer(challenge: Challenge, name: string, nonce: string, password: string): Promise<ChallengeAnswer> {
    if (challenge.how === "key") {
      const proof = await this.#keyPair!.sign(authMessage(name, nonce, challenge.nonce));
      return { proof, expected: undefined };
    }
    const key = await this.#deriveKey(password, challenge);
    const { client, server } = passwordProof(key, authMessage(name, nonce, challenge.nonce, challenge.salt));
    return { proof: client, expected: server };
  }

  async #deriveKey(password: string, parameters: KeyDerivation): Promise<Uint8Array> {
    const { salt, logN, r, p, keyBytes } = parameters;
    // A bound for what a server can cost the client: 2^20 · 8 · 128 bytes is 1 GiB.
    if (logN > 20 || r > 8 || p > 4 || keyBytes < 16 || keyBytes > 64) {
      throw new Error(
        `the server asks for too expensive a proof: ln=${logN}, r=${r}, p=${p}, ${keyBytes} bytes`,
      );
    }
    const from = JSON.stringify([password, encodeBase64(salt), logN, r, p, keyBytes]);
    if (this.#derived?.from !== from) {
      this.#derived = { from, key: await this.#passwords.deriveKey(password, parameters) };
    }
    return this.#derived.key;
  }
}

/** A random nonce, as text. */
export function freshNonce(): string {
  return encodeBase64(crypto.getRandomValues(new Uint8Array(16)));
}

/** A random identifier for one run of a client. */
export function freshRun(): string {
  return encodeBase64(crypto.getRandomValues(new Uint8Array(6))).replaceAll("+", "-").replaceAll("/", "_");
}

/** Verifies an Ed25519 signature. */
export async function verifySignature(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const key = await crypto.subtle.importKey("raw", copy(publicKey), "Ed25519", false, ["verify"]);
  return await crypto.subtle.verify("Ed25519", key, copy(signature), copy(message));
}

const BLOCK_BYTES = 64;

/** HMAC-SHA256, by hand: Deno 2.4 prints a warning when a program uses that of `node:crypto`. */
export function hmac(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES);
  block.set(key.length > BLOCK_BYTES ? createHash("sha256").update(key).digest() : key);
  const inner = createHash("sha256").update(block.map((byte) => byte ^ 0x36)).update(bytes).digest();
  return new Uint8Array(createHash("sha256").update(block.map((byte) => byte ^ 0x5c)).update(inner).digest());
}

function copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

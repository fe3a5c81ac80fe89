import { join } from "@std/path";
import { concat, decodeBase64, encodeBase64 } from "../core/bytes.ts";
import { UserError } from "../core/errors.ts";
import { reason } from "../core/reason.ts";
import { encodeText } from "../core/text.ts";
import type { CryptographyAnswer, CryptographyRequest, LinkKeys, OwnKey } from "../peers/cryptography.ts";
import { writeId } from "../protocols/datagram/packet.ts";
import { PeerSigner, verifySignature } from "./peer_signatures.ts";
import { writePrivate } from "./private_file.ts";

const FILE = "peer_key.json";
const KEY_BYTES = 32;
/** An AES-256 key for each direction. */
const AGREED_BITS = 2 * 256;
const NONCE_BYTES = 12;

type Bytes = Uint8Array<ArrayBuffer>;

/** A key pair of X25519. */
interface Pair {
  readonly public: Bytes;
  readonly private: CryptoKey;
}

/** AES keys for each direction. */
interface SealingKeys extends LinkKeys {
  readonly ours: CryptoKey;
  readonly theirs: CryptoKey;
}

/**
 * The key of one person, and what is computed with it: X25519, HKDF with SHA-256, AES-256-GCM, signatures.
 *
 * The keys of a link come from three shared secrets: of both ephemeral keys, and of each side's own key with the other's
 * ephemeral one. To know the result one must have the secret halves of both keys that one claims; once the ephemeral ones are
 * gone, it cannot be computed again.
 */
export class PeerKeys implements OwnKey {
  private constructor(readonly pair: Pair, readonly fingerprint: Uint8Array, readonly signer: PeerSigner) {}

  /** The key that is kept in a folder; it is made if there is none. */
  static async open(folder: string): Promise<PeerKeys> {
    const path = join(folder, FILE);
    const kept = readKept(path);
    if (kept) {
      const secret = await importPrivate(kept.private).catch((error) => {
        throw new UserError(`cannot read the key ${path}: ${reason(error)}`);
      });
      return await PeerKeys.#of(kept.public, secret, kept.private);
    }
    const pair = await generate(true);
    const secret = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
    const made = await exported(pair.publicKey);
    writeKept(folder, { public: encodeBase64(made), private: encodeBase64(secret) });
    return await PeerKeys.#of(made, pair.privateKey, secret);
  }

  /** A key for this run only. */
  static async temporary(): Promise<PeerKeys> {
    const pair = await generate(true);
    const secret = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
    return await PeerKeys.#of(await exported(pair.publicKey), pair.privateKey, secret);
  }

  static async #of(made: Bytes, key: CryptoKey, secret: Uint8Array): Promise<PeerKeys> {
    return new PeerKeys({ public: made, private: key }, await digest(made), await PeerSigner.of(made, secret));
  }

  get key(): Uint8Array {
    return this.pair.public;
  }

  /** Computes what a peer wants computed. */
  async answer(request: CryptographyRequest): Promise<CryptographyAnswer> {
    if (request.type === "sign") {
      const signatures = await Promise.all(request.texts.map((text) => this.signer.sign(text)));
      return { type: "signed", id: request.id, signatures };
    }
    if (request.type === "verify") {
      const { id, signed } = request;
      const valid = await Promise.all(signed.map(({ key, text, signature }) => verifySignature(key, text, signature)));
      return { type: "verified", id, valid };
    }
    const { link } = request;
    switch (request.type) {
      case "generate": {
        const pair = await generate(false);
        const key: Pair = { public: await exported(pair.publicKey), private: pair.privateKey };
        return { type: "generated", link, key };
      }
      case "agree":
        return { type: "agreed", link, keys: await this.#agree(request).catch(() => undefined) };
      case "seal": {
        const algorithm = { name: "AES-GCM", iv: nonce(request.n) };
        const { ours } = request.keys as SealingKeys;
        const box = await crypto.subtle.encrypt(algorithm, ours, new Uint8Array(request.text));
        return { type: "sealed", link, box: new Uint8Array(box) };
      }
      case "open": {
        const algorithm = { name: "AES-GCM", iv: nonce(request.n) };
        const { theirs } = request.keys as SealingKeys;
        const opened = crypto.subtle.decrypt(algorithm, theirs, new Uint8Array(request.box));
        const text = await opened.then((text) => new Uint8Array(text), () => undefined);
        return { type: "opened", link, text };
      }
    }
  }

  async #agree({ link, own, theirs, names }: Extract<CryptographyRequest, { type: "agree" }>): Promise<SealingKeys> {
    const ephemeral = own as Pair;
    const [key, theirEphemeral] = [new Uint8Array(theirs.key), new Uint8Array(theirs.fresh)];
    const isFirst = compare(ephemeral.public, theirEphemeral) < 0;
    const [both, ownWithTheirs, theirsWithOwn] = await Promise.all([
      shared(ephemeral.private, theirEphemeral),
      shared(this.pair.private, theirEphemeral),
      shared(ephemeral.private, key),
    ]);
    const [oursFirst, theirsFirst] = [[this.pair.public, ephemeral.public], [key, theirEphemeral]];
    const secrets = isFirst ? [both, ownWithTheirs, theirsWithOwn] : [both, theirsWithOwn, ownWithTheirs];
    const keys = isFirst ? [...oursFirst, ...theirsFirst] : [...theirsFirst, ...oursFirst];
    const people = encodeText(isFirst ? `${names.ours}\0${names.theirs}` : `${names.theirs}\0${names.ours}`);
    const base = await crypto.subtle.importKey("raw", concat(secrets), "HKDF", false, ["deriveBits"]);
    const salt = new Uint8Array(8);
    writeId(salt, 0, link.id);
    const info = concat([encodeText("partyline peer 1"), ...keys, people]);
    const algorithm = { name: "HKDF", hash: "SHA-256", salt, info };
    const bits = new Uint8Array(await crypto.subtle.deriveBits(algorithm, base, AGREED_BITS));
    const [first, second] = await Promise.all([bits.slice(0, 32), bits.slice(32)].map(importSealing));
    const [ours, back] = isFirst ? [first!, second!] : [second!, first!];
    return { ours, theirs: back, fingerprint: await digest(key) };
  }
}

function nonce(n: number): Bytes {
  const bytes = new Uint8Array(NONCE_BYTES);
  new DataView(bytes.buffer).setBigUint64(NONCE_BYTES - 8, BigInt(n));
  return bytes;
}

async function generate(extractable: boolean): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey({ name: "X25519" }, extractable, ["deriveBits"]) as CryptoKeyPair;
}

async function exported(key: CryptoKey): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.exportKey("raw", key));
}

async function shared(secret: CryptoKey, theirs: Bytes): Promise<Bytes> {
  const key = await crypto.subtle.importKey("raw", theirs, { name: "X25519" }, false, []);
  return new Uint8Array(await crypto.subtle.deriveBits({ name: "X25519", public: key }, secret, 256));
}

function importPrivate(bytes: Uint8Array): Promise<CryptoKey> {
  return crypto.subtle.importKey("pkcs8", new Uint8Array(bytes), { name: "X25519" }, false, ["deriveBits"]);
}

function importSealing(bytes: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
}

async function digest(bytes: Bytes): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function compare(one: Uint8Array, other: Uint8Array): number {
  const at = one.findIndex((byte, i) => byte !== other[i]);
  return at < 0 ? 0 : one[at]! - other[at]!;
}

function readKept(path: string): { public: Bytes; private: Uint8Array } | undefined {
  try {
    const kept = JSON.parse(Deno.readTextFileSync(path));
    const [made, secret] = [decodeBase64(`${kept.public}`), decodeBase64(`${kept.private}`)];
    if (made?.length !== KEY_BYTES || !secret) throw new Error("it does not hold a key");
    return { public: new Uint8Array(made), private: secret };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new UserError(`cannot read the key ${path}: ${reason(error)}`);
  }
}

function writeKept(folder: string, kept: { public: string; private: string }): void {
  try {
    writePrivate(folder, FILE, kept);
  } catch (error) {
    throw new UserError(`cannot write the key ${join(folder, FILE)}: ${reason(error)}`);
  }
}

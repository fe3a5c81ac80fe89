import { join } from "@std/path";
import { concat, decodeBase64, encodeBase64 } from "../core/bytes.ts";
import { UserError } from "../core/errors.ts";
import { reason } from "../core/reason.ts";
import type { Agreement, Cryptography, FreshKey, LinkKeys, PublicKeys } from "../peers/cryptography.ts";
import { writePrivate } from "./private_file.ts";

const FILE = "peer_key.json";
const KEY_BYTES = 32;
/** An AES-256 key for each direction. */
const AGREED_BITS = 2 * 256;
const NONCE_BYTES = 12;

type Bytes = Uint8Array<ArrayBuffer>;
type Names = Parameters<Cryptography["agree"]>[3];

/** A key pair of X25519. */
interface Pair {
  readonly public: Bytes;
  readonly private: CryptoKey;
}

/** A key pair for one link. */
interface FreshPair extends FreshKey {
  readonly private: CryptoKey;
}

/** What waits for an answer of WebCrypto: told when it has come, so that a turn can begin and end around it. */
export type Later = <T>(answer: Promise<T>, done: (answer: T) => void) => void;

/**
 * The keys of one person, and what is agreed on by them: X25519, HKDF with SHA-256, AES-256-GCM.
 *
 * Three shared secrets are put together: of both fresh keys, and of each one's own with the other's fresh one. Who knows the
 * result has the secret halves of both keys they claim; when the fresh ones are gone nobody can know it any more.
 */
export class PeerKeys implements Cryptography {
  private constructor(readonly pair: Pair, readonly print: Uint8Array, readonly later: Later) {}

  /** The key that is kept in a folder; made when there is none. */
  static async open(folder: string, later: Later): Promise<PeerKeys> {
    const kept = readKept(join(folder, FILE));
    if (kept) {
      const secret = await importPrivate(kept.private).catch((error) => {
        throw new UserError(`cannot read the key ${join(folder, FILE)}: ${reason(error)}`);
      });
      return await PeerKeys.#of(kept.public, secret, later);
    }
    const pair = await generate(true);
    const secret = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
    const made = await exported(pair.publicKey);
    writeKept(folder, { public: encodeBase64(made), private: encodeBase64(secret) });
    return await PeerKeys.#of(made, pair.privateKey, later);
  }

  /** A key that nobody will have again. */
  static async passing(later: Later): Promise<PeerKeys> {
    const pair = await generate(false);
    return await PeerKeys.#of(await exported(pair.publicKey), pair.privateKey, later);
  }

  static async #of(made: Bytes, secret: CryptoKey, later: Later): Promise<PeerKeys> {
    return new PeerKeys({ public: made, private: secret }, await digest(made), later);
  }

  get key(): Uint8Array {
    return this.pair.public;
  }

  fresh(done: (fresh: FreshKey) => void): void {
    this.later(freshPair(), done);
  }

  agree(
    fresh: FreshKey,
    theirs: PublicKeys,
    link: Uint8Array,
    names: Names,
    done: (agreement: Agreement | undefined) => void,
  ): void {
    this.later(this.#agreed(fresh as FreshPair, theirs, new Uint8Array(link), names).catch(() => undefined), done);
  }

  async #agreed(fresh: FreshPair, theirs: PublicKeys, link: Bytes, names: Names): Promise<Agreement> {
    const [own, mine] = [this.pair.public, new Uint8Array(fresh.public)];
    const [key, their] = [new Uint8Array(theirs.key), new Uint8Array(theirs.fresh)];
    const isFirst = compare(mine, their) < 0;
    const [both, ownWithTheirs, theirsWithOwn] = await Promise.all([
      shared(fresh.private, their),
      shared(this.pair.private, their),
      shared(fresh.private, key),
    ]);
    const secrets = isFirst ? [both, ownWithTheirs, theirsWithOwn] : [both, theirsWithOwn, ownWithTheirs];
    const keys = isFirst ? [own, mine, key, their] : [key, their, own, mine];
    const called = new TextEncoder().encode(
      isFirst ? `${names.ours}\0${names.theirs}` : `${names.theirs}\0${names.ours}`,
    );
    const base = await crypto.subtle.importKey("raw", concat(secrets), "HKDF", false, ["deriveBits"]);
    const info = concat([new TextEncoder().encode("partyline peer 1"), ...keys, called]);
    const how = { name: "HKDF", hash: "SHA-256", salt: link, info };
    const bits = new Uint8Array(await crypto.subtle.deriveBits(how, base, AGREED_BITS));
    const [first, second] = await Promise.all([bits.slice(0, 32), bits.slice(32)].map(importSealing));
    const [out, back] = isFirst ? [first!, second!] : [second!, first!];
    return { keys: new SealingKeys(out, back, this.later), print: await digest(key) };
  }
}

/** The keys of one link; the number of a box is its nonce. */
class SealingKeys implements LinkKeys {
  constructor(readonly out: CryptoKey, readonly back: CryptoKey, readonly later: Later) {}

  seal(n: number, text: Uint8Array, done: (box: Uint8Array) => void): void {
    const sealed = crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce(n) }, this.out, new Uint8Array(text));
    this.later(sealed.then((box) => new Uint8Array(box)), done);
  }

  open(n: number, box: Uint8Array, done: (text: Uint8Array | undefined) => void): void {
    const opened = crypto.subtle.decrypt({ name: "AES-GCM", iv: nonce(n) }, this.back, new Uint8Array(box));
    this.later(opened.then((text) => new Uint8Array(text), () => undefined), done);
  }
}

function nonce(n: number): Bytes {
  const bytes = new Uint8Array(NONCE_BYTES);
  new DataView(bytes.buffer).setBigUint64(NONCE_BYTES - 8, BigInt(n));
  return bytes;
}

async function freshPair(): Promise<FreshPair> {
  const pair = await generate(false);
  return { public: await exported(pair.publicKey), private: pair.privateKey };
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

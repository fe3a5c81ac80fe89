import { join } from "@std/path";
import { decodeBase64, encodeBase64 } from "../core/bytes.ts";
import { UserError } from "../core/errors.ts";
import { reason } from "../core/reason.ts";
import { writePrivate } from "./private_file.ts";

/** The key pair that proves a name; its private key never leaves the file. */
export interface KeyPair {
  readonly publicKey: Uint8Array;
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** The folder for a client's data unless `--data` names another. */
export function defaultDataFolder(): string {
  return join(Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE") ?? ".", ".partyline");
}

const KEYS_FILE = "keys.json";
const SEEN_FILE = "seen.json";

/** What a client stores on disk: the key pairs of its names, and the number of the last message shown, for each store. */
export class Identity {
  /** By user name and store: the user was shown everything up to this number. */
  readonly shown = new Map<string, Map<string, number>>();

  /** Reads the files that exist; nothing is written yet. */
  constructor(readonly folder: string) {
    this.#readShown();
  }

  /** The key pair of a name. It is made if there is none. */
  async key(name: string): Promise<KeyPair> {
    const kept = this.#read(KEYS_FILE);
    const entry = (Object.hasOwn(kept, name) ? kept[name] : undefined) as
      | { public?: string; private?: string }
      | undefined;
    const publicKey = decodeBase64(entry?.public ?? "");
    const privateKey = decodeBase64(entry?.private ?? "");
    if (entry && publicKey?.length === 32 && privateKey) {
      const key = await crypto.subtle.importKey("pkcs8", new Uint8Array(privateKey), "Ed25519", false, ["sign"]);
      return { publicKey, sign: (bytes) => sign(key, bytes) };
    }
    if (entry) throw new UserError(`${join(this.folder, KEYS_FILE)}: the key of ${name} cannot be read`);
    const { privateKey: secretKey, ...made } = await newKeyPair();
    const secret = new Uint8Array(await crypto.subtle.exportKey("pkcs8", secretKey));
    // Another client that uses this folder may have written keys in the meantime.
    const now = this.#read(KEYS_FILE);
    if (Object.hasOwn(now, name)) return this.key(name);
    this.#write(KEYS_FILE, { ...now, [name]: { public: encodeBase64(made.publicKey), private: encodeBase64(secret) } });
    return made;
  }

  /** Records that a user was shown everything in a store up to this number. */
  markShown(name: string, store: string, seq: number): void {
    if (seq <= (this.shown.get(name)?.get(store) ?? 0)) return;
    this.#setShown(name, store, seq);
    // Other clients that use this folder write the file too.
    this.#readShown();
    const entries = [...this.shown].flatMap(([name, stores]) =>
      [...stores].map(([store, seq]) => [`${name} ${store}`, seq] as const)
    );
    this.#write(SEEN_FILE, Object.fromEntries(entries));
  }

  #readShown(): void {
    for (const [key, seq] of Object.entries(this.#read(SEEN_FILE))) {
      const [, name, store] = /^(.*) (.*)$/.exec(key) ?? [];
      if (name !== undefined) this.#setShown(name, store!, Number(seq) || 0);
    }
  }

  #setShown(name: string, store: string, seq: number): void {
    const stores = this.shown.get(name) ?? new Map<string, number>();
    this.shown.set(name, stores.set(store, Math.max(seq, stores.get(store) ?? 0)));
  }

  #read(file: string): Record<string, unknown> {
    const path = join(this.folder, file);
    try {
      const value = JSON.parse(Deno.readTextFileSync(path));
      if (typeof value === "object" && value !== null) return value;
      throw new Error("it does not hold one JSON object");
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return {};
      throw new UserError(`cannot read ${path}: ${reason(error)}`);
    }
  }

  #write(file: string, value: unknown): void {
    try {
      writePrivate(this.folder, file, value);
    } catch (error) {
      throw new UserError(`cannot write ${join(this.folder, file)}: ${reason(error)}`);
    }
  }
}

/** A key pair that is stored nowhere yet. */
export async function newKeyPair(): Promise<KeyPair & { readonly privateKey: CryptoKey }> {
  const { publicKey, privateKey } = await crypto.subtle.generateKey("Ed25519", true, [
    "sign",
    "verify",
  ]) as CryptoKeyPair;
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", publicKey));
  return { publicKey: raw, privateKey, sign: (bytes) => sign(privateKey, bytes) };
}

async function sign(key: CryptoKey, bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.sign("Ed25519", key, new Uint8Array(bytes)));
}

import { decodeBase64, encodeBase64, timingSafeEqual } from "../core/bytes.ts";
import { encodeText, sanitized } from "../core/text.ts";

/** The parameters by which scrypt derives a key from a password. */
export interface KeyDerivation {
  readonly salt: Uint8Array;
  readonly logN: number;
  readonly r: number;
  readonly p: number;
  readonly keyBytes: number;
}

/** A password stored as its scrypt key, with the parameters, so that a file can have keys of several strengths. */
export interface ScryptSecret extends Omit<KeyDerivation, "keyBytes"> {
  readonly type: "scrypt";
  readonly key: Uint8Array;
}

/** The password of an account. */
export type Secret = { readonly type: "plain"; readonly password: string } | ScryptSecret;

/** Whether a password is right, or the secret to verify it against. With a decoy it is wrong whatever the outcome. */
export type PasswordVerdict = { readonly right: boolean } | {
  readonly verify: ScryptSecret;
  readonly isDecoy: boolean;
};

/** What a proof is checked against. */
export type Credential =
  | { readonly type: "password"; readonly secret: Secret }
  /** `fresh` if the name is free. */
  | { readonly type: "key"; readonly key: Uint8Array; readonly fresh: boolean };

/** The strength of new scrypt entries: 128 MiB and about a third of a second for each guess. */
export const SCRYPT = { logN: 17, r: 8, p: 1, saltBytes: 16, keyBytes: 32 } as const;

/** The accounts of a users file. Immutable. */
export class Accounts {
  readonly #secrets: ReadonlyMap<string, Secret>;
  /** Verified where there is no secret to verify, so that every refusal takes the same time. */
  readonly #decoy: ScryptSecret | undefined;

  constructor(secrets: ReadonlyMap<string, Secret>) {
    this.#secrets = secrets;
    for (const secret of secrets.values()) {
      if (secret.type === "scrypt") this.#decoy = secret;
      if (this.#decoy) break;
    }
  }

  /** Whether checking a password may take an scrypt computation. */
  get isSlow(): boolean {
    return this.#decoy !== undefined;
  }

  get size(): number {
    return this.#secrets.size;
  }

  /** A copy with one more account, or with another secret of one. */
  with(name: string, secret: Secret): Accounts {
    return new Accounts(new Map([...this.#secrets, [name, secret]]));
  }

  has(name: string): boolean {
    return this.#secrets.has(name);
  }

  secret(name: string): Secret | undefined {
    return this.#secrets.get(name);
  }

  get names(): string[] {
    return [...this.#secrets.keys()];
  }

  /**
   * Checks a password. A wrong password and an unknown name take the same time: if the file has scrypt entries, one of
   * them is verified in both cases; otherwise there is one comparison in both cases.
   */
  check(name: string, password: string): PasswordVerdict {
    const secret = this.#secrets.get(name);
    if (secret?.type === "scrypt") return { verify: secret, isDecoy: false };
    const same = timingSafeEqual(encodeText(password), encodeText(secret?.password ?? ""));
    const right = same && secret !== undefined;
    return right || !this.#decoy ? { right } : { verify: this.#decoy, isDecoy: true };
  }
}

/** A mistake in a users file, with its line number. */
export interface UsersFileFault {
  readonly line: number;
  readonly message: string;
}

/** Control characters, and those that change the direction of text: such a name can pass for another one. */
const UNPRINTABLE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

/** A line of a users file: an account, a fault, or undefined for a blank line and for a comment, which begins with #. */
export type UsersLine = { readonly name: string; readonly secret: Secret } | undefined | { readonly fault: string };

/** Decodes a line of a users file: `name password`, or `name $scrypt$…`. */
export function decodeUsersLine(line: string): UsersLine {
  const words = line.trim().split(/\s+/);
  if (words[0] === "" || words[0]!.startsWith("#")) return undefined;
  const [name, password] = words;
  if (words.length !== 2) {
    const found = words.length === 1 ? "only one word" : `${words.length} words`;
    return { fault: `expected "username password" and nothing else, found ${found}` };
  }
  const [unprintable] = UNPRINTABLE.exec(name!) ?? [];
  if (unprintable !== undefined) {
    const code = `U+${unprintable.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
    return {
      fault: `expected a name without control and direction characters, found ${code} in "${sanitized(name!)}"`,
    };
  }
  if (!password!.startsWith("$scrypt$")) return { name: name!, secret: { type: "plain", password: password! } };
  const secret = decodeScrypt(password!);
  return typeof secret === "string" ? { fault: secret } : { name: name!, secret };
}

/** Decodes a users file: the accounts, or every fault in it. */
export function decodeUsers(text: string): Accounts | UsersFileFault[] {
  const secrets = new Map<string, Secret>();
  const lineOf = new Map<string, number>();
  const faults: UsersFileFault[] = [];
  text.replace(/^\ufeff/, "").split("\n").forEach((content, index) => {
    const line = index + 1;
    const entry = decodeUsersLine(content);
    if (entry === undefined) return;
    if ("fault" in entry) faults.push({ line, message: entry.fault });
    else if (secrets.has(entry.name)) {
      faults.push({ line, message: `the name "${entry.name}" is already in line ${lineOf.get(entry.name)}` });
    } else {
      secrets.set(entry.name, entry.secret);
      lineOf.set(entry.name, line);
    }
  });
  return faults.length > 0 ? faults : new Accounts(secrets);
}

/** An scrypt secret as in a users file. */
export function encodeScrypt(secret: ScryptSecret): string {
  const { logN, r, p } = secret;
  return `$scrypt$ln=${logN},r=${r},p=${p}$${encodeBase64(secret.salt)}$${encodeBase64(secret.key)}`;
}

/** Decodes `$scrypt$ln=17,r=8,p=1$SALT$KEY`; the rule that it breaks if it is invalid. */
export function decodeScrypt(entry: string): ScryptSecret | string {
  const form = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(entry);
  if (!form) return "expected $scrypt$ln=17,r=8,p=1$SALT$KEY with salt and key in base64, found something else";
  const [logN, r, p] = [Number(form[1]), Number(form[2]), Number(form[3])];
  // A bound for the cost of a login: 2^20 · 8 · 128 bytes is 1 GiB.
  if (logN < 1 || logN > 20 || r < 1 || r > 8 || p < 1 || p > 4) {
    return `expected ln 1 to 20, r 1 to 8, p 1 to 4, found ln=${logN},r=${r},p=${p}`;
  }
  const [salt, key] = [decodeBase64(form[4]!), decodeBase64(form[5]!)];
  if (!salt || !key || key.length < 16) return "expected a salt and a key of 16 bytes or more, both in base64";
  return { type: "scrypt", logN, r, p, salt, key };
}

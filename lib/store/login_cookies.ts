import { randomBytes } from "node:crypto";
import { join } from "@std/path";
import { decodeBase64, encodeBase64, timingSafeEqual } from "../core/bytes.ts";
import { UserError } from "../core/errors.ts";
import { reason } from "../core/reason.ts";
import { decodeLossy, encodeText } from "../core/text.ts";
import { encodeScrypt, type Secret } from "../chat/accounts.ts";
import { writePrivate } from "./private_file.ts";
import { hmac } from "./proofs.ts";

const FILE = "page-key.json";
const KEY_BYTES = 32;

/** As long a pass is good: a term's holidays are shorter. */
export const COOKIE_DAYS = 30;
const PASS_MS = COOKIE_DAYS * 24 * 60 * 60 * 1000;

/**
 * Passes for those who have said their password: `NAME.UNTIL.SEAL`, sealed with a key that lies in `folder`, so that they are
 * good after the server was started anew too. A pass is good for 30 days, and no longer than the password is the same.
 */
export class LoginCookies {
  #key: Uint8Array | undefined;

  constructor(
    readonly folder: string,
    readonly secretOf: (name: string) => Secret | undefined,
    readonly now: () => number,
  ) {
    // A key that is there already is read now: if it cannot be, whoever starts the server is the one to know.
    this.#key = readKey(join(folder, FILE));
  }

  /** A pass for somebody who has an account. */
  issue(name: string): string {
    const claim = `${encodeBase64Url(encodeText(name))}.${Math.round(this.now() + PASS_MS)}`;
    return `${claim}.${encodeBase64Url(this.#seal(claim, this.secretOf(name)!))}`;
  }

  /** Whose pass it is; undefined when it is nobody's, or not any more. */
  holder(pass: string): string | undefined {
    const [encoded, until, seal] = pass.split(".");
    const [bytes, given] = [decodeBase64Url(encoded), decodeBase64Url(seal)];
    if (!bytes || !given || !/^\d{1,15}$/.test(until ?? "") || Number(until) < this.now()) return undefined;
    const name = decodeLossy(bytes);
    const secret = this.secretOf(name);
    return secret && timingSafeEqual(given, this.#seal(`${encoded}.${until}`, secret)) ? name : undefined;
  }

  #seal(claim: string, secret: Secret): Uint8Array {
    this.#key ??= readKey(join(this.folder, FILE)) ?? makeKey(this.folder);
    const of = secret.type === "plain" ? `plain ${secret.password}` : encodeScrypt(secret);
    return hmac(this.#key, encodeText(`${claim}\n${of}`));
  }
}

/** The key in a file; undefined when there is no such file. */
function readKey(path: string): Uint8Array | undefined {
  let bytes: Uint8Array | undefined;
  try {
    const key = (JSON.parse(Deno.readTextFileSync(path)) as { key?: unknown } | null)?.key;
    bytes = typeof key === "string" ? decodeBase64(key) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (!(error instanceof SyntaxError)) throw new UserError(`cannot read ${path}: ${reason(error)}`);
  }
  if (bytes?.length === KEY_BYTES) return bytes;
  const rule = `should hold {"key": ${KEY_BYTES} bytes in base64} and does not; remove it to have a new one`;
  throw new UserError(`${path} ${rule}`);
}

function makeKey(folder: string): Uint8Array {
  const key = new Uint8Array(randomBytes(KEY_BYTES));
  writePrivate(folder, FILE, { key: encodeBase64(key) });
  return key;
}

function encodeBase64Url(bytes: Uint8Array): string {
  return encodeBase64(bytes).replaceAll("+", "-").replaceAll("/", "_");
}

function decodeBase64Url(text: string | undefined): Uint8Array | undefined {
  if (text === undefined || text === "" || !/^[\w-]+$/.test(text)) return undefined;
  return decodeBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
}

import { randomBytes } from "node:crypto";
import { decodeBase64Url as stdDecodeBase64Url, encodeBase64Url } from "@std/encoding/base64url";
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

/** How long a cookie is valid: longer than the holidays within a term. */
export const COOKIE_DAYS = 30;
const COOKIE_MS = COOKIE_DAYS * 24 * 60 * 60 * 1000;

/**
 * Login cookies, `NAME.EXPIRY.MAC`. The MAC key is stored in `folder`, so cookies stay valid when the server restarts. A
 * cookie is valid for 30 days, and only as long as the password is the same; a guest's, as long as the name is no account's.
 */
export class LoginCookies {
  #key: Uint8Array | undefined;

  constructor(
    readonly folder: string,
    /** The secret of an account, or the key that holds a guest's name. */
    readonly secretOf: (name: string) => Secret | Uint8Array | undefined,
    readonly now: () => number,
  ) {
    // An unreadable key is reported when the server starts, not at the first login.
    this.#key = readKey(join(folder, FILE));
  }

  /** A cookie for a user with an account, or for a guest. */
  issue(name: string): string {
    const claim = `${encodeBase64Url(encodeText(name))}.${Math.round(this.now() + COOKIE_MS)}`;
    return `${claim}.${encodeBase64Url(this.#mac(claim, this.secretOf(name)!))}`;
  }

  /** The user whose cookie it is; undefined if it is invalid or has expired. */
  userOf(cookie: string): string | undefined {
    const [encoded, expiry, mac] = cookie.split(".");
    const [bytes, given] = [decodeBase64Url(encoded), decodeBase64Url(mac)];
    if (!bytes || !given || !/^\d{1,15}$/.test(expiry ?? "") || Number(expiry) < this.now()) return undefined;
    const name = decodeLossy(bytes);
    const secret = this.secretOf(name);
    return secret && timingSafeEqual(given, this.#mac(`${encoded}.${expiry}`, secret)) ? name : undefined;
  }

  /** What the page has to bring with a valid cookie. */
  keyOf(cookie: string): string {
    this.#key ??= readKey(join(this.folder, FILE)) ?? makeKey(this.folder);
    return encodeBase64Url(hmac(this.#key, encodeText(`page\n${cookie}`)));
  }

  #mac(claim: string, secret: Secret | Uint8Array): Uint8Array {
    this.#key ??= readKey(join(this.folder, FILE)) ?? makeKey(this.folder);
    const credential = secret instanceof Uint8Array
      ? `key ${encodeBase64(secret)}`
      : secret.type === "plain"
      ? `plain ${secret.password}`
      : encodeScrypt(secret);
    return hmac(this.#key, encodeText(`${claim}\n${credential}`));
  }
}

/** The key in a file; undefined if there is no such file. */
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
  const rule = `must contain {"key": ${KEY_BYTES} bytes in base64} but does not; remove it to have a new one`;
  throw new UserError(`${path} ${rule}`);
}

function makeKey(folder: string): Uint8Array {
  const key = new Uint8Array(randomBytes(KEY_BYTES));
  writePrivate(folder, FILE, { key: encodeBase64(key) });
  return key;
}

function decodeBase64Url(text: string | undefined): Uint8Array | undefined {
  try {
    return text === undefined || text === "" ? undefined : stdDecodeBase64Url(text);
  } catch {
    return undefined;
  }
}

import { decodeBase64Url as stdDecodeBase64Url, encodeBase64Url } from "@std/encoding/base64url";
import { encodeBase64, timingSafeEqual } from "../core/bytes.ts";
import { decodeLossy, encodeText } from "../core/text.ts";
import { encodeScrypt, type Secret } from "../chat/accounts.ts";
import { makeKey, readKey } from "./key_file.ts";
import { hmac } from "./proofs.ts";
import { RevokedPasses } from "./revoked_passes.ts";

const FILE = "page-key.json";

/** How long a cookie is valid: longer than the holidays within a term. */
export const COOKIE_DAYS = 30;
const HOUR_MS = 60 * 60 * 1000;
const COOKIE_MS = COOKIE_DAYS * 24 * HOUR_MS;
/** On a shared computer a cookie ends with the browser, or after a day at the lab: some browsers never end. */
const SHARED_MS = 12 * HOUR_MS;

/** What a cookie claims. */
interface Claim {
  readonly name: string;
  /** When it was issued: different for each of a user. */
  readonly issued: number;
  readonly expiry: number;
}

/**
 * Login cookies, `NAME.ISSUED.EXPIRY.MAC`. The MAC key is stored in `folder`, so cookies stay valid when the server restarts.
 *
 * 1. A cookie is valid for 30 days, on a shared computer for 12 hours.
 * 2. It is valid only as long as the password is the same; a guest's, as long as the name is no account's.
 * 3. It is not valid any more once it was revoked, also after a restart.
 */
export class LoginCookies {
  #key: Uint8Array | undefined;
  readonly #revoked: RevokedPasses;
  #lastIssued = 0;

  constructor(
    readonly folder: string,
    /** The secret of an account, or the key that holds a guest's name. */
    readonly secretOf: (name: string) => Secret | Uint8Array | undefined,
    readonly now: () => number,
  ) {
    // An unreadable key is reported when the server starts, not at the first login.
    this.#key = readKey(folder, FILE);
    this.#revoked = new RevokedPasses(folder, COOKIE_MS);
  }

  /** A cookie for a user with an account, or for a guest. */
  issue(name: string, isShared = false): string {
    const now = Math.round(this.now());
    // Never one that was revoked before it was issued, whatever the clock says.
    const issued = this.#lastIssued = Math.max(now, this.#lastIssued + 1, this.#revoked.upTo(name) + 1);
    const claim = `${encodeBase64Url(encodeText(name))}.${issued}.${issued + (isShared ? SHARED_MS : COOKIE_MS)}`;
    return `${claim}.${encodeBase64Url(this.#mac(claim, this.secretOf(name)!))}`;
  }

  /** The user whose cookie it is; undefined if it is invalid, was revoked or has expired. */
  userOf(cookie: string): string | undefined {
    return this.#read(cookie)?.name;
  }

  /** The cookie is not valid any more. Throws when this cannot be written; then it holds until the server stops. */
  revoke(cookie: string): void {
    const claim = this.#read(cookie);
    if (claim) this.#revoked.add(claim.name, claim.issued, claim.expiry, Math.round(this.now()));
  }

  /** No cookie that a user has so far is valid any more. Throws as `revoke` does. */
  revokeAll(name: string): void {
    this.#revoked.addAll(name, Math.max(Math.round(this.now()), this.#lastIssued));
  }

  #read(cookie: string): Claim | undefined {
    const [encoded, issued, expiry, mac] = cookie.split(".");
    const [bytes, given] = [decodeBase64Url(encoded), decodeBase64Url(mac)];
    if (!bytes || !given || ![issued, expiry].every((time) => /^\d{1,15}$/.test(time ?? ""))) return undefined;
    const claim = { name: decodeLossy(bytes), issued: Number(issued), expiry: Number(expiry) };
    const secret = this.secretOf(claim.name);
    if (!secret || !timingSafeEqual(given, this.#mac(`${encoded}.${issued}.${expiry}`, secret))) return undefined;
    return claim.expiry < this.now() || this.#revoked.has(claim.name, claim.issued) ? undefined : claim;
  }

  /** What the page has to bring with a valid cookie. */
  keyOf(cookie: string): string {
    this.#key ??= readKey(this.folder, FILE) ?? makeKey(this.folder, FILE);
    return encodeBase64Url(hmac(this.#key, encodeText(`page\n${cookie}`)));
  }

  #mac(claim: string, secret: Secret | Uint8Array): Uint8Array {
    this.#key ??= readKey(this.folder, FILE) ?? makeKey(this.folder, FILE);
    const credential = secret instanceof Uint8Array
      ? `key ${encodeBase64(secret)}`
      : secret.type === "plain"
      ? `plain ${secret.password}`
      : encodeScrypt(secret);
    return hmac(this.#key, encodeText(`${claim}\n${credential}`));
  }
}

function decodeBase64Url(text: string | undefined): Uint8Array | undefined {
  try {
    return text === undefined || text === "" ? undefined : stdDecodeBase64Url(text);
  } catch {
    return undefined;
  }
}

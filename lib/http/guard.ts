import { getCookies, setCookie } from "@std/http/cookie";
import { decodeBase64, timingSafeEqual } from "../core/bytes.ts";
import { encodeText } from "../core/text.ts";

/**
 * Whether a request is addressed to this server: to an IP address, to localhost or to one of `names`. Any other name may be
 * an attacker's, resolved to our address (DNS rebinding), so that the attacker's pages would have our origin.
 */
export function isAllowedHost(name: string, names: readonly string[]): boolean {
  if (/^\[[0-9a-f:.]+\]$/.test(name) || /^\d{1,3}(\.\d{1,3}){3}$/.test(name)) return true;
  return name === "localhost" || names.some((ours) => ours.toLowerCase() === name);
}

/**
 * Whether a request comes from our own pages. Browsers send the origin with every request that changes something and with
 * every WebSocket. A request without an origin is not from a browser, so no user is tricked into it.
 */
export function isSameOrigin(request: Request): boolean {
  const origin = request.headers.get("origin");
  return origin === null || origin === new URL(request.url).origin;
}

/** The WebSocket protocol of the page. A page cannot send headers with a WebSocket, so its key is in the name of a second one. */
export const PAGE_PROTOCOL = "partyline";
const KEY_PROTOCOL = "key.";
const KEY_HEADER = "x-partyline-key";

/**
 * The key that the page sends with each request. Browsers send cookies to every port of a host, and so to servers that are not
 * ours; the key is in the storage of the page's origin, which includes the port.
 */
export function pageKey({ headers }: Request): string | undefined {
  const protocols = headers.get("sec-websocket-protocol")?.split(",").map((each) => each.trim());
  const named = protocols?.find((each) => each.startsWith(KEY_PROTOCOL));
  return headers.get(KEY_HEADER) ?? named?.slice(KEY_PROTOCOL.length);
}

/** Whether a secret that a request brings is the right one. */
export function isSecret(given: string | undefined, secret: string): boolean {
  return given !== undefined && timingSafeEqual(encodeText(given), encodeText(secret));
}

/** The value of the login cookie that a request brings. */
export function loginCookie(request: Request): string | undefined {
  try {
    return getCookies(request.headers)[loginCookieName(request)];
  } catch {
    return undefined; // not a cookie header
  }
}

/**
 * Headers that set the login cookie, which no script can read and no other site can send. An empty value removes it;
 * without `seconds` it ends with the browser.
 */
export function loginCookieHeaders(
  request: Request,
  value: string,
  seconds: number | undefined,
  secure: boolean,
): Headers {
  const headers = new Headers();
  const maxAge = value === "" ? 0 : seconds;
  setCookie(headers, {
    name: loginCookieName(request),
    value,
    secure,
    httpOnly: true,
    ...maxAge === undefined ? {} : { maxAge },
    sameSite: "Strict",
    path: "/",
  });
  return headers;
}

// A browser has one cookie jar for all ports of a host, and each port may have a page of its own.
function loginCookieName(request: Request): string {
  return `partyline-${new URL(request.url).port || "0"}`;
}

/** Whether the request has this password, in HTTP basic authentication with any user name. */
export function hasPassword(request: Request, password: string): boolean {
  const given = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (given === undefined) return false;
  const pair = decodeBase64(given);
  if (!pair) return false;
  const colon = pair.indexOf(":".charCodeAt(0));
  return colon >= 0 && timingSafeEqual(pair.subarray(colon + 1), encodeText(password));
}

/** Adds headers to a response: a page may run, show and connect to only what comes from this server. */
export function withSecurityHeaders(response: Response, request: Request): Response {
  // A WebSocket is not a page.
  if (response.status === 101) return response;
  const { protocol, host } = new URL(request.url);
  const sockets = `${protocol === "https:" ? "wss" : "ws"}://${host}`;
  const { headers } = response;
  // What users have left here may run, show and connect to nothing.
  if (!headers.has("content-security-policy")) {
    headers.set(
      "content-security-policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
        `connect-src 'self' ${sockets}; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
  }
  headers.set("x-content-type-options", "nosniff");
  headers.set("x-frame-options", "DENY");
  headers.set("referrer-policy", "no-referrer");
  // Without TLS, browsers ignore it and print a warning.
  if (protocol === "https:") headers.set("cross-origin-opener-policy", "same-origin");
  headers.set("cross-origin-resource-policy", "same-origin");
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  return response;
}

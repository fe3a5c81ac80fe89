import { getCookies, setCookie } from "@std/http/cookie";
import { timingSafeEqual } from "../core/bytes.ts";
import { encodeText } from "../core/text.ts";

/**
 * Whether who asks has typed a name of ours: an address, this machine, or one of `names`. Any other may be a stranger's name
 * that was made to lead here, and that stranger's pages would be of our origin.
 */
export function isOurName(name: string, names: readonly string[]): boolean {
  if (/^\[[0-9a-f:.]+\]$/.test(name) || /^\d{1,3}(\.\d{1,3}){3}$/.test(name)) return true;
  return name === "localhost" || names.some((ours) => ours.toLowerCase() === name);
}

/**
 * Whether a request comes from our own pages. Browsers name the origin of whatever changes something, and of every WebSocket;
 * where none is named no browser asks, and whoever writes such a program is nobody's victim.
 */
export function isOurOrigin(request: Request): boolean {
  const origin = request.headers.get("origin");
  return origin === null || origin === new URL(request.url).origin;
}

/** The value of the login cookie that a request brings. */
export function loginCookie(request: Request): string | undefined {
  try {
    return getCookies(request.headers)[loginCookieName(request)];
  } catch {
    return undefined; // not a cookie header
  }
}

/** Headers that set the login cookie, which no script can read and no other site can send. An empty value removes it. */
export function loginCookieHeaders(request: Request, value: string, seconds: number, secure: boolean): Headers {
  const headers = new Headers();
  const maxAge = value === "" ? 0 : seconds;
  setCookie(headers, {
    name: loginCookieName(request),
    value,
    secure,
    httpOnly: true,
    maxAge,
    sameSite: "Strict",
    path: "/",
  });
  return headers;
}

// A browser has one cookie jar for all ports of a host, and each port may have a page of its own.
function loginCookieName(request: Request): string {
  return `partyline-${new URL(request.url).port || "0"}`;
}

/** Whether the password of HTTP's basic authentication is this one. */
export function hasPassword(request: Request, password: string): boolean {
  const given = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (given === undefined) return false;
  let pair: Uint8Array;
  try {
    pair = Uint8Array.from(atob(given), (letter) => letter.charCodeAt(0));
  } catch {
    return false;
  }
  const colon = pair.indexOf(":".charCodeAt(0));
  return colon >= 0 && timingSafeEqual(pair.subarray(colon + 1), encodeText(password));
}

/** What every answer says: nothing runs, is shown or is spoken to but what comes from here. */
export function guarded(response: Response, request: Request): Response {
  // A WebSocket is no page.
  if (response.status === 101) return response;
  const { protocol, host } = new URL(request.url);
  const sockets = `${protocol === "https:" ? "wss" : "ws"}://${host}`;
  const { headers } = response;
  headers.set(
    "content-security-policy",
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
      `connect-src 'self' ${sockets}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
  headers.set("x-content-type-options", "nosniff");
  headers.set("x-frame-options", "DENY");
  headers.set("referrer-policy", "no-referrer");
  // Without TLS browsers pass over it, with a complaint.
  if (protocol === "https:") headers.set("cross-origin-opener-policy", "same-origin");
  headers.set("cross-origin-resource-policy", "same-origin");
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  return response;
}

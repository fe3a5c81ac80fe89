import type { SessionId } from "../chat/event.ts";
import type { Address } from "../core/address.ts";
import { ConnectionLimiter } from "../core/limiters.ts";
import type { Limits } from "../core/limits.ts";
import { log } from "../core/log.ts";
import { reason } from "../core/reason.ts";
import { encodeText } from "../core/text.ts";
import { isSecret, loginCookie, loginCookieHeaders, pageKey } from "../http/guard.ts";
import { jsonResponse, readJsonBody } from "../http/responses.ts";
import { hmac } from "../store/proofs.ts";
import { checkPassword } from "./password_check.ts";
import type { SessionRunner } from "./runner.ts";

/** The length of the secret that holds a guest's name: 32 random bytes in hexadecimal. */
const GUEST_SECRET_CHARACTERS = 32;
const DAY_SECONDS = 24 * 60 * 60;

/** Issues and checks login cookies. */
export interface CookieStore {
  issue(name: string, isShared?: boolean): string;
  userOf(cookie: string): string | undefined;
  /** The key that the page has to bring with a valid cookie. */
  keyOf(cookie: string): string;
  /** Revokes one cookie, or all of a user; throws if that cannot be stored for after a restart. */
  revoke(cookie: string): void;
  revokeAll(name: string): void;
}

export interface WebLoginParts {
  readonly runner: SessionRunner;
  readonly limits: Limits;
  readonly loginCookies: CookieStore;
  /** Days for which a cookie is valid. */
  readonly cookieDays: number;
  /** Whether the connections are TLS. */
  readonly secure: boolean;
}

/** How users log in at the page, register, enter as guests, and log out; and which sessions each login cookie has. */
export class WebLogins {
  readonly #parts: WebLoginParts;
  readonly #sessions = new Map<string, Set<SessionId>>();
  /** Limits the login and registration requests that are being answered. */
  readonly #requests: ConnectionLimiter;

  constructor(parts: WebLoginParts) {
    this.#parts = parts;
    this.#requests = new ConnectionLimiter(parts.limits);
  }

  /** A session of a cookie has begun, until the returned function is called. */
  began(cookie: string, id: SessionId): () => void {
    this.#sessions.set(cookie, (this.#sessions.get(cookie) ?? new Set()).add(id));
    return () => {
      const sessions = this.#sessions.get(cookie);
      sessions?.delete(id);
      if (sessions?.size === 0) this.#sessions.delete(cookie);
    };
  }

  /** The user whose cookie and key the request brings. */
  userOf(request: Request): string | undefined {
    const cookie = loginCookie(request);
    if (cookie === undefined) return undefined;
    const { loginCookies } = this.#parts;
    const name = loginCookies.userOf(cookie);
    return name !== undefined && isSecret(pageKey(request), loginCookies.keyOf(cookie)) ? name : undefined;
  }

  #cookieHeaders(request: Request, cookie: string, isShared = false): Headers {
    const seconds = isShared ? undefined : this.#parts.cookieDays * DAY_SECONDS;
    return loginCookieHeaders(request, cookie, seconds, this.#parts.secure);
  }

  /** Revokes the cookie of the request, or all that its user has, and ends their sessions. */
  async logOut(request: Request): Promise<Response> {
    const fields = await readJsonBody(request);
    const everywhere = typeof fields === "object" && fields.everywhere === true;
    const [cookie, name] = [loginCookie(request), this.userOf(request)];
    const headers = this.#cookieHeaders(request, "");
    if (cookie === undefined || name === undefined) return new Response(null, { status: 204, headers });
    const { loginCookies, runner } = this.#parts;
    // Afterwards it cannot be known whose they were.
    const ended = [...this.#sessions].filter(([each]) =>
      everywhere ? loginCookies.userOf(each) === name : each === cookie
    );
    let failure: unknown;
    try {
      if (everywhere) loginCookies.revokeAll(name);
      else loginCookies.revoke(cookie);
    } catch (error) {
      failure = error;
    }
    const why = everywhere ? "logged out everywhere" : "logged out";
    runner.operate(() => runner.hub.operator.endNatives(ended.flatMap(([, ids]) => [...ids]), why));
    if (failure === undefined) return new Response(null, { status: 204, headers });
    log.error(`web: the log-out of ${name} cannot be written: ${reason(failure)}`);
    return jsonResponse({ why: "this log-out holds until the server stops: it cannot be written" }, 503, headers);
  }

  /** Checks a name and a password, or creates an account; on success, sets a login cookie. */
  async logIn(type: "checkPassword" | "register", request: Request, from: Address): Promise<Response> {
    const { runner } = this.#parts;
    if (type === "register" && !runner.hub.registers) {
      return jsonResponse({ why: "registration is off; the operator can turn it on with --registration" }, 403);
    }
    const fields = await readJsonBody(request);
    if (typeof fields === "string") return jsonResponse({ why: fields }, 400);
    const { name, password } = fields;
    if (typeof name !== "string" || typeof password !== "string") {
      return jsonResponse({ why: 'expected "name" and "password", both text' }, 400);
    }
    return await this.#issueCookie(request, from, { type, name, password }, fields.shared === true);
  }

  /** Takes a name for a guest, who has no password: a secret of the browser reserves it. On success, sets a login cookie. */
  async enterAsGuest(request: Request, from: Address): Promise<Response> {
    if (!this.#parts.runner.hub.takesGuests) {
      return jsonResponse({ why: "this server takes no guests; its operator can start it with --guests" }, 403);
    }
    const fields = await readJsonBody(request);
    if (typeof fields === "string") return jsonResponse({ why: fields }, 400);
    const { name, secret } = fields;
    if (typeof name !== "string" || typeof secret !== "string" || secret.length < GUEST_SECRET_CHARACTERS) {
      const rule = `a text of ${GUEST_SECRET_CHARACTERS} characters or more`;
      return jsonResponse({ why: `expected "name", a text, and "secret", ${rule}` }, 400);
    }
    const key = hmac(encodeText("partyline guest"), encodeText(secret));
    return await this.#issueCookie(request, from, { type: "holdName", name, key }, fields.shared === true);
  }

  /** Asks the hub; if it agrees, the response sets a login cookie. */
  async #issueCookie(
    request: Request,
    from: Address,
    question: Parameters<typeof checkPassword>[2],
    isShared: boolean,
  ): Promise<Response> {
    const { runner, loginCookies } = this.#parts;
    const { name } = question;
    const refused = refusalOf(this.#requests, from.hostname);
    if (refused) return jsonResponse({ why: refused }, 503);
    const answer = await checkPassword(runner, from, question, request.signal)
      .finally(() => this.#requests.release(from.hostname));
    switch (answer?.type) {
      case "welcome":
        break;
      case "registered":
        if (answer.why !== undefined) return jsonResponse({ why: answer.why }, 403);
        break;
      case "turnedAway": {
        const why = typeof answer.why === "object" ? answer.why.text : "wrong name or password";
        return jsonResponse({ why }, 403);
      }
      default:
        return jsonResponse({ why: "the server stops" }, 503);
    }
    try {
      const cookie = loginCookies.issue(name, isShared);
      const headers = this.#cookieHeaders(request, cookie, isShared);
      return jsonResponse({ name, key: loginCookies.keyOf(cookie) }, 200, headers);
    } catch (error) {
      log.error(`web: no login cookie can be issued to ${name}: ${reason(error)}`);
      return jsonResponse({ why: "logging in is not possible; the server's log says why" }, 503);
    }
  }
}

/** Counts a connection; returns why it is refused. */
export function refusalOf(limiter: ConnectionLimiter, hostname: string): string | undefined {
  const refused = limiter.take(hostname);
  if (!refused) return undefined;
  log.warning(`web: refused ${hostname}: ${refused.refusal}`);
  return `Refused: ${refused.refusal}.`;
}

import type { SessionId } from "../chat/event.ts";
import { type Address, isLoopback } from "../core/address.ts";
import type { Limits } from "../core/limits.ts";
import { log } from "../core/log.ts";
import { ConnectionLimiter } from "../core/limiters.ts";
import { reason } from "../core/reason.ts";
import { encodeText } from "../core/text.ts";
import { VERSION } from "../core/version.ts";
import { CLOSE } from "../http/frames.ts";
import { hasPassword, isSecret, loginCookie, loginCookieHeaders, pageKey } from "../http/guard.ts";
import { jsonResponse, plainText, readJsonBody } from "../http/responses.ts";
import type { RequestBody } from "../http/request_body.ts";
import { type Answer, type Site, type Upgrade, upgradeRefusal } from "../http/site.ts";
import type { StaticFiles } from "../http/static_files.ts";
import type { WebSocketTransport } from "../http/websocket.ts";
import { clock } from "../net/clock.ts";
import { WEB_PROTOCOL } from "../protocols/native/server.ts";
import { hmac } from "../store/proofs.ts";
import type { AttachmentSite } from "./attachment_site.ts";
import type { Monitor } from "./monitor.ts";
import { OPEN_METRICS_TYPE } from "./open_metrics.ts";
import { checkPassword } from "./password_check.ts";
import { operatingOf } from "./operating.ts";
import { PasswordGate } from "./password_gate.ts";
import type { SessionRunner } from "./runner.ts";

/** Bytes that may wait for a watcher; further events are lost to it. */
const WATCHER_BYTES = 256 * 1024;
/** Of what holds a guest's name: the page has 32 random bytes in hexadecimal. */
const GUEST_SECRET_CHARACTERS = 32;
/** Of a path in the record of requests. */
const PATH_CHARACTERS = 200;
const DAY_SECONDS = 24 * 60 * 60;

/** Issues and checks login cookies. */
export interface CookieStore {
  issue(name: string, isShared?: boolean): string;
  userOf(cookie: string): string | undefined;
  /** The key that the page has to bring with a valid cookie. */
  keyOf(cookie: string): string;
  /** One cookie, or all of a user, are not valid any more; throws when that cannot be kept over a restart. */
  revoke(cookie: string): void;
  revokeAll(name: string): void;
}

export interface ServerSiteParts {
  readonly runner: SessionRunner;
  readonly connectionLimiter: ConnectionLimiter;
  readonly limits: Limits;
  readonly files: StaticFiles;
  readonly loginCookies: CookieStore;
  /** Days for which a cookie is valid. */
  readonly cookieDays: number;
  readonly monitor: Monitor;
  /** The password for the server's page from other machines; without one, only this machine may see it. */
  readonly monitorPassword: string | undefined;
  /** What users leave; undefined where they leave nothing. */
  readonly attachments?: AttachmentSite | undefined;
  /** Whether the connections are TLS. */
  readonly secure: boolean;
}

/** The site of a server: the chat page for users, and the server's page and metrics for its operator. */
export class ServerSite implements Site {
  readonly #watchers = new Set<WebSocketTransport>();
  /** The sessions of each login cookie. */
  readonly #sessions = new Map<string, Set<SessionId>>();
  readonly #passwordGate: PasswordGate;
  /** Limits the login and registration requests that are being answered. */
  readonly #requests: ConnectionLimiter;

  constructor(readonly parts: ServerSiteParts) {
    this.#requests = new ConnectionLimiter(parts.limits);
    this.#passwordGate = new PasswordGate(parts.limits, clock);
  }

  close(): void {
    this.#passwordGate.close();
    for (const socket of this.#watchers) socket.closeWith(CLOSE.goingAway, "the server stops");
  }

  /** Answers a request, and records it unless it is for a file of the page. */
  async answer(request: Request, from: Address, body?: RequestBody): Promise<Answer> {
    const answer = await this.#answer(request, from, body);
    const { pathname } = new URL(request.url);
    const { requests } = this.parts.runner.platform;
    if (requests && !pathname.startsWith("/page/")) {
      const by = { id: 0, protocol: { name: "web" }, peer: from, session: { name: this.#userOf(request) } };
      // A query may hold anything; the path is the server's own, or refused.
      const response = answer instanceof Response ? answer : answer.type === "download" ? answer.head : undefined;
      const outcome = response ? String(response.status) : "WebSocket";
      requests.request(by, `${request.method} ${pathname.slice(0, PATH_CHARACTERS)}`, outcome);
    }
    return answer;
  }

  streamedBytes(method: string, target: string): number {
    return this.parts.attachments?.streamedBytes(method, target) ?? 0;
  }

  async #answer(request: Request, from: Address, body: RequestBody | undefined): Promise<Answer> {
    const { pathname } = new URL(request.url);
    if (/^\/attachments(\/|$)/.test(pathname)) return await this.#attachment(request, body);
    const method = request.method === "HEAD" ? "GET" : request.method;
    switch (`${method} ${pathname}`) {
      case "GET /":
        return this.parts.files.answer("chat.html", request);
      case "GET /about":
        return jsonResponse(this.#about(request));
      case "GET /chat":
        return this.#chat(request, from);
      case "POST /login":
        return await this.#logIn("checkPassword", request, from);
      case "POST /register":
        return await this.#logIn("register", request, from);
      case "POST /guest":
        return await this.#enterAsGuest(request, from);
      case "POST /logout":
        return await this.#logOut(request);
      case "GET /server":
        return await this.#monitorRefusal(request, from) ?? this.parts.files.answer("server.html", request);
      case "GET /watch":
        return await this.#monitorRefusal(request, from) ?? this.#watch(request);
      case "GET /wire":
        return await this.#monitorRefusal(request, from) ?? this.#wire(request);
      case "POST /server/say":
        return await this.#monitorRefusal(request, from) ?? await this.#operate(request, "text");
      case "POST /server/kick":
        return await this.#monitorRefusal(request, from) ?? await this.#operate(request, "name");
      case "GET /metrics":
        return await this.#monitorRefusal(request, from) ?? new Response(this.parts.monitor.metrics(), {
          headers: { "content-type": OPEN_METRICS_TYPE },
        });
    }
    if (method !== "GET") return plainText("There is no such page here.", 404);
    return this.parts.files.answerPath(pathname, request);
  }

  #about(request: Request): unknown {
    const { runner } = this.parts;
    const registration = runner.hub.registers;
    const guests = runner.hub.takesGuests;
    const { attachments, limits: { attachmentBytes } } = this.parts;
    return {
      version: VERSION,
      host: "server",
      name: this.#userOf(request) ?? null,
      registration,
      guests,
      attachmentBytes: attachments ? attachmentBytes : 0,
    };
  }

  async #attachment(request: Request, body: RequestBody | undefined): Promise<Answer> {
    const { attachments } = this.parts;
    if (!attachments) return jsonResponse({ why: "files cannot be left at this server (--attachments 0)" }, 404);
    const user = this.#userOf(request) ?? this.#ticketUser(request);
    if (user === undefined) return jsonResponse({ why: "log in first" }, 401);
    return await attachments.answer(request, user, body);
  }

  /** The user of a program that has a ticket from its session. */
  #ticketUser({ headers }: Request): string | undefined {
    const [, ticket] = /^Bearer ([0-9a-f]+)$/.exec(headers.get("authorization") ?? "") ?? [];
    const { runner } = this.parts;
    return ticket === undefined ? undefined : runner.hub.ticketUser(ticket, runner.now);
  }

  #userOf(request: Request): string | undefined {
    const cookie = loginCookie(request);
    if (cookie === undefined) return undefined;
    const { loginCookies } = this.parts;
    const name = loginCookies.userOf(cookie);
    return name !== undefined && isSecret(pageKey(request), loginCookies.keyOf(cookie)) ? name : undefined;
  }

  #cookieHeaders(request: Request, cookie: string, isShared = false): Headers {
    const seconds = isShared ? undefined : this.parts.cookieDays * DAY_SECONDS;
    return loginCookieHeaders(request, cookie, seconds, this.parts.secure);
  }

  /** Revokes the cookie of the request, or all that its user has, and ends their sessions. */
  async #logOut(request: Request): Promise<Response> {
    const fields = await readJsonBody(request);
    const everywhere = typeof fields === "object" && fields.everywhere === true;
    const [cookie, name] = [loginCookie(request), this.#userOf(request)];
    const headers = this.#cookieHeaders(request, "");
    if (cookie === undefined || name === undefined) return new Response(null, { status: 204, headers });
    const { loginCookies, runner } = this.parts;
    // Afterwards nothing says whose they were.
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
  async #logIn(type: "checkPassword" | "register", request: Request, from: Address): Promise<Response> {
    const { runner } = this.parts;
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

  /** Takes a name for a guest, who has no password: the secret of this browser holds it. On success, sets a login cookie. */
  async #enterAsGuest(request: Request, from: Address): Promise<Response> {
    if (!this.parts.runner.hub.takesGuests) {
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
    const { runner, loginCookies } = this.parts;
    const { name } = question;
    const refused = this.#refusal(this.#requests, from.hostname);
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

  #chat(request: Request, from: Address): Response | Upgrade {
    const { runner, connectionLimiter } = this.parts;
    const name = this.#userOf(request);
    if (name === undefined) return plainText("Log in first.", 401);
    const invalid = upgradeRefusal(request);
    if (invalid) return invalid;
    const refused = this.#refusal(connectionLimiter, from.hostname);
    if (refused) return plainText(refused, 503);
    const cookie = loginCookie(request)!;
    let id: SessionId | undefined;
    return {
      type: "upgrade",
      open: (connect) => {
        const host = runner.open(WEB_PROTOCOL, from, connect);
        this.#sessions.set(cookie, (this.#sessions.get(cookie) ?? new Set()).add(id = host.id));
        host.command({ type: "authenticated", name });
      },
      gone: () => {
        connectionLimiter.release(from.hostname);
        const sessions = this.#sessions.get(cookie);
        if (id !== undefined) sessions?.delete(id);
        if (sessions?.size === 0) this.#sessions.delete(cookie);
      },
    };
  }

  /** Counts a connection; returns why it is refused. */
  #refusal(limiter: ConnectionLimiter, hostname: string): string | undefined {
    const refused = limiter.take(hostname);
    if (!refused) return undefined;
    log.warning(`web: refused ${hostname}: ${refused.refusal}`);
    return `Refused: ${refused.refusal}.`;
  }

  /** A notice to everyone, or the end of a user's sessions. That the request is no foreign page's is known already. */
  async #operate(request: Request, field: "text" | "name"): Promise<Response> {
    const fields = await readJsonBody(request);
    if (typeof fields === "string") return jsonResponse({ why: fields }, 400);
    const value = fields[field];
    if (typeof value !== "string") return jsonResponse({ why: `expected "${field}", a text` }, 400);
    const operating = operatingOf(this.parts.runner);
    if (field === "name") return jsonResponse({ ended: operating.kick(value) });
    const why = operating.say(value);
    return why === undefined ? jsonResponse({}) : jsonResponse({ why }, 400);
  }

  #watch(request: Request): Response | Upgrade {
    return this.#feed(request, (send) => this.parts.monitor.watch((event) => send(event)));
  }

  /** The wire of one user, or of an address. */
  #wire(request: Request): Response | Upgrade {
    const name = new URL(request.url).searchParams.get("of");
    const { wires } = this.parts.runner;
    if (!name || !wires) return plainText("The address ends in ?of= and a name.", 400);
    return this.#feed(request, (send) => wires.follow(name, (records, missed) => send({ records, missed }) !== false));
  }

  /** A WebSocket that is sent objects, as far as there is room for them. */
  #feed(
    request: Request,
    begin: (send: (value: unknown) => false | void) => () => void,
  ): Response | Upgrade {
    const invalid = upgradeRefusal(request);
    if (invalid) return invalid;
    let end = () => {};
    return {
      type: "upgrade",
      open: (connect) => {
        const close = () => socket.close("");
        const socket = connect({ receive() {}, hungry: () => true, closed: close, failed: close });
        this.#watchers.add(socket);
        const stop = begin((value) => {
          if (!socket.isOpen || socket.waitingBytes > WATCHER_BYTES) return false;
          socket.writeAlone(encodeText(JSON.stringify(value)));
        });
        end = () => {
          stop();
          this.#watchers.delete(socket);
        };
      },
      gone: () => end(),
    };
  }

  /** The server's page is for this machine, and for those who know its password; the response to anybody else. */
  async #monitorRefusal(request: Request, from: Address): Promise<Response | undefined> {
    const { monitorPassword } = this.parts;
    if (isLoopback(from.hostname)) return undefined;
    if (monitorPassword === undefined) {
      const how = "To see it from elsewhere, start the server with --watch-password-file FILE.";
      return plainText(`This page can only be seen on the machine of the server. ${how}`, 403);
    }
    if (!request.headers.has("authorization")) return this.#passwordRequired();
    const check = () => hasPassword(request, monitorPassword);
    const right = await this.#passwordGate.isRight(from.hostname, check, request.signal);
    return right ? undefined : this.#passwordRequired();
  }

  #passwordRequired(): Response {
    return plainText("This page needs the password that the server was started with.", 401, {
      "www-authenticate": 'Basic realm="Partyline server", charset="UTF-8"',
    });
  }
}

import { delay } from "@std/async/delay";
import { LoginBackoff } from "../chat/login_backoff.ts";
import { type Address, isLoopback } from "../core/address.ts";
import type { Limits } from "../core/limits.ts";
import { log } from "../core/log.ts";
import { ConnectionLimiter } from "../core/limiters.ts";
import { reason } from "../core/reason.ts";
import { VERSION } from "../core/version.ts";
import { hasPassword, loginCookie, loginCookieHeaders } from "../http/guard.ts";
import { body, json, sentence } from "../http/responses.ts";
import { type Site, Sockets } from "../http/site.ts";
import type { StaticFiles } from "../http/static_files.ts";
import { WebSocketTransport } from "../http/websocket.ts";
import { clock } from "../net/clock.ts";
import { WEB_PROTOCOL } from "../protocols/native/server.ts";
import type { Monitor } from "./monitor.ts";
import { OPEN_METRICS_TYPE } from "./open_metrics.ts";
import { checkPassword } from "./password_check.ts";
import type { SessionRunner } from "./runner.ts";

/** Seconds of silence after which a browser is pinged; without an answer it is gone. */
const IDLE_SECONDS = 30;
/** Output that may wait for a watcher; further events are dropped. */
const WATCHER_BYTES = 256 * 1024;
const DAY_SECONDS = 24 * 60 * 60;

/** Issues and checks login cookies. */
export interface CookieStore {
  issue(name: string): string;
  userOf(cookie: string): string | undefined;
}

/** The parts of a server's site. */
export interface ServerSiteParts {
  readonly runner: SessionRunner;
  readonly places: ConnectionLimiter;
  readonly limits: Limits;
  readonly files: StaticFiles;
  readonly loginCookies: CookieStore;
  /** Days for which a cookie is valid. */
  readonly cookieDays: number;
  readonly monitor: Monitor;
  /** With it, the server page is shown to other machines, too. */
  readonly watchPassword: string | undefined;
  /** Whether the connections are TLS. */
  readonly secure: boolean;
}

/** The pages of a server: the chat, and the server page for the operator. */
export class ServerSite implements Site {
  readonly #sockets = new Sockets();
  readonly #watchers = new Set<WebSocket>();
  readonly #backoff: LoginBackoff;
  /** Requests that wait for the hub; as many are allowed as connections. */
  readonly #asking: ConnectionLimiter;

  constructor(readonly parts: ServerSiteParts) {
    this.#asking = new ConnectionLimiter(parts.limits);
    this.#backoff = new LoginBackoff(parts.limits);
  }

  over(): Promise<void> {
    return this.#sockets.over();
  }

  close(): void {
    for (const socket of this.#watchers) socket.close(1001, "the server stops");
  }

  async answer(request: Request, from: Address): Promise<Response> {
    const { pathname } = new URL(request.url);
    const method = request.method === "HEAD" ? "GET" : request.method;
    switch (`${method} ${pathname}`) {
      case "GET /":
        return this.parts.files.answer("chat.html", request);
      case "GET /about":
        return json(this.#about(request));
      case "GET /chat":
        return this.#chat(request, from);
      case "POST /login":
        return await this.#inquire("checkPassword", request, from);
      case "POST /register":
        return await this.#inquire("register", request, from);
      case "POST /logout":
        return new Response(null, { status: 204, headers: this.#cookieHeaders(request, "") });
      case "GET /server":
        return await this.#notForThem(request, from) ?? this.parts.files.answer("server.html", request);
      case "GET /watch":
        return await this.#notForThem(request, from) ?? this.#watch(request);
      case "GET /metrics":
        return await this.#notForThem(request, from) ?? new Response(this.parts.monitor.metrics(), {
          headers: { "content-type": OPEN_METRICS_TYPE },
        });
    }
    if (method !== "GET") return sentence("There is no such page here.", 404);
    return this.parts.files.answerPath(pathname, request);
  }

  #about(request: Request): unknown {
    const { runner } = this.parts;
    const registration = runner.hub.registers;
    return { version: VERSION, host: "server", name: this.#userOf(request) ?? null, registration };
  }

  #userOf(request: Request): string | undefined {
    const cookie = loginCookie(request);
    return cookie === undefined ? undefined : this.parts.loginCookies.userOf(cookie);
  }

  #cookieHeaders(request: Request, cookie: string): Headers {
    return loginCookieHeaders(request, cookie, this.parts.cookieDays * DAY_SECONDS, this.parts.secure);
  }

  /** Has the hub look at a name and a password, or make an account of them; if they are right, sets a login cookie. */
  async #inquire(type: "checkPassword" | "register", request: Request, from: Address): Promise<Response> {
    const { runner, loginCookies } = this.parts;
    if (type === "register" && !runner.hub.registers) {
      return json({ why: "registration is off at this server; its operator can allow it with --registration" }, 403);
    }
    const asked = await body(request);
    if (typeof asked === "string") return json({ why: asked }, 400);
    const { name, password } = asked;
    if (typeof name !== "string" || typeof password !== "string") {
      return json({ why: 'expected "name" and "password", both text' }, 400);
    }
    const refused = this.#taken(this.#asking, from.hostname);
    if (refused) return json({ why: refused }, 503);
    const answer = await checkPassword(runner, from, { type, name, password }, request.signal)
      .finally(() => this.#asking.release(from.hostname));
    switch (answer?.type) {
      case "welcome":
        break;
      case "registered":
        if (answer.why !== undefined) return json({ why: answer.why }, 403);
        break;
      case "turnedAway":
        return json({ why: "wrong name or password" }, 403);
      default:
        return json({ why: "the server stops" }, 503);
    }
    try {
      return json({ name }, 200, this.#cookieHeaders(request, loginCookies.issue(name)));
    } catch (error) {
      log.error(`web: no login cookie can be issued to ${name}: ${reason(error)}`);
      return json({ why: "the server cannot let anybody in here; its log says why" }, 503);
    }
  }

  #chat(request: Request, from: Address): Response {
    const { runner, places, limits } = this.parts;
    const name = this.#userOf(request);
    if (name === undefined) return sentence("Log in first.", 401);
    const { hostname, port } = from;
    // Before the upgrade: answering an upgraded request with something else would end the whole listener.
    const refused = this.#taken(places, hostname);
    if (refused) return sentence(refused, 503);
    const upgraded = this.#sockets.upgraded(request, IDLE_SECONDS);
    if (upgraded instanceof Response) {
      places.release(hostname);
      return upgraded;
    }
    const { socket, response } = upgraded;
    upgraded.gone.then(() => places.release(hostname));
    socket.onopen = () => {
      const host = runner.open(
        WEB_PROTOCOL,
        { hostname, port },
        (owner) => new WebSocketTransport(socket, owner, limits),
      );
      host.command({ type: "authenticated", name });
    };
    return response;
  }

  /** Counts a connection; the reason if it is refused. */
  #taken(places: ConnectionLimiter, hostname: string): string | undefined {
    const refused = places.take(hostname);
    if (!refused) return undefined;
    log.warning(`web: ${hostname} not let in: ${refused.refusal}`);
    return `Not let in: ${refused.refusal}.`;
  }

  #watch(request: Request): Response {
    const upgraded = this.#sockets.upgraded(request, IDLE_SECONDS);
    if (upgraded instanceof Response) return upgraded;
    const { socket, response } = upgraded;
    let stop = () => {};
    socket.onopen = () => {
      this.#watchers.add(socket);
      stop = this.parts.monitor.watch((event) => {
        if (socket.readyState !== WebSocket.OPEN || socket.bufferedAmount > WATCHER_BYTES) return false;
        socket.send(JSON.stringify(event));
      });
    };
    socket.addEventListener("close", () => {
      stop();
      this.#watchers.delete(socket);
    }, { once: true });
    return response;
  }

  /** The server page is for this machine, and for those who know its password. */
  async #notForThem(request: Request, from: Address): Promise<Response | undefined> {
    const { watchPassword } = this.parts;
    if (isLoopback(from.hostname)) return undefined;
    if (watchPassword === undefined) {
      const how =
        "Started with --watch-password-file FILE, it shows it to everyone who knows the password in that file.";
      return sentence(`The server shows this only on the machine that it runs on. ${how}`, 403);
    }
    if (!request.headers.has("authorization")) return this.#passwordWanted();
    // Each guess waits longer.
    const wait = this.#backoff.attempt("", from.hostname, clock());
    if (wait > 0) await delay(wait);
    if (!hasPassword(request, watchPassword)) return this.#passwordWanted();
    this.#backoff.succeeded("", from.hostname);
    return undefined;
  }

  #passwordWanted(): Response {
    return sentence("This needs the password that the server was started with.", 401, {
      "www-authenticate": 'Basic realm="Partyline server", charset="UTF-8"',
    });
  }
}

import { isLoopback } from "../../base/address.ts";
import { log } from "../../base/log.ts";
import type { Limits } from "../../base/limits.ts";
import type { PageFile } from "../../base/page_file.ts";
import { VERSION } from "../../base/version.ts";
import { Patience } from "../../hub/patience.ts";
import { WEB_DOOR } from "../../wire/native/door.ts";
import type { PeerAddress } from "../../wire/session.ts";
import { clock } from "../clock.ts";
import type { Places } from "../places.ts";
import type { Switchboard } from "../switchboard.ts";
import { body, json, pageFile, sentence } from "./answers.ts";
import { OPEN_METRICS_TYPE } from "./open_metrics.ts";
import type { Overlook } from "./overlook.ts";
import { cookie, hasPassword, PASS_COOKIE, setCookie } from "./guard.ts";
import { inquire } from "./inquiry.ts";
import { type Site, Sockets } from "./site.ts";
import { WebLine } from "./web_line.ts";

/** After so many seconds of silence a browser is asked whether it is there; without an answer it is gone. */
const IDLE_SECONDS = 30;
/** Waiting for one who watches; what is past it they miss. */
const WATCHER_BYTES = 256 * 1024;
const DAY_SECONDS = 24 * 60 * 60;

/** Passes for those who have said their password. */
export interface PassBook {
  issue(name: string): string;
  holder(pass: string): string | undefined;
}

/** What the site of a server is made of. */
export interface ServerSiteParts {
  readonly board: Switchboard;
  readonly places: Places;
  readonly limits: Limits;
  readonly files: ReadonlyMap<string, PageFile>;
  readonly passes: PassBook;
  /** For how many days a pass is good. */
  readonly passDays: number;
  readonly overlook: Overlook;
  /** With it, the server's page can be seen from elsewhere too. */
  readonly watchPassword: string | undefined;
  /** Whether the connections are TLS. */
  readonly secure: boolean;
}

/** The pages of a server: the chat for everybody, and for whoever runs it a look at the server itself. */
export class ServerSite implements Site {
  readonly #sockets = new Sockets();
  readonly #watchers = new Set<WebSocket>();
  readonly #patience: Patience;

  constructor(readonly parts: ServerSiteParts) {
    this.#patience = new Patience(parts.limits);
  }

  over(): Promise<void> {
    return this.#sockets.over();
  }

  close(): void {
    for (const socket of this.#watchers) socket.close(1001, "the server stops");
  }

  async answer(request: Request, from: PeerAddress): Promise<Response> {
    const { pathname } = new URL(request.url);
    const method = request.method === "HEAD" ? "GET" : request.method;
    switch (`${method} ${pathname}`) {
      case "GET /":
        return pageFile(this.parts.files.get("chat.html"), request);
      case "GET /about":
        return json(this.#about(request));
      case "GET /chat":
        return this.#chat(request, from);
      case "POST /login":
        return await this.#inquire("vouch", request, from);
      case "POST /register":
        return await this.#inquire("register", request, from);
      case "POST /logout":
        return new Response(null, { status: 204, headers: { "set-cookie": this.#cookie("") } });
      case "GET /server":
        return await this.#notForThem(request, from) ?? pageFile(this.parts.files.get("server.html"), request);
      case "GET /watch":
        return await this.#notForThem(request, from) ?? this.#watch(request);
      case "GET /metrics":
        return await this.#notForThem(request, from) ?? new Response(this.parts.overlook.metrics(), {
          headers: { "content-type": OPEN_METRICS_TYPE },
        });
    }
    const [, name] = /^GET \/page\/([\w.-]+)$/.exec(`${method} ${pathname}`) ?? [];
    return pageFile(name === undefined ? undefined : this.parts.files.get(name), request);
  }

  #about(request: Request): unknown {
    const { board } = this.parts;
    const registration = board.hub.registers;
    return { version: VERSION, host: "server", name: this.#holder(request) ?? null, registration };
  }

  #holder(request: Request): string | undefined {
    const pass = cookie(request, PASS_COOKIE);
    return pass === undefined ? undefined : this.parts.passes.holder(pass);
  }

  #cookie(pass: string): string {
    return setCookie(PASS_COOKIE, pass, this.parts.passDays * DAY_SECONDS, this.parts.secure);
  }

  /** Has the hub look at a name and a password, or make an account of them; right ones are given a pass. */
  async #inquire(type: "vouch" | "register", request: Request, from: PeerAddress): Promise<Response> {
    const { board, passes } = this.parts;
    if (type === "register" && !board.hub.registers) {
      return json({ why: "nobody can register here; whoever runs the server can allow it with --registration" }, 403);
    }
    const asked = await body(request);
    if (typeof asked === "string") return json({ why: asked }, 400);
    const { name, password } = asked;
    if (typeof name !== "string" || typeof password !== "string") {
      return json({ why: 'expected "name" and "password", both text' }, 400);
    }
    const answer = await inquire(board, from, { type, name, password });
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
    return json({ name }, 200, { "set-cookie": this.#cookie(passes.issue(name)) });
  }

  #chat(request: Request, from: PeerAddress): Response {
    const { board, places, limits } = this.parts;
    const name = this.#holder(request);
    if (name === undefined) return sentence("Log in first.", 401);
    const socket = this.#upgraded(request);
    if (socket instanceof Response) return socket;
    const refused = places.take(from.hostname);
    if (refused) {
      log.warning(`web: ${from.hostname} not let in: ${refused.refusal}`);
      return sentence(`Not let in: ${refused.refusal}.`, 503);
    }
    const { hostname, port } = from;
    socket.socket.addEventListener("close", () => places.free(hostname), { once: true });
    socket.socket.onopen = () => {
      const seat = board.open(WEB_DOOR, { hostname, port }, (seat) => new WebLine(socket.socket, seat, limits));
      seat.ask({ type: "known", name });
    };
    return socket.response;
  }

  #watch(request: Request): Response {
    const upgraded = this.#upgraded(request);
    if (upgraded instanceof Response) return upgraded;
    const { socket, response } = upgraded;
    let stop = () => {};
    socket.onopen = () => {
      this.#watchers.add(socket);
      stop = this.parts.overlook.watch((event) => {
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

  #upgraded(request: Request): { socket: WebSocket; response: Response } | Response {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return sentence("This is for WebSockets.", 426, { upgrade: "websocket" });
    }
    const upgraded = Deno.upgradeWebSocket(request, { idleTimeout: IDLE_SECONDS });
    this.#sockets.add(upgraded.socket);
    return upgraded;
  }

  /** The server's page is for the machine that it runs on, and for those who know its password. */
  async #notForThem(request: Request, from: PeerAddress): Promise<Response | undefined> {
    const { watchPassword } = this.parts;
    if (isLoopback(from.hostname)) return undefined;
    if (watchPassword === undefined) {
      const how = "Started with --watch-password-file FILE, it shows it to whoever knows the password in that file.";
      return sentence(`The server shows this only on the machine that it runs on. ${how}`, 403);
    }
    if (!request.headers.has("authorization")) return this.#passwordWanted();
    // Whoever guesses waits longer each time.
    const wait = this.#patience.attempted("", from.hostname, clock());
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    if (!hasPassword(request, watchPassword)) return this.#passwordWanted();
    this.#patience.succeeded("", from.hostname);
    return undefined;
  }

  #passwordWanted(): Response {
    return sentence("This needs the password that the server was started with.", 401, {
      "www-authenticate": 'Basic realm="Partyline server", charset="UTF-8"',
    });
  }
}

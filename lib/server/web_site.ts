import type { Address } from "../core/address.ts";
import type { ConnectionLimiter } from "../core/limiters.ts";
import { loginCookie } from "../http/guard.ts";
import type { RequestBody } from "../http/request_body.ts";
import { jsonResponse, plainText } from "../http/responses.ts";
import { type Answer, type Site, type Upgrade, upgradeRefusal } from "../http/site.ts";
import { WEB_PROTOCOL } from "../protocols/native/server.ts";
import type { AttachmentSite } from "./attachment_site.ts";
import { OperatorSite, type OperatorSiteParts } from "./operator_site.ts";
import { addressForOthers, codeSvg } from "./page_code.ts";
import { refusalOf, type WebLoginParts, WebLogins } from "./web_logins.ts";

/** The longest path in the record of requests. */
const PATH_CHARACTERS = 200;

export interface ServerSiteParts extends OperatorSiteParts, WebLoginParts {
  readonly connectionLimiter: ConnectionLimiter;
  /** What the page and `/about` say of this server to everybody. */
  readonly about: Readonly<Record<string, unknown>>;
  /** Where the listener listens, and the addresses of this machine for others. */
  readonly listens: string;
  readonly addresses: readonly string[];
  /** Files that users leave; undefined if the server takes none. */
  readonly attachments?: AttachmentSite | undefined;
}

/** The site of a server: the chat page for users, and the server's page and metrics for its operator. */
export class ServerSite implements Site {
  readonly #logins: WebLogins;
  readonly #operator: OperatorSite;

  constructor(readonly parts: ServerSiteParts) {
    this.#logins = new WebLogins(parts);
    this.#operator = new OperatorSite(parts);
  }

  close(): void {
    this.#operator.close();
  }

  /** Answers a request, and records it unless it is for a file of the page. */
  async answer(request: Request, from: Address, body?: RequestBody): Promise<Answer> {
    const answer = await this.#answer(request, from, body);
    const { pathname } = new URL(request.url);
    const { requests } = this.parts.runner.platform;
    if (requests && !/^\/(page\/|worker\.js$)/.test(pathname)) {
      const by = { id: 0, protocol: { name: "web" }, peer: from, session: { name: this.#logins.userOf(request) } };
      // A query may hold anything; the path is the server's own, or refused.
      const response = answer instanceof Response ? answer : answer.type === "download" ? answer.head : undefined;
      const outcome = response ? String(response.status) : "WebSocket";
      // The path is left out, since it is enough to fetch a file.
      const path = pathname.replace(/^\/left\/.*/, "/left/").slice(0, PATH_CHARACTERS);
      requests.request(by, `${request.method} ${path}`, outcome);
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
    const [, token] = /^\/left\/([\w-]+)$/.exec(pathname) ?? [];
    const { attachments } = this.parts;
    if (token !== undefined && method === "GET" && attachments) {
      return await attachments.answerLink(request, token, from);
    }
    switch (`${method} ${pathname}`) {
      case "GET /":
        return this.parts.files.answer("chat.html", request);
      case "GET /about":
        return jsonResponse(this.#about(request, from));
      case "GET /worker.js":
        return this.parts.files.answer("worker.js", request);
      case "GET /address.svg":
        return this.#addressCode(request, from);
      case "GET /chat":
        return this.#chat(request, from);
      case "POST /login":
        return await this.#logins.logIn("checkPassword", request, from);
      case "POST /register":
        return await this.#logins.logIn("register", request, from);
      case "POST /guest":
        return await this.#logins.enterAsGuest(request, from);
      case "POST /logout":
        return await this.#logins.logOut(request);
    }
    const answer = await this.#operator.answer(`${method} ${pathname}`, request, from);
    if (answer) return answer;
    if (method !== "GET") return plainText("There is no such page here.", 404);
    return this.parts.files.answerPath(pathname, request);
  }

  #about(request: Request, from: Address): unknown {
    const [address, name] = [this.#address(request, from) ?? null, this.#logins.userOf(request) ?? null];
    return { ...this.parts.about, address, name };
  }

  #address(request: Request, { hostname }: Address): string | undefined {
    return addressForOthers(request, hostname, this.parts.listens, this.parts.addresses);
  }

  #addressCode(request: Request, from: Address): Response {
    const address = this.#address(request, from);
    if (address === undefined) return plainText("No other machine reaches this page.", 404);
    return new Response(codeSvg(address), { headers: { "content-type": "image/svg+xml" } });
  }

  async #attachment(request: Request, body: RequestBody | undefined): Promise<Answer> {
    const { attachments } = this.parts;
    if (!attachments) return jsonResponse({ why: "files cannot be left at this server (--attachments 0)" }, 404);
    const user = this.#logins.userOf(request) ?? this.#ticketUser(request);
    if (user === undefined) return jsonResponse({ why: "log in first" }, 401);
    return await attachments.answer(request, user, body);
  }

  /** The user of a program that has a ticket from its session. */
  #ticketUser({ headers }: Request): string | undefined {
    const [, ticket] = /^Bearer ([0-9a-f]+)$/.exec(headers.get("authorization") ?? "") ?? [];
    const { runner } = this.parts;
    return ticket === undefined ? undefined : runner.hub.ticketUser(ticket, runner.now);
  }

  #chat(request: Request, from: Address): Response | Upgrade {
    const { runner, connectionLimiter } = this.parts;
    const name = this.#logins.userOf(request);
    if (name === undefined) return plainText("Log in first.", 401);
    const invalid = upgradeRefusal(request);
    if (invalid) return invalid;
    const refused = refusalOf(connectionLimiter, from.hostname);
    if (refused) return plainText(refused, 503);
    const cookie = loginCookie(request)!;
    let ended = () => {};
    return {
      type: "upgrade",
      open: (connect) => {
        const host = runner.open(WEB_PROTOCOL, from, connect);
        ended = this.#logins.began(cookie, host.id);
        host.command({ type: "authenticated", name });
      },
      gone: () => {
        connectionLimiter.release(from.hostname);
        ended();
      },
    };
  }
}

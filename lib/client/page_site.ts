import type { Address } from "../core/address.ts";
import type { StaticFiles } from "../http/static_files.ts";
import { VERSION } from "../core/version.ts";
import { decodeLossy, encodeText } from "../core/text.ts";
import type { PageOutput } from "../protocols/native/single_window.ts";
import { jsonResponse, plainText, readJsonBody } from "../http/responses.ts";
import { isSecret, pageKey } from "../http/guard.ts";
import type { RequestBody } from "../http/request_body.ts";
import { CLOSE } from "../http/frames.ts";
import { type Site, type Upgrade, upgradeRefusal } from "../http/site.ts";
import type { TableView } from "../peers/event.ts";
import type { WebSocketTransport } from "../http/websocket.ts";
import type { PageFiles } from "./page_files.ts";

/** The client behind the page. Open pages are numbered. */
export interface PageHost {
  readonly name: string;
  /** Whether there is a connection; without one, pages are refused. */
  readonly isLoggedIn: boolean;
  /** The client address table; none with a server. */
  table?(): TableView | undefined;
  /** The open fields of the form before the chat; undefined if there are none. */
  form?(): unknown;
  /** Takes the form; the rule that it breaks, if it does. */
  fill?(fields: Readonly<Record<string, unknown>>): Promise<{ readonly why: string } | undefined>;
  /** Files at the server; none where there is no server, or one without such files. */
  readonly files?: PageFiles;
  pageOpened(page: number): void;
  pageReceived(page: number, json: string): void;
  pageClosed(page: number): void;
}

/** Tells a page that another window has taken over, so that it does not reconnect. Proxies may drop the close code. */
const ELSEWHERE = encodeText('{"type":"elsewhere"}');
const TAKEN = 4001;
const SECRET_BYTES = 24;
/** Cap on bytes that wait for the page to read; beyond it the page has to reconnect. */
export const PAGE_BYTES = 4 * 1024 * 1024;
/** A close frame has room for 123 bytes. */
const REASON_CHARACTERS = 40;

/**
 * The chat page of a client, for one person on this machine.
 *
 * 1. The one-time address has a ticket in its fragment, which browsers do not send. The page exchanges it for the key, once;
 *    no other request spends it.
 * 2. Without the key only the page's files are served, which contain nothing of this chat. There is no cookie: browsers would
 *    send it to all servers of this machine.
 */
export class ClientSite implements Site {
  readonly #open = new Map<number, WebSocketTransport>();
  #pages = 0;
  #ticket: string | undefined = secret();
  readonly #key = secret();

  constructor(
    readonly files: StaticFiles,
    readonly host: PageHost,
    readonly title: string,
    /** The one-time address was opened. */
    readonly opened: () => void,
  ) {}

  /** The path of the one-time address, while it is unused. */
  get path(): string {
    return `/#open=${this.#ticket ?? ""}`;
  }

  /** Performs an output of the host's machine. */
  perform(output: PageOutput): void {
    const socket = this.#open.get(output.page);
    if (!socket) return;
    if (output.type === "dropPage") {
      const { why, elsewhere } = output;
      if (elsewhere) socket.write(ELSEWHERE);
      socket.closeWith(elsewhere ? TAKEN : CLOSE.tryAgainLater, why.slice(0, REASON_CHARACTERS));
    } else if (socket.waitingBytes > PAGE_BYTES / 2) socket.closeWith(CLOSE.tryAgainLater, "the page reads too slowly");
    else socket.write(encodeText(output.json));
  }

  close(): void {
    for (const socket of this.#open.values()) socket.closeWith(CLOSE.goingAway, "the client ends");
  }

  streamedBytes(method: string, target: string): number {
    return target.startsWith("/attachments/") ? this.host.files?.streamedBytes(method) ?? 0 : 0;
  }

  answer(request: Request, _from: Address, body?: RequestBody): Response | Upgrade | Promise<Response> {
    const { pathname } = new URL(request.url);
    if (/^\/attachments(\/|$)/.test(pathname) && this.host.files) {
      return this.#hasKey(request) ? this.host.files.answer(request, body) : foreign();
    }
    if (request.method === "POST" && pathname === "/open") return this.#enter(request);
    if (request.method === "POST" && pathname === "/form" && this.host.fill) return this.#fill(request);
    if (request.method !== "GET" && request.method !== "HEAD") {
      return plainText("Only GET and HEAD are supported.", 405);
    }
    const form = this.host.form?.();
    if (pathname === "/") return this.files.answer(form === undefined ? "chat.html" : "form.html", request);
    const isTable = pathname === "/table" && this.host.table !== undefined;
    const isForm = pathname === "/form" && this.host.form !== undefined;
    if (pathname !== "/about" && pathname !== "/chat" && !isTable && !isForm) {
      return this.files.answerPath(pathname, request);
    }
    if (!this.#hasKey(request)) return foreign();
    if (isForm) return jsonResponse(form ?? {});
    if (isTable) return jsonResponse(this.host.table?.() ?? { entries: [] });
    return pathname === "/about" ? this.#about() : this.#chat(request);
  }

  /** Exchanges the ticket for the key. */
  async #enter(request: Request): Promise<Response> {
    const fields = await readJsonBody(request);
    if (typeof fields === "string") return jsonResponse({ why: fields }, 400);
    const { ticket } = fields;
    if (this.#ticket === undefined || typeof ticket !== "string" || !isSecret(ticket, this.#ticket)) {
      return jsonResponse({ why: "this address has been used; start the client again for a new one" }, 403);
    }
    this.#ticket = undefined;
    this.opened();
    return jsonResponse({ key: this.#key });
  }

  #hasKey(request: Request): boolean {
    return isSecret(pageKey(request), this.#key);
  }

  async #fill(request: Request): Promise<Response> {
    if (!this.#hasKey(request)) return foreign();
    const fields = await readJsonBody(request);
    if (typeof fields === "string") return jsonResponse({ why: fields }, 400);
    const broken = await this.host.fill?.(fields);
    return broken === undefined ? jsonResponse({}) : jsonResponse(broken, 400);
  }

  async #about(): Promise<Response> {
    const { name, table, files } = this.host;
    const host = { host: "client", hasTable: table !== undefined, attachmentBytes: await files?.mostBytes() ?? 0 };
    return jsonResponse({ version: VERSION, ...host, name, registration: false, guests: false, title: this.title });
  }

  #chat(request: Request): Response | Upgrade {
    if (!this.host.isLoggedIn) return plainText("There is no connection to the server.", 503);
    const invalid = upgradeRefusal(request);
    if (invalid) return invalid;
    const page = ++this.#pages;
    return {
      type: "upgrade",
      open: (connect) => {
        const socket = connect({
          receive: (bytes) => this.host.pageReceived(page, decodeLossy(bytes)),
          hungry: () => true,
          closed: () => socket.close(""),
          failed: (why) => socket.closeWith(CLOSE.tryAgainLater, why),
        });
        this.#open.set(page, socket);
        this.host.pageOpened(page);
      },
      gone: () => {
        this.#open.delete(page);
        this.host.pageClosed(page);
      },
    };
  }
}

function foreign(): Response {
  const who = "This page is only for the person who started the client";
  return plainText(`${who}, at the address that it has shown, which is valid once.`, 403);
}

function secret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

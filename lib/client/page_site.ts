import { timingSafeEqual } from "../core/bytes.ts";
import type { StaticFiles } from "../http/static_files.ts";
import { VERSION } from "../core/version.ts";
import { decodeLossy, encodeText } from "../core/text.ts";
import type { PageOutput } from "../protocols/native/single_window.ts";
import { jsonResponse, plainText } from "../http/responses.ts";
import { loginCookie, loginCookieHeaders } from "../http/guard.ts";
import { CLOSE } from "../http/frames.ts";
import { type Site, type Upgrade, upgradeRefusal } from "../http/site.ts";
import type { WebSocketTransport } from "../http/websocket.ts";

/** The client behind the page. Open pages are numbered. */
export interface PageHost {
  readonly name: string;
  /** Whether there is a connection; without one, pages are refused. */
  readonly isLoggedIn: boolean;
  pageOpened(page: number): void;
  pageReceived(page: number, json: string): void;
  pageClosed(page: number): void;
}

/** Tells a page that another window has taken over, so that it does not reconnect. Proxies may drop the close code. */
const ELSEWHERE = encodeText('{"type":"elsewhere"}');
const TAKEN = 4001;
const DAY_SECONDS = 24 * 60 * 60;
const SECRET_BYTES = 24;
/** Cap on bytes that wait for the page to read; beyond it the page has to reconnect. */
export const PAGE_BYTES = 4 * 1024 * 1024;
/** A close frame has room for 123 bytes. */
const REASON_CHARACTERS = 40;

/**
 * The chat page of a client, for one person on this machine: the first to open the one-time address. Everybody else on this
 * machine is refused.
 */
export class ClientSite implements Site {
  readonly #open = new Map<number, WebSocketTransport>();
  #pages = 0;
  #ticket: string | undefined = secret();
  readonly #pass = secret();

  constructor(
    readonly files: StaticFiles,
    readonly host: PageHost,
    readonly title: string,
    /** The one-time address was opened. */
    readonly opened: () => void,
  ) {}

  /** The path of the one-time address, while it is unused. */
  get path(): string {
    return `/open/${this.#ticket ?? ""}`;
  }

  /** Does what the host's machine wants done. */
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

  answer(request: Request): Response | Upgrade {
    const { pathname } = new URL(request.url);
    if (request.method !== "GET" && request.method !== "HEAD") {
      return plainText("Only GET and HEAD are supported.", 405);
    }
    if (pathname.startsWith("/open/")) return this.#enter(pathname, request);
    if (!isSecret(loginCookie(request), this.#pass)) {
      return plainText(
        "This page is only for the person who started the client, at the address that it has shown.",
        403,
      );
    }
    if (pathname === "/") return this.files.answer("chat.html", request);
    if (pathname === "/about") return jsonResponse(this.#about());
    if (pathname === "/chat") return this.#chat(request);
    return this.files.answerPath(pathname, request);
  }

  #enter(pathname: string, request: Request): Response {
    if (this.#ticket === undefined || !isSecret(pathname, this.path)) {
      return plainText("This address has been used. Start the client again for a new one.", 403);
    }
    this.#ticket = undefined;
    this.opened();
    const headers = loginCookieHeaders(request, this.#pass, DAY_SECONDS, false);
    headers.set("location", "/");
    return new Response(null, { status: 303, headers });
  }

  #about(): unknown {
    return { version: VERSION, host: "client", name: this.host.name, registration: false, title: this.title };
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

function isSecret(given: string | undefined, secret: string): boolean {
  return given !== undefined && timingSafeEqual(encodeText(given), encodeText(secret));
}

function secret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

import { log } from "../../base/log.ts";
import { trouble } from "../../base/reason.ts";
import type { Certificate } from "../certificate.ts";
import type { Site } from "./site.ts";
import { sentence } from "./answers.ts";
import { guarded, isOurName, isOurOrigin } from "./guard.ts";

/** One door for browsers, with the same contract as `StreamServer`. */
export class WebServer {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #gone = new AbortController();
  #closing = false;

  /** `names` are those that this machine goes by, besides its addresses. */
  constructor(
    where: { hostname: string; port: number },
    readonly site: Site,
    readonly names: readonly string[],
    certificate?: Certificate,
  ) {
    this.#server = Deno.serve(
      { ...where, ...certificate, signal: this.#gone.signal, onListen() {} },
      (request, { remoteAddr }) => this.#answer(request, remoteAddr),
    );
    // What ends it is told elsewhere.
    this.#server.finished.catch(() => {});
  }

  /** Where the door really is. */
  get address(): { hostname: string; port: number } {
    return this.#server.addr;
  }

  close(): void {
    this.#closing = true;
    this.site.close();
  }

  over(): Promise<void> {
    return this.site.over();
  }

  /** Gives the port back; requests that are left end at once. */
  async shut(): Promise<void> {
    this.#gone.abort();
    await this.#server.finished.catch(() => {});
  }

  async #answer(request: Request, from: Deno.NetAddr): Promise<Response> {
    // What the host is said to be comes from outside, and is part of this.
    if (!URL.canParse(request.url)) return sentence("This was asked of a host that can be none.", 400);
    try {
      return guarded(this.#refusal(request) ?? await this.site.answer(request, from), request);
    } catch (error) {
      log.error(`our own error, ${request.method} ${new URL(request.url).pathname}: ${trouble(error)}`);
      return guarded(sentence("The server has made a mistake; its log says which.", 500), request);
    }
  }

  #refusal(request: Request): Response | undefined {
    const { hostname } = new URL(request.url);
    if (!isOurName(hostname, this.names)) {
      const how = `Type its address instead, or start it with --web-names ${hostname}.`;
      return sentence(`"${hostname}" is no name that this server knows to be its own. ${how}`, 421);
    }
    const changes = request.method !== "GET" && request.method !== "HEAD";
    const upgrades = request.headers.has("upgrade");
    if ((changes || upgrades) && !isOurOrigin(request)) {
      return sentence("This was asked by a page that is not from here.", 403);
    }
    return this.#closing ? sentence("The server stops.", 503) : undefined;
  }
}

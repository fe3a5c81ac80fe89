import { log } from "../core/log.ts";
import { reason, stackOf } from "../core/reason.ts";
import type { Certificate } from "../core/transport.ts";
import { guarded, isOurName, isOurOrigin } from "./guard.ts";
import { sentence } from "./responses.ts";
import type { Site } from "./site.ts";

/** Time until a listener that has failed is opened again. */
const AGAIN_MS = 500;

/** The listener for browsers; its contract is that of `TcpListener`. */
export class WebServer {
  #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #gone = new AbortController();
  #closing = false;
  #again: ReturnType<typeof setTimeout> | undefined;
  /** The address it listens on. */
  readonly address: { hostname: string; port: number };

  /** `names` are the names of this machine, besides its addresses. */
  constructor(
    where: { hostname: string; port: number },
    readonly site: Site,
    readonly names: readonly string[],
    readonly certificate?: Certificate,
  ) {
    this.#server = this.#open(where);
    this.address = this.#server.addr;
  }

  close(): void {
    this.#closing = true;
    this.site.close();
  }

  over(): Promise<void> {
    return this.site.over();
  }

  /** Releases the port; remaining requests end at once. */
  async shut(): Promise<void> {
    this.#gone.abort();
    clearTimeout(this.#again);
    await this.#server.finished.catch(() => {});
  }

  #open(where: { hostname: string; port: number }): Deno.HttpServer<Deno.NetAddr> {
    const server = Deno.serve(
      { ...where, ...this.certificate, signal: this.#gone.signal, onListen() {} },
      (request, { remoteAddr }) => this.#answer(request, remoteAddr),
    );
    server.finished.then(() => this.#lost("it has finished"), (error) => this.#lost(error));
    return server;
  }

  /** A connection that cannot be accepted, for lack of file descriptors for instance, ends the whole listener: it is reopened. */
  #lost(why: unknown): void {
    if (this.#gone.signal.aborted) return;
    log.error(`web: the listener failed and is opened again: ${reason(why)}`);
    this.#again = setTimeout(() => {
      try {
        this.#server = this.#open(this.address);
      } catch (error) {
        this.#lost(error);
      }
    }, AGAIN_MS);
  }

  async #answer(request: Request, from: Deno.NetAddr): Promise<Response> {
    // The host in this URL is the peer's word.
    if (!URL.canParse(request.url)) return sentence("This was asked of a host that can be none.", 400);
    try {
      return guarded(this.#refusal(request) ?? await this.site.answer(request, from), request);
    } catch (error) {
      log.error(`our own error, ${request.method} ${new URL(request.url).pathname}: ${stackOf(error)}`);
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

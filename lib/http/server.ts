import { log } from "../core/log.ts";
import { reason, stackOf } from "../core/reason.ts";
import type { Certificate } from "../core/transport.ts";
import { guarded, isOurName, isOurOrigin } from "./guard.ts";
import { sentence } from "./responses.ts";
import type { Site } from "./site.ts";

/** Until a door that has closed by itself is opened again. */
const AGAIN_MS = 500;

/** One door for browsers, with the same contract as `StreamServer`. */
export class WebServer {
  #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #gone = new AbortController();
  #closing = false;
  #again: ReturnType<typeof setTimeout> | undefined;
  /** Where the door really is. */
  readonly address: { hostname: string; port: number };

  /** `names` are those that this machine goes by, besides its addresses. */
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

  /** Gives the port back; requests that are left end at once. */
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

  /** A peer that cannot be let in, as without file descriptors, ends all of it: the door is opened again. */
  #lost(why: unknown): void {
    if (this.#gone.signal.aborted) return;
    log.error(`web: the door has closed and is opened again: ${reason(why)}`);
    this.#again = setTimeout(() => {
      try {
        this.#server = this.#open(this.address);
      } catch (error) {
        this.#lost(error);
      }
    }, AGAIN_MS);
  }

  async #answer(request: Request, from: Deno.NetAddr): Promise<Response> {
    // What the host is said to be comes from outside, and is part of this.
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

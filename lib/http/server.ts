import { log } from "../core/log.ts";
import { reason, stackOf } from "../core/reason.ts";
import type { Certificate } from "../core/transport.ts";
import { isAllowedHost, isSameOrigin, withSecurityHeaders } from "./guard.ts";
import { plainText } from "./responses.ts";
import type { Site } from "./site.ts";

/** Delay before a server that has ended by itself is started again. */
const RESTART_MS = 500;

/** An HTTP or HTTPS server for a `Site`, with the contract of a `Listener`. */
export class WebServer {
  #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #abort = new AbortController();
  #closing = false;
  #restart: ReturnType<typeof setTimeout> | undefined;
  /** The actual address: port 0 has been replaced by the port that was given. */
  readonly address: { hostname: string; port: number };

  /** `names` are the host names of this machine. */
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

  finished(): Promise<void> {
    return this.site.finished();
  }

  /** Releases the port; requests that are left end at once. */
  async release(): Promise<void> {
    this.#abort.abort();
    clearTimeout(this.#restart);
    await this.#server.finished.catch(() => {});
  }

  #open(where: { hostname: string; port: number }): Deno.HttpServer<Deno.NetAddr> {
    const server = Deno.serve(
      { ...where, ...this.certificate, signal: this.#abort.signal, onListen() {} },
      (request, { remoteAddr }) => this.#answer(request, remoteAddr),
    );
    server.finished.then(() => this.#lost("it finished"), (error) => this.#lost(error));
    return server;
  }

  /** A connection that cannot be accepted, as without file descriptors, ends the whole server: it is started again. */
  #lost(why: unknown): void {
    if (this.#abort.signal.aborted) return;
    log.error(`web: the listener failed and is opened again: ${reason(why)}`);
    this.#restart = setTimeout(() => {
      try {
        this.#server = this.#open(this.address);
      } catch (error) {
        this.#lost(error);
      }
    }, RESTART_MS);
  }

  async #answer(request: Request, from: Deno.NetAddr): Promise<Response> {
    // The URL contains the host name that the client has sent.
    if (!URL.canParse(request.url)) return plainText("The host name of the request is invalid.", 400);
    try {
      return withSecurityHeaders(this.#refusal(request) ?? await this.site.answer(request, from), request);
    } catch (error) {
      log.error(`internal error, ${request.method} ${new URL(request.url).pathname}: ${stackOf(error)}`);
      return withSecurityHeaders(plainText("Internal server error; the log has the details.", 500), request);
    }
  }

  #refusal(request: Request): Response | undefined {
    const { hostname } = new URL(request.url);
    if (!isAllowedHost(hostname, this.names)) {
      const how = `Use its address instead, or start it with --web-names ${hostname}.`;
      return plainText(`"${hostname}" is not a known name of this server. ${how}`, 421);
    }
    const changes = request.method !== "GET" && request.method !== "HEAD";
    const upgrades = request.headers.has("upgrade");
    if ((changes || upgrades) && !isSameOrigin(request)) {
      return plainText("The request comes from a page of another site.", 403);
    }
    return this.#closing ? plainText("The server stops.", 503) : undefined;
  }
}

import { setImmediate } from "node:timers";
import { type Address, networkOf } from "../core/address.ts";
import type { DescriptorShare } from "../core/descriptors.ts";
import { ConnectionLimiter, NO_DESCRIPTORS, type Refusal } from "../core/limiters.ts";
import { ENDED_PER_TURN, type Limits } from "../core/limits.ts";
import { log } from "../core/log.ts";
import { stackOf } from "../core/reason.ts";
import type { Certificate } from "../core/transport.ts";
import { clock } from "../net/clock.ts";
import { ListeningSocket } from "../net/listening_socket.ts";
import { RefusalLog } from "../net/refusal_log.ts";
import { Connection } from "../net/tcp.ts";
import { TlsTerminator } from "../net/tls_terminator.ts";
import { type AnsweredRequest, HttpConnection, type HttpHost } from "./connection.ts";
import { isAllowedHost, isSameOrigin, PAGE_PROTOCOL, withSecurityHeaders } from "./guard.ts";
import type { RequestBody } from "./request_body.ts";
import type { DecodedRequest } from "./request_decoder.ts";
import { plainText } from "./responses.ts";
import type { Site } from "./site.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
/** How often the connections are checked for being too late. */
const TICK_MS = 1000;
/** Growth of a text in JSON when every character is escaped, and the rest of a message. */
const ESCAPED = 6;
const ENVELOPE_BYTES = 1024;

/** A connection that is counted, before or after its TLS handshake. */
interface Counted {
  readonly from: Address;
  readonly since: number;
  http: HttpConnection | undefined;
  /** Ends the connection at once. */
  abort(): void;
  /** Counts it no longer as one without a chat; called again, nothing. */
  release(): void;
  /** Gives its descriptors back; called again, nothing. */
  closed(): void;
}

export interface WebServerOptions {
  readonly where: { readonly hostname: string; readonly port: number };
  readonly limits: Limits;
  /** The host names of this machine. */
  readonly names: readonly string[];
  readonly certificate?: Certificate | undefined;
  readonly descriptors?: DescriptorShare;
}

/**
 * An HTTP or HTTPS server for a `Site`, with the contract of a `Listener`.
 *
 * Its connections are limited until they become WebSockets, which the site limits. At a limit the connection that has been
 * without a request longest is closed for the new one: silent connections do not lock new clients out.
 */
export class WebServer {
  readonly #socket: ListeningSocket;
  readonly #tls: TlsTerminator | undefined;
  readonly #limiter: ConnectionLimiter;
  /** Descriptors are taken until a connection is closed, also while it is a WebSocket. */
  readonly #descriptors: DescriptorShare | undefined;
  readonly #each: number;
  readonly #refusals = new RefusalLog("web");
  readonly #counted = new Set<Counted>();
  readonly #connections = new Map<HttpConnection, Promise<void>>();
  readonly #host: HttpHost;
  readonly #ticking: ReturnType<typeof setInterval>;
  /** Connections that are still to be looked at. */
  #toTick: Iterator<HttpConnection> | undefined;
  #closing = false;
  /** The actual address: port 0 has been replaced by the port that was given. */
  readonly address: { hostname: string; port: number };

  constructor(readonly site: Site, readonly options: WebServerOptions) {
    const { limits, certificate, descriptors } = options;
    const { requestMs, keepAliveMs, textBytes, signalBytes } = limits;
    const most = { connections: limits.webConnections, connectionsPerAddress: limits.webConnectionsPerAddress };
    this.#limiter = new ConnectionLimiter(most, undefined, 0, "connections");
    this.#descriptors = descriptors;
    this.#each = certificate ? TlsTerminator.DESCRIPTORS : 1;
    this.#host = {
      requestMs,
      keepAliveMs,
      messageBytes: Math.max(textBytes, signalBytes) * ESCAPED + ENVELOPE_BYTES,
      outboxBytes: limits.outboxBytes,
      now: clock,
      streamedBytes: (method, target) => this.site.streamedBytes?.(method, target) ?? 0,
      answer: (...request) => this.#answer(...request),
      upgraded: (connection) => this.#upgraded(connection),
    };
    this.#socket = new ListeningSocket(options.where, {
      accepted: (conn) => this.#accept(conn),
      failed: (error) => this.#refusals.failed(error),
    });
    this.address = this.#socket.address;
    this.#tls = certificate && new TlsTerminator(certificate, limits.handshakeMs);
    this.#ticking = setInterval(() => this.#tick(), Math.min(TICK_MS, requestMs, keepAliveMs));
  }

  close(): void {
    this.#closing = true;
    this.#socket.close();
    this.#tls?.close();
    this.#refusals.close();
    this.site.close();
  }

  /** Resolves when the last WebSocket is gone. */
  async finished(): Promise<void> {
    await Promise.all([...this.#connections].filter(([http]) => http.isUpgraded).map(([, gone]) => gone));
  }

  /** Ends the connections that are left. */
  async release(): Promise<void> {
    clearInterval(this.#ticking);
    for (const http of this.#connections.keys()) http.abort();
    await Promise.all(this.#connections.values());
  }

  #tick(): void {
    if (this.#toTick) return;
    this.#toTick = this.#connections.keys();
    this.#tickSome();
  }

  /** Looks at the times of connections until a few have ended; at the others in the next turns. */
  #tickSome(): void {
    const now = clock();
    for (let left = ENDED_PER_TURN; left > 0;) {
      const { done, value } = this.#toTick!.next();
      if (done) return this.#toTick = undefined;
      if (value.tick(now)) left--;
    }
    setImmediate(() => this.#tickSome());
  }

  // Connections.

  #accept(conn: Deno.TcpConn): void {
    const { hostname, port } = conn.remoteAddr;
    const from = { hostname, port };
    for (let refused = this.#take(hostname); refused; refused = this.#take(hostname)) {
      const waiting = this.#longestWaiting(refused.among === "network" ? networkOf(hostname) : undefined);
      this.#refusals.refused(waiting?.from ?? from, refused.refusal);
      if (!waiting) return conn.close();
      waiting.abort();
      waiting.closed();
    }
    let isOpen = true;
    const counted: Counted = {
      from,
      since: clock(),
      http: undefined,
      abort() {
        if (this.http) return this.http.abort();
        try {
          conn.close();
        } catch { /* it is closed */ }
      },
      release: () => {
        if (this.#counted.delete(counted)) this.#limiter.release(hostname);
      },
      closed: () => {
        counted.release();
        if (isOpen) this.#descriptors?.release(this.#each);
        isOpen = false;
      },
    };
    this.#counted.add(counted);
    this.#serve(conn, counted).finally(counted.closed);
  }

  /** Counts a connection and takes its descriptors, or says why not. */
  #take(hostname: string): Refusal | undefined {
    const refused = this.#limiter.take(hostname);
    if (refused || !this.#descriptors || this.#descriptors.take(this.#each)) return refused;
    this.#limiter.release(hostname);
    return NO_DESCRIPTORS;
  }

  /** The connection without a request since the longest time, of one network or of all. */
  #longestWaiting(network: string | undefined): Counted | undefined {
    let longest: { readonly counted: Counted; readonly since: number } | undefined;
    for (const counted of this.#counted) {
      const since = counted.http ? counted.http.waitingSince : counted.since;
      if (since === undefined || (longest && longest.since <= since)) continue;
      if (network === undefined || networkOf(counted.from.hostname) === network) longest = { counted, since };
    }
    return longest?.counted;
  }

  /** Resolves when the connection is gone. */
  async #serve(conn: Deno.TcpConn, counted: Counted): Promise<void> {
    const session = await this.#tls?.open(conn);
    if (this.#tls && !session) return;
    const { outboxBytes, requestMs } = this.options.limits;
    const http = counted.http = new HttpConnection(this.#host, counted.from);
    const options = { outboxBytes, separateWrites: false, lingerMs: requestMs };
    const connection = new Connection(session?.conn ?? conn, http, options);
    http.attach(connection);
    const gone = connection.finished.then(() => session?.finish()).then(() => {
      this.#connections.delete(http);
      http.gone();
    });
    this.#connections.set(http, gone);
    await gone;
  }

  /** The site counts it from now on. */
  #upgraded(connection: HttpConnection): void {
    for (const counted of this.#counted) if (counted.http === connection) return counted.release();
  }

  // Requests.

  async #answer(
    decoded: DecodedRequest,
    from: Address,
    signal: AbortSignal,
    streamed: RequestBody | undefined,
  ): Promise<AnsweredRequest> {
    const { method, headers, body } = decoded;
    const offered = headers.get("sec-websocket-protocol")?.split(",").map((each) => each.trim()) ?? [];
    const protocol = offered.includes(PAGE_PROTOCOL) ? PAGE_PROTOCOL : undefined;
    const handshake = { key: headers.get("sec-websocket-key") ?? "", protocol };
    const url = this.#url(decoded);
    // The URL contains the host name that the client has sent.
    if (!url) return { answer: plainText("The host name of the request is invalid.", 400), handshake };
    if (!METHODS.includes(method)) return { answer: plainText(`${method} is not supported.`, 501), handshake };
    // Only HTTP/1.1 has upgrades.
    if (!decoded.isModern) headers.delete("upgrade");
    const hasBody = method !== "GET" && method !== "HEAD" && body.length > 0;
    const request = new Request(url, { method, headers, signal, ...(hasBody ? { body } : {}) });
    try {
      const answer = this.#refusal(request) ?? await this.site.answer(request, from, streamed);
      if (answer instanceof Response) withSecurityHeaders(answer, request);
      else if (answer.type === "download") withSecurityHeaders(answer.head, request);
      return { answer, handshake };
    } catch (error) {
      log.error(`internal error, ${method} ${new URL(url).pathname}: ${stackOf(error)}`);
      const answer = plainText("Internal server error; the log has the details.", 500);
      return { answer: withSecurityHeaders(answer, request), handshake };
    }
  }

  #url({ target, headers }: DecodedRequest): string | undefined {
    const { hostname, port } = this.address;
    const host = headers.get("host") ?? `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
    const scheme = this.#tls ? "https" : "http";
    // A proxy's form of a request names the host in its target.
    const url = /^https?:\/\//i.test(target) ? target : `${scheme}://${host}${target}`;
    const isPath = target.startsWith("/") || url === target;
    if (!isPath || !/^[^/?#@\\]+$/.test(host) || !URL.canParse(url)) return undefined;
    return url;
  }

  #refusal(request: Request): Response | undefined {
    const { hostname } = new URL(request.url);
    if (!isAllowedHost(hostname, this.options.names)) {
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

import type { Address } from "../core/address.ts";
import type { Ending, Transport, TransportOwner } from "../core/transport.ts";
import { BODY_BYTES, type DecodedRequest, HEAD_BYTES, RequestDecoder } from "./request_decoder.ts";
import { encodeResponse, type Handshake, plainText, switchingProtocols } from "./responses.ts";
import type { Upgrade } from "./site.ts";
import { WebSocketTransport } from "./websocket.ts";

const LINGER_MS = 1000;

/** The server of a connection. */
export interface HttpHost {
  readonly requestMs: number;
  readonly keepAliveMs: number;
  /** Longest message of a WebSocket's peer. */
  readonly messageBytes: number;
  now(): number;
  /** Answers a request; never rejects. `signal` is aborted when the client leaves. */
  answer(request: DecodedRequest, from: Address, signal: AbortSignal): Promise<AnsweredRequest>;
  /** A connection has become a WebSocket. */
  upgraded(connection: HttpConnection): void;
}

/** A request as the site has seen it, and its answer. */
export interface AnsweredRequest {
  readonly answer: Response | Upgrade;
  readonly handshake: Handshake;
}

/**
 * One HTTP/1.1 connection: one request after the other, and then perhaps a WebSocket.
 *
 * 1. A request that has not arrived within `requestMs` ends it, and so does a peer that reads nothing for as long.
 * 2. It holds one request, and what was sent at once after it.
 */
export class HttpConnection implements TransportOwner {
  readonly #decoder = new RequestDecoder();
  #transport: Transport | undefined;
  #state: "waiting" | "answering" | "upgraded" | "over" = "waiting";
  /** Since when there is no request. */
  #waitingSince: number;
  /** When the present request has to be here. */
  #deadline: number;
  #leaving: AbortController | undefined;
  #socket: WebSocketTransport | undefined;
  #upgrade: Upgrade | undefined;
  /** Since when it is over, and everything was sent. */
  #overSince: number | undefined;
  /** Output that waited at `#stalledSince`. */
  #stalledBytes = 0;
  #stalledSince: number;

  constructor(readonly host: HttpHost, readonly from: Address) {
    this.#waitingSince = this.#stalledSince = host.now();
    this.#deadline = this.#waitingSince + host.requestMs;
  }

  /** Since when it has been without a request, also while it is closed; undefined while it has one, or is a WebSocket. */
  get waitingSince(): number | undefined {
    return this.#state === "waiting" || this.#state === "over" ? this.#waitingSince : undefined;
  }

  get isUpgraded(): boolean {
    return this.#state === "upgraded";
  }

  /** The transport below; called once, before anything arrives. */
  attach(transport: Transport): void {
    this.#transport = transport;
  }

  tick(now: number): void {
    if (this.#isOver) return this.#endSoon(now);
    if (this.#isStalled(now)) return this.abort();
    if (this.#socket) return this.#socket.tick(now);
    if (this.#state !== "waiting" || now < this.#deadline) return;
    if (this.#decoder.waitingBytes > 0) return this.#close(plainText("The request did not arrive in time.", 408));
    this.#end();
    this.#transport!.close("");
  }

  /** Ends it at once. */
  abort(): void {
    if (this.#socket) return this.#socket.abort();
    this.#end();
    this.#transport!.abort();
  }

  /** The connection is gone. */
  gone(): void {
    this.#end();
    this.#upgrade?.gone?.();
    this.#upgrade = undefined;
  }

  // The transport below.

  receive(bytes: Uint8Array): void {
    if (this.#socket) return this.#socket.receive(bytes);
    if (this.#state === "over") return;
    // A connection that was kept open has a new request.
    if (this.#state === "waiting" && this.#decoder.waitingBytes === 0) {
      this.#deadline = Math.min(this.#deadline, this.host.now() + this.host.requestMs);
    }
    this.#decoder.push(bytes);
    if (this.#state === "waiting") this.#next();
  }

  /** Also reads while a request is answered, so that it notices when the client leaves. */
  hungry(): boolean {
    return this.#socket ? this.#socket.hungry() : this.#decoder.waitingBytes <= HEAD_BYTES + BODY_BYTES;
  }

  closed(ending: Ending): void {
    if (this.#socket) return this.#socket.closed(ending);
    this.#leaving?.abort();
    // A client may close its side after its request, and still read.
    if (this.#state === "answering" && ending === "finished") return;
    this.#end();
    this.#transport!.close("");
  }

  failed(why: string): void {
    if (this.#socket) return this.#socket.failed(why);
    this.abort();
  }

  #next(): void {
    const request = this.#decoder.next();
    if (!request) return;
    if (request.type === "bad") return this.#close(plainText(request.why, request.status));
    this.#state = "answering";
    void this.#answer(request);
  }

  async #answer(request: DecodedRequest): Promise<void> {
    const leaving = this.#leaving = new AbortController();
    const { answer, handshake } = await this.host.answer(request, this.from, leaving.signal);
    if (this.#state !== "answering") {
      if ("type" in answer && answer.type === "upgrade") answer.gone?.();
      return;
    }
    if (!(answer instanceof Response)) return this.#becomeSocket(answer, handshake);
    const stays = request.isModern && !leaving.signal.aborted &&
      !/\bclose\b/i.test(request.headers.get("connection") ?? "");
    const bytes = await encodeResponse(answer, request.method, stays);
    if (this.#state !== "answering") return;
    this.#transport!.write(bytes);
    if (!stays) {
      this.#end();
      return this.#transport!.close("");
    }
    this.#state = "waiting";
    this.#waitingSince = this.host.now();
    this.#deadline = this.#waitingSince +
      (this.#decoder.waitingBytes > 0 ? this.host.requestMs : this.host.keepAliveMs);
    this.#next();
    this.#transport!.resume();
  }

  #becomeSocket(upgrade: Upgrade, handshake: Handshake): void {
    this.#state = "upgraded";
    this.#upgrade = upgrade;
    this.#transport!.write(switchingProtocols(handshake));
    this.#transport!.gather?.();
    this.host.upgraded(this);
    upgrade.open((owner) => {
      const { messageBytes, now } = this.host;
      return this.#socket = new WebSocketTransport(this.#transport!, owner, messageBytes, now);
    });
    const rest = this.#decoder.takeRest();
    if (rest.length > 0) this.#socket?.receive(rest);
    this.#transport!.resume();
  }

  get #isOver(): boolean {
    return this.#socket ? !this.#socket.isOpen : this.#state === "over";
  }

  /** A peer that has read the last output has one second to close its side. */
  #endSoon(now: number): void {
    if (this.#transport!.waitingBytes > 0) return;
    this.#overSince ??= now;
    if (now >= this.#overSince + LINGER_MS) this.#transport!.abort();
  }

  /** Whether the peer has read nothing for too long. */
  #isStalled(now: number): boolean {
    const waiting = this.#transport!.waitingBytes;
    // A chat has a bound of its own: what may wait for it.
    if (waiting === 0 || waiting < this.#stalledBytes || this.#socket) this.#stalledSince = now;
    this.#stalledBytes = waiting;
    return now >= this.#stalledSince + this.host.requestMs;
  }

  /** Answers, and reads no further request. */
  #close(response: Response): void {
    this.#end();
    const transport = this.#transport!;
    void encodeResponse(response, "GET", false).then((bytes) => {
      transport.write(bytes);
      transport.close("");
    });
  }

  #end(): void {
    this.#state = "over";
    this.#leaving?.abort();
  }
}

import type { Address } from "../core/address.ts";
import type { Ending, Transport, TransportOwner } from "../core/transport.ts";
import { BODY_BYTES, type DecodedRequest, HEAD_BYTES, RequestDecoder } from "./request_decoder.ts";
import { RequestBody } from "./request_body.ts";
import { CONTINUE, encodeHead, encodeResponse, type Handshake, plainText, switchingProtocols } from "./responses.ts";
import type { Answer, Download, Upgrade } from "./site.ts";
import { WebSocketTransport } from "./websocket.ts";

const LINGER_MS = 1000;
/** Bytes of a streamed body that wait to be taken. */
const BODY_WAITING_BYTES = 256 * 1024;
/** The longest rest of a body that was not wanted which is read for the answer's sake: two pieces of an upload. */
const UNWANTED_BYTES = 8 * 1024 * 1024;
/** Bytes of a download that are read at once, and that may wait while the next are read: a socket takes no more. */
const DOWNLOAD_BYTES = 256 * 1024;

/** The server of a connection. */
export interface HttpHost {
  readonly requestMs: number;
  readonly keepAliveMs: number;
  /** Longest message of a WebSocket's peer. */
  readonly messageBytes: number;
  /** Output that may wait for one peer. */
  readonly outboxBytes: number;
  now(): number;
  /** The longest body of such a request that is streamed. */
  streamedBytes(method: string, target: string): number;
  /** Answers a request; never rejects. `signal` is aborted when the client leaves. */
  answer(
    request: DecodedRequest,
    from: Address,
    signal: AbortSignal,
    body: RequestBody | undefined,
  ): Promise<AnsweredRequest>;
  /** A connection has become a WebSocket. */
  upgraded(connection: HttpConnection): void;
}

/** A request as the site has seen it, and its answer. */
export interface AnsweredRequest {
  readonly answer: Answer;
  readonly handshake: Handshake;
}

/**
 * One HTTP/1.1 connection: one request after the other, and then perhaps a WebSocket.
 *
 * 1. A request that has not arrived within `requestMs` ends it, and so does a peer that reads nothing for as long.
 * 2. It holds one request, and what was sent at once after it.
 * 3. A body or a response that is streamed moves on within `requestMs` again and again, or the connection ends.
 * 4. The short rest of a body that was not wanted is read before the answer is sent: a client that is still sending would
 *    see a reset instead of the answer.
 */
export class HttpConnection implements TransportOwner {
  readonly #decoder: RequestDecoder;
  /** The body of the present request, if it is streamed. */
  #body: RequestBody | undefined;
  /** When something of it has come last. */
  #bodyAt = 0;
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
    this.#decoder = new RequestDecoder((...request) => host.streamedBytes(...request));
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

  /** Whether its time was over, and it ends. */
  tick(now: number): boolean {
    const bodyIsLate = this.#body?.isWaiting && now >= this.#bodyAt + this.host.requestMs;
    if (this.#isOver) this.#endSoon(now);
    else if (this.#isStalled(now)) this.abort();
    else if (this.#socket) this.#socket.tick(now);
    else if (bodyIsLate) this.abort();
    else if (this.#state !== "waiting" || now < this.#deadline) return false;
    else if (this.#decoder.waitingBytes > 0) this.#close(plainText("The request did not arrive in time.", 408));
    else {
      this.#end();
      this.#transport!.close("");
    }
    return this.#state === "over";
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
    this.#bodyAt = this.host.now();
    this.#body?.push();
    if (this.#state === "waiting") this.#next();
  }

  /** Also reads while a request is answered, so that it notices when the client leaves. */
  hungry(): boolean {
    if (this.#socket) return this.#socket.hungry();
    return this.#decoder.waitingBytes <= (this.#decoder.bodyLeft > 0 ? BODY_WAITING_BYTES : HEAD_BYTES + BODY_BYTES);
  }

  closed(ending: Ending): void {
    if (this.#socket) return this.#socket.closed(ending);
    this.#leaving?.abort();
    this.#body?.end("the client has left");
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
    const body = this.#body = this.#bodyOf(request);
    const { answer, handshake } = await this.host.answer(request, this.from, leaving.signal, body);
    if (answer instanceof Response) await body?.skip(UNWANTED_BYTES);
    this.#body = undefined;
    if (this.#state !== "answering") {
      if (!(answer instanceof Response)) answer.type === "upgrade" ? answer.gone?.() : answer.close();
      return;
    }
    if (!(answer instanceof Response) && answer.type === "upgrade") return this.#becomeSocket(answer, handshake);
    const stays = request.isModern && !leaving.signal.aborted && this.#decoder.bodyLeft === 0 &&
      !/\bclose\b/i.test(request.headers.get("connection") ?? "");
    if (answer instanceof Response) {
      const bytes = await encodeResponse(answer, request.method, stays);
      if (this.#state !== "answering") return;
      this.#transport!.write(bytes);
    } else if (!await this.#download(answer, request.method, stays)) return;
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

  #bodyOf({ streamedBytes, headers }: DecodedRequest): RequestBody | undefined {
    if (streamedBytes === 0) return undefined;
    this.#bodyAt = this.host.now();
    const isAsked = /^100-continue$/i.test(headers.get("expect") ?? "");
    return new RequestBody(
      this.#decoder,
      streamedBytes,
      isAsked ? () => this.#transport!.write(CONTINUE) : undefined,
      () => this.#transport!.resume(),
    );
  }

  /** Sends a download; whether all of it was written. If not, the connection is over. */
  async #download(download: Download, method: string, stays: boolean): Promise<boolean> {
    const transport = this.#transport!;
    const most = Math.min(DOWNLOAD_BYTES, Math.floor(this.host.outboxBytes / 4), download.bytes);
    try {
      transport.write(encodeHead(download.head, download.bytes, stays));
      if (method === "HEAD") return true;
      // Two arrays in turn: with a new one for each part, whose memory the kernel gives page by page, it took half as long again.
      let [part, other] = [new Uint8Array(most), new Uint8Array(most)];
      for (let left = download.bytes; left > 0;) {
        const count = await download.read(part.subarray(0, left));
        if (this.#state !== "answering") return false;
        if (count === undefined) throw new RangeError("the file has become shorter");
        transport.write(part.subarray(0, count));
        [part, other] = [other, part];
        left -= count;
        // The other one is read into again when all of it is written.
        while (transport.waitingBytes > count) {
          await transport.written!();
          this.#stalledSince = this.host.now();
        }
        if (this.#state !== "answering") return false;
      }
      return true;
    } catch {
      // The client sees that the response is too short.
      this.abort();
      return false;
    } finally {
      download.close();
    }
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
    this.#body?.end("the connection has ended");
  }
}

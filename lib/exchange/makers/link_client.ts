import { type Address, formatAddress } from "../../core/address.ts";
import { concat, decodeBase64, encodeBase64, timingSafeEqual } from "../../core/bytes.ts";
import { Fault } from "../../core/errors.ts";
import { readIdentifier, readText } from "../../core/json_fields.ts";
import { EXCHANGE_ANSWER_MS, EXCHANGE_IDLE_MS } from "../../core/limits.ts";
import { Heartbeat } from "../../core/liveness.ts";
import { decodeLossy } from "../../core/text.ts";
import type { TransportOwner } from "../../core/transport.ts";
import { clock } from "../../net/clock.ts";
import { connect, startTls } from "../../net/dial.ts";
import { Connection } from "../../net/tcp.ts";
import { pem, SERVER_NAME } from "../../store/certificate.ts";
import { freshNonce } from "../../store/proofs.ts";
import type { ExchangeCommand, ExchangeEvent, ExchangePort, ServerId } from "../exchange.ts";
import { decodeEvent, encodeCommand, encodeFrame, FrameDecoder, type LinkFrame } from "./link_frames.ts";
import { GREETING, linkProof } from "./link_proof.ts";
import { LINK_CONNECTION, LINK_TICK_MS } from "./link_server.ts";
import { type ExchangeSession, ReconnectingExchange } from "./reconnecting.ts";

/** A certificate of ours has some 800 characters. */
const GREETING_BYTES = 8192;
const LF = 10;

/** An exchange at the server that keeps the log. */
export function linkExchange(self: ServerId, keeper: Address, secret: string): ExchangePort {
  return new ReconnectingExchange(async () => {
    const tcp = await connect(keeper.hostname, keeper.port, EXCHANGE_ANSWER_MS);
    const certificate = await readGreeting(tcp, keeper);
    const host = keeper.hostname;
    const tls = await startTls(tcp, {
      host,
      serverName: SERVER_NAME,
      trusted: certificate,
      withinMs: EXCHANGE_ANSWER_MS,
    });
    const session = new LinkSession(self, certificate, secret, formatAddress(keeper));
    return await session.open(new Connection(tls, session, LINK_CONNECTION));
  });
}

/** The keeper's certificate, in PEM. That it is the keeper's is shown by the proofs, which both sign it. */
async function readGreeting(tcp: Deno.TcpConn, keeper: Address): Promise<string> {
  const timer = setTimeout(() => tcp.close(), EXCHANGE_ANSWER_MS);
  try {
    let read: Uint8Array<ArrayBufferLike> = new Uint8Array();
    const buffer = new Uint8Array(GREETING_BYTES);
    while (!read.includes(LF) && read.length < GREETING_BYTES) {
      const count = await tcp.read(buffer);
      if (count === null) break;
      read = concat([read, buffer.subarray(0, count)]);
    }
    const line = decodeLossy(read);
    const der = line.startsWith(GREETING) ? decodeBase64(line.slice(GREETING.length).trim()) : undefined;
    if (der) return pem(der);
  } catch {
    /* the timer has closed the connection, or the peer has */
  } finally {
    clearTimeout(timer);
  }
  try {
    tcp.close();
  } catch { /* it is closed already */ }
  throw new Error(`${formatAddress(keeper)} keeps no log for a link`);
}

class LinkSession implements ExchangeSession, TransportOwner {
  connected!: Extract<ExchangeEvent, { type: "connected" }>;
  readonly #decoder = new FrameDecoder();
  readonly #heartbeat = new Heartbeat(EXCHANGE_IDLE_MS);
  readonly #nonce = freshNonce();
  readonly #opened = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<string>();
  #connection: Connection | undefined;
  /** What the keeper must prove. */
  #expected: Uint8Array | undefined;
  #isProved = false;
  #tell: ((event: ExchangeEvent) => void) | undefined;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #isEnded = false;

  constructor(
    readonly self: ServerId,
    readonly certificate: string,
    readonly secret: string,
    readonly keeper: string,
  ) {}

  get ended(): Promise<string> {
    return this.#ended.promise;
  }

  /** Resolves when the keeper has let this server in. */
  async open(connection: Connection): Promise<LinkSession> {
    this.#connection = connection;
    const began = clock();
    this.#heartbeat.heard(began);
    this.#ticking = setInterval(() => {
      if (!this.connected && clock() - began > EXCHANGE_ANSWER_MS) return this.end("it does not answer the login");
      const due = this.#heartbeat.due(clock());
      if (due === "ping") connection.write(encodeFrame({ type: "ping" }));
      else if (due === "gone") this.end("it does not answer any more");
    }, LINK_TICK_MS);
    connection.write(encodeFrame({ type: "hello", server: this.self, nonce: this.#nonce }));
    try {
      await this.#opened.promise;
    } catch (error) {
      await connection.finished;
      throw error;
    }
    return this;
  }

  start(tell: (event: ExchangeEvent) => void): void {
    this.#tell = tell;
    this.#read();
  }

  execute(command: ExchangeCommand): void {
    if (!this.#isEnded) this.#connection!.write(encodeCommand(command));
  }

  end(why: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearInterval(this.#ticking);
    this.#opened.reject(new Error(`${this.keeper}: ${why}`));
    this.#ended.resolve(why);
    this.#connection!.close();
  }

  async close(): Promise<void> {
    this.end("closed");
    await this.#connection!.finished;
  }

  receive(bytes: Uint8Array): void {
    this.#heartbeat.heard(clock());
    this.#decoder.push(bytes);
    this.#read();
  }

  hungry(): boolean {
    return true;
  }

  closed(): void {
    this.end("it has closed the connection");
  }

  failed(why: string): void {
    this.end(why);
  }

  /** Before `start`, what comes after the login waits. */
  #read(): void {
    while (!this.#isEnded && (this.#tell || !this.connected)) {
      const frame = this.#decoder.next();
      if (!frame) return;
      const fault = frame instanceof Fault ? frame : this.#frame(frame);
      if (fault) this.end(fault.message);
    }
  }

  #frame(frame: LinkFrame): Fault | undefined {
    const { type } = frame.head;
    if (type === "pong") return undefined;
    if (type === "ping") return void this.#connection!.write(encodeFrame({ type: "pong" }));
    if (!this.#isProved) return this.#logIn(frame.head);
    const event = decodeEvent(frame);
    if (event instanceof Fault) return event;
    if (this.#tell) return void this.#tell(event);
    if (event.type !== "connected") return new Fault("malformed", `found ${event.type} at the beginning`);
    this.connected = event;
    this.#opened.resolve();
  }

  #logIn(head: LinkFrame["head"]): Fault | undefined {
    try {
      if (head.type === "denied") {
        return new Fault("malformed", `it does not let this server in: ${readText(head, "why")}`);
      }
      if (head.type === "challenge") {
        const nonces = [this.#nonce, readIdentifier(head, "nonce")] as const;
        const { client, server } = linkProof(this.secret, { certificate: this.certificate, server: this.self, nonces });
        this.#expected = server;
        return void this.#connection!.write(encodeFrame({ type: "proof", proof: encodeBase64(client) }));
      }
      const proof = decodeBase64(readIdentifier(head, "proof"));
      if (!proof || !this.#expected || !timingSafeEqual(proof, this.#expected)) {
        return new Fault("malformed", "it does not know the secret");
      }
      this.#isProved = true;
    } catch (error) {
      if (error instanceof Fault) return error;
      throw error;
    }
  }
}

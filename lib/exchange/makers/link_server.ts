import { formatAddress } from "../../core/address.ts";
import { decodeBase64, encodeBase64, timingSafeEqual } from "../../core/bytes.ts";
import { Fault } from "../../core/errors.ts";
import { readIdentifier } from "../../core/json_fields.ts";
import {
  EXCHANGE_ANSWER_MS,
  EXCHANGE_BYTES,
  EXCHANGE_IDLE_MS,
  EXCHANGE_OUTBOX_BYTES,
  EXCHANGE_WAITING_BYTES,
  LINK_CONNECTIONS,
} from "../../core/limits.ts";
import { ConnectionLimiter } from "../../core/limiters.ts";
import { Heartbeat } from "../../core/liveness.ts";
import { log } from "../../core/log.ts";
import { encodeText } from "../../core/text.ts";
import type { TransportOwner } from "../../core/transport.ts";
import { clock } from "../../net/clock.ts";
import { ListeningSocket } from "../../net/listening_socket.ts";
import { RefusalLog } from "../../net/refusal_log.ts";
import { Connection } from "../../net/tcp.ts";
import { TlsTerminator } from "../../net/tls_terminator.ts";
import { derOf, type KeyedCertificate } from "../../store/certificate.ts";
import { freshNonce, type PasswordProof } from "../../store/proofs.ts";
import { decodeCommand, encodeEvent, encodeFrame, FrameDecoder, type LinkFrame } from "./link_frames.ts";
import { type LinkLog, LinkMember } from "./link_log.ts";
import { GREETING, linkProof } from "./link_proof.ts";

/** How a link's connections are opened, on both sides. */
export const LINK_CONNECTION = { outboxBytes: EXCHANGE_OUTBOX_BYTES, separateWrites: false, lingerMs: 1000 } as const;
/** How often the two ends check for silence. */
export const LINK_TICK_MS = 1000;

/** What the server that keeps the log needs. */
export interface LinkServerOptions {
  readonly where: { readonly hostname: string; readonly port: number };
  readonly certificate: KeyedCertificate;
  readonly secret: string;
}

/** The port at which other servers reach the log that this one keeps. It is open when the constructor returns. */
export class LinkServer {
  readonly #socket: ListeningSocket;
  readonly #tls: TlsTerminator;
  readonly #greeting: Uint8Array;
  readonly #sessions = new Set<KeeperSession>();
  readonly #connections = new Set<Promise<void>>();
  readonly #limiter = new ConnectionLimiter(LINK_CONNECTIONS);
  readonly #refusals = new RefusalLog("link");

  constructor(readonly options: LinkServerOptions, readonly linkLog: LinkLog) {
    this.#tls = new TlsTerminator(options.certificate, EXCHANGE_ANSWER_MS);
    this.#greeting = encodeText(`${GREETING}${encodeBase64(derOf(options.certificate.cert))}\n`);
    this.#socket = new ListeningSocket(options.where, { accepted: (conn) => this.#accept(conn) });
  }

  get address(): { hostname: string; port: number } {
    return this.#socket.address;
  }

  async close(): Promise<void> {
    this.#socket.close();
    this.#tls.close();
    this.#refusals.close();
    for (const session of this.#sessions) session.end("this server stops");
    await Promise.all(this.#connections);
  }

  #accept(conn: Deno.TcpConn): void {
    const { hostname, port } = conn.remoteAddr;
    const refused = this.#limiter.take(hostname);
    if (refused) {
      this.#refusals.refused({ hostname, port }, refused.refusal);
      return conn.close();
    }
    const served = this.#serve(conn).catch((error) => log.debug(() => `link: ${error}`)).finally(() => {
      this.#connections.delete(served);
      this.#limiter.release(hostname);
    });
    this.#connections.add(served);
  }

  async #serve(conn: Deno.TcpConn): Promise<void> {
    const { remoteAddr } = conn;
    const peer = formatAddress(remoteAddr);
    await writeGreeting(conn, this.#greeting);
    const tls = await this.#tls.open(conn);
    if (!tls) return log.debug(() => `link: ${peer} has not completed a handshake`);
    const session = new KeeperSession(
      this.linkLog,
      this.options,
      peer,
      (why) => this.#refusals.refused(remoteAddr, why),
    );
    this.#sessions.add(session);
    const connection = new Connection(tls.conn, session, LINK_CONNECTION);
    session.open(connection);
    await connection.finished;
    session.end("its connection is closed");
    this.#sessions.delete(session);
    await tls.finish();
  }
}

async function writeGreeting(conn: Deno.TcpConn, greeting: Uint8Array): Promise<void> {
  try {
    for (let rest = greeting; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
  } catch (error) {
    conn.close();
    throw error;
  }
}

/** The keeper's side of one connection: a login, then commands and what they lead to. */
class KeeperSession implements TransportOwner {
  /** A login has no bodies. */
  readonly #decoder = new FrameDecoder(0);
  readonly #heartbeat = new Heartbeat(EXCHANGE_IDLE_MS);
  readonly #nonce = freshNonce();
  #connection: Connection | undefined;
  /** The server that logs in, and the proofs that its login takes. */
  #login: { readonly server: string; readonly proofs: PasswordProof } | undefined;
  #member: LinkMember | undefined;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #isFeeding = false;
  #isEnded = false;

  constructor(
    readonly linkLog: LinkLog,
    readonly options: LinkServerOptions,
    readonly peer: string,
    /** Called when it ends without a login. */
    readonly refused: (why: string) => void,
  ) {}

  open(connection: Connection): void {
    this.#connection = connection;
    const began = clock();
    this.#heartbeat.heard(began);
    this.#ticking = setInterval(() => {
      if (!this.#member && clock() - began > EXCHANGE_ANSWER_MS) return this.end("it has not logged in");
      const due = this.#heartbeat.due(clock());
      if (due === "ping") connection.write(encodeFrame({ type: "ping" }));
      else if (due === "gone") this.end("it does not answer any more");
    }, LINK_TICK_MS);
  }

  receive(bytes: Uint8Array): void {
    this.#heartbeat.heard(clock());
    this.#decoder.push(bytes);
    for (let frame = this.#decoder.next(); frame && !this.#isEnded; frame = this.#decoder.next()) {
      const fault = frame instanceof Fault ? frame : this.#frame(frame);
      if (fault) this.end(fault.message);
    }
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

  end(why: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearInterval(this.#ticking);
    if (this.#member) log.info(`link: ${this.#member.server} at ${this.peer} has left: ${why}`);
    else this.refused(why);
    this.#member?.leave();
    this.#connection?.close();
  }

  #frame(frame: LinkFrame): Fault | undefined {
    const { head } = frame;
    if (head.type === "pong") return undefined;
    if (head.type === "ping") return void this.#connection!.write(encodeFrame({ type: "pong" }));
    if (!this.#member) return this.#logIn(head);
    const command = decodeCommand(frame);
    if (command instanceof Fault) return command;
    this.#member.execute(command);
  }

  #logIn(head: LinkFrame["head"]): Fault | undefined {
    try {
      if (!this.#login) {
        const [server, nonce] = [readIdentifier(head, "server"), readIdentifier(head, "nonce")];
        const { certificate: { cert: certificate }, secret } = this.options;
        this.#login = { server, proofs: linkProof(secret, { certificate, server, nonces: [nonce, this.#nonce] }) };
        return void this.#connection!.write(encodeFrame({ type: "challenge", nonce: this.#nonce }));
      }
      const proof = decodeBase64(readIdentifier(head, "proof"));
      const { server, proofs } = this.#login;
      if (!proof || !timingSafeEqual(proof, proofs.client)) {
        this.#connection!.write(encodeFrame({ type: "denied", why: "it has another secret" }));
        return new Fault("malformed", "it has another secret");
      }
      this.#join(server, proofs.server);
    } catch (error) {
      if (error instanceof Fault) return error;
      throw error;
    }
  }

  #join(server: string, proof: Uint8Array): void {
    this.#decoder.mostBody = EXCHANGE_BYTES;
    const { epoch, first, last } = this.linkLog;
    this.#connection!.write(encodeFrame({ type: "welcome", proof: encodeBase64(proof) }));
    this.#connection!.write(encodeEvent({ type: "connected", epoch, first, last }));
    this.#member = new LinkMember(this.linkLog, server, () => this.#feed());
    log.info(`link: ${server} at ${this.peer} has joined`);
  }

  /** Writes events for the member, at the end of this turn, until the connection has enough to write. */
  async #feed(): Promise<void> {
    if (this.#isFeeding) return;
    this.#isFeeding = true;
    await undefined;
    while (!this.#isEnded) {
      if (this.#connection!.waitingBytes > EXCHANGE_WAITING_BYTES) {
        await this.#connection!.written();
        continue;
      }
      const event = this.#member!.next();
      if (!event) break;
      this.#connection!.write(encodeEvent(event));
    }
    this.#isFeeding = false;
  }
}

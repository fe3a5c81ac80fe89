import { decodeWire, encodeWire } from "../../core/wire_text.ts";
import { WireTrace } from "../../core/wire_trace.ts";
import { connect } from "../../net/dial.ts";
import { ListeningSocket } from "../../net/listening_socket.ts";
import type { Traced } from "../replay/record.ts";

const HOST = "127.0.0.1";
const DIAL_AGAIN_MS = 40;
const CONNECT_MS = 5000;
const LINKS = ["La", "Lb"];
const LB = 1;
type Conn = Deno.TcpConn | Deno.TlsConn;

/**
 * Stands between the clients and the server of a pair, and records both of their connections: a client that announces a port is
 * given one of the relay's, which passes the server's connection on. It reads no more than the other side has taken.
 */
export class Relay {
  readonly #conns = new Set<Conn>();
  readonly #sockets: ListeningSocket[] = [];
  readonly #sessions: Session[] = [];
  #isOver = false;
  readonly port: number;

  constructor(readonly server: number, readonly record: (record: Traced) => void) {
    this.port = this.#listen((client) => this.#relay(client));
  }

  /** Ends all connections; what has no line end by now is recorded as it is. */
  close(): void {
    this.#isOver = true;
    for (const session of this.#sessions) {
      for (const link of LINKS.keys()) for (const isUp of [true, false]) session.closed(link, isUp);
    }
    for (const socket of this.#sockets) socket.close();
    for (const conn of this.#conns) close(conn);
  }

  #listen(accepted: (conn: Conn) => void): number {
    const socket = new ListeningSocket({ hostname: HOST, port: 0 }, { accepted });
    this.#sockets.push(socket);
    return socket.address.port;
  }

  async #relay(client: Conn): Promise<void> {
    const session = new Session(this.#sessions.length + 1, this.record);
    this.#sessions.push(session);
    const server = await this.#dial(this.server);
    this.#join(client, server, 0, session, (bytes) => this.#announcing(bytes, session));
  }

  /** Passes on what both sides of a connection say. */
  #join(
    client: Conn,
    server: Conn | undefined,
    link: number,
    session: Session,
    up = (bytes: Uint8Array) => bytes,
  ): void {
    if (server === undefined) return close(client);
    this.#conns.add(client).add(server);
    const pump = async (from: Conn, to: Conn, isUp: boolean) => {
      try {
        const buffer = new Uint8Array(64 * 1024);
        for (let size = await from.read(buffer); size !== null; size = await from.read(buffer)) {
          const bytes = buffer.slice(0, size);
          session.passed(link, isUp, bytes);
          let rest = isUp ? up(bytes) : bytes;
          while (rest.length > 0) rest = rest.subarray(await to.write(rest));
        }
        session.closed(link, isUp);
        await to.closeWrite();
      } catch { // One of them is gone; the other is told.
        close(from);
        close(to);
      }
    };
    pump(client, server, true);
    pump(server, client, false);
  }

  /** Bytes of La; a port that they announce becomes one of the relay. */
  #announcing(bytes: Uint8Array, session: Session): Uint8Array {
    const text = decodeWire(bytes);
    const changed = text.replace(/^(\/port +)(\d{1,5})(?!\d)/m, (whole, command, port) => {
      if (Number(port) < 1 || Number(port) > 65_535) return whole;
      const own = this.#listen(async (server) => {
        const client = await this.#dial(Number(port), 500);
        if (client === undefined) return close(server);
        this.#join(client, server, LB, session);
      });
      return `${command}${own}`;
    });
    return changed === text ? bytes : encodeWire(changed);
  }

  /** Connects; a program that was just started may not listen yet. */
  async #dial(port: number, forMs = Infinity): Promise<Conn | undefined> {
    const end = performance.now() + forMs;
    while (!this.#isOver) {
      try {
        return await connect(HOST, port, CONNECT_MS);
      } catch {
        if (performance.now() > end) return undefined;
        await new Promise((resolve) => setTimeout(resolve, DIAL_AGAIN_MS));
      }
    }
    return undefined;
  }
}

/** The trace of one client. */
class Session {
  readonly #up = new WireTrace(LINKS, "up", "lines", () => undefined);
  readonly #down = new WireTrace(LINKS, "down", "lines", () => undefined);

  constructor(readonly session: number, readonly record: (record: Traced) => void) {}

  passed(link: number, isUp: boolean, bytes: Uint8Array): void {
    this.#trace(isUp).received(link, bytes, performance.now());
    this.#take();
  }

  closed(link: number, isUp: boolean): void {
    this.#trace(isUp).closed(link);
    this.#take();
  }

  #trace(isUp: boolean): WireTrace {
    return isUp ? this.#up : this.#down;
  }

  #take(): void {
    for (const trace of [this.#up, this.#down]) {
      for (const { link, direction, text, remark } of trace.takeOutputs()) {
        this.record({
          time: Math.round(performance.now()),
          session: this.session,
          name: "",
          link,
          direction,
          text,
          remark,
        });
      }
    }
  }
}

function close(conn: Conn): void {
  try {
    conn.close();
  } catch { /* it is closed already */ }
}

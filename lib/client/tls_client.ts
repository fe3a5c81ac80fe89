import { formatAddress } from "../core/address.ts";
import { Fault } from "../core/errors.ts";
import { REPLY_BYTES } from "../core/limits.ts";
import { LineDecoder } from "../core/line_decoder.ts";
import { reason } from "../core/reason.ts";
import { decodeLossy, encodeText } from "../core/text.ts";
import { type NativeSide, type ProvingHooks, ReconnectingClient } from "./reconnecting_client.ts";
import { connect } from "../net/dial.ts";
import { Connection, type ConnectionOptions } from "../net/tcp.ts";

const OPTIONS: ConnectionOptions = { outboxBytes: 1024 * 1024, separateWrites: false, lingerMs: 1000 };
/** For the connection, and then for the server to say who it is. */
const CONNECT_MS = 10_000;
/** Of silence before the server is asked whether it is there; as long again without an answer, and it is not. */
const SILENCE_MS = 20_000;

/** A client of our own protocol over TLS. */
export class TlsClient<T extends NativeSide> extends ReconnectingClient<T> {
  /** `trusted` is a certificate to know the server by, besides those that this machine trusts. */
  constructor(
    readonly where: { host: string; port: number; trusted: string | undefined },
    hooks: ProvingHooks,
    native: T,
    readonly withinMs = CONNECT_MS,
  ) {
    super(hooks, () => this.#dial(hooks), native);
  }

  async #dial(hooks: ProvingHooks): Promise<void> {
    const { host, port } = this.where;
    try {
      this.#begin(await this.#secured(await connect(host, port, this.withinMs)), hooks);
    } catch (error) {
      this.down(`cannot connect to ${formatAddress({ hostname: host, port })} over TLS: ${reason(error)}`);
    }
  }

  /** Whether it is whom it should be is said by its first bytes, or by this; what accepts and says nothing is nobody. */
  async #secured(tcp: Deno.TcpConn): Promise<Deno.TlsConn> {
    const { host, trusted } = this.where;
    const conn = await Deno.startTls(tcp, { hostname: host, ...(trusted === undefined ? {} : { caCerts: [trusted] }) });
    let late = false;
    const timer = setTimeout(() => (late = true, conn.close()), this.withinMs);
    try {
      await conn.handshake();
      return conn;
    } catch (error) {
      if (late) {
        throw new Deno.errors.TimedOut(`it has not said who it is within ${this.withinMs} ms`, { cause: error });
      }
      conn.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #begin(conn: Deno.TlsConn, hooks: ProvingHooks): void {
    const lines = new LineDecoder(REPLY_BYTES, decodeLossy);
    let asked = false;
    let isOver = false;
    const over = (why: string) => {
      if (isOver) return;
      isOver = true;
      clearInterval(watching);
      stream.abort();
      this.down(why);
    };
    const watching = setInterval(() => {
      if (asked) return over(`no answer from the server for ${SILENCE_MS / 1000} s`);
      asked = true;
      this.use((native) => native.ping());
    }, SILENCE_MS);
    const stream = new Connection(conn, {
      receive: (bytes) => {
        asked = false;
        lines.push(bytes);
        for (let line = lines.next(); line !== undefined; line = lines.next()) {
          if (line instanceof Fault) return over(`the server sent what cannot be read: ${line.message}`);
          hooks.trace?.("down", line);
          this.received(line);
        }
        this.turn();
      },
      hungry: () => true,
      closed: (ending) => over(ending === "broken" ? "the connection is lost" : "the server closed the connection"),
      failed: () => over("the server does not read what is said to it"),
    }, OPTIONS);
    this.up({
      send: (json) => {
        hooks.trace?.("up", json);
        stream.write(encodeText(`${json}\n`));
      },
      close: () => {
        stream.close();
        stream.over.then(() => over("left"));
      },
    });
    hooks.connected();
  }
}

import { deadline } from "@std/async/deadline";
import {
  checkOptions,
  type ConnectionOptions,
  INFO,
  type Server,
  type ServerInfo,
  type Transport,
} from "@nats-io/nats-core/internal";
import { concat } from "../../core/bytes.ts";
import { EXCHANGE_ANSWER_MS, EXCHANGE_OUTBOX_BYTES } from "../../core/limits.ts";
import { decodeLossy } from "../../core/text.ts";
import { VERSION } from "../../core/version.ts";
import { connect, startTls } from "../../net/dial.ts";
import { Outbox } from "../../net/outbox.ts";

const READ_BYTES = 64 * 1024;
/** The first line of a NATS server, which says what it is: half a kilobyte, and an address for each server of its cluster. */
const INFO_BYTES = 64 * 1024;
const LF = 10;
/** How long the last bytes may take to leave. */
const LINGER_MS = 1000;

/**
 * Carries the NATS client's bytes over a connection of `lib/net`. The package's own transport for Node is of no use here: it
 * removes the listeners of a socket before the socket's last error, which then ends the process.
 *
 * 1. What is read is handed on before more is read. What is written is bounded: a server that does not read is left.
 */
export class NatsTransport implements Transport {
  readonly lang = "partyline";
  readonly version = VERSION;
  closeError?: Error;
  #conn: Deno.TcpConn | Deno.TlsConn | undefined;
  #outbox: Outbox | undefined;
  #info: Uint8Array = new Uint8Array();
  #isClosed = false;
  readonly #closed = Promise.withResolvers<void | Error>();

  get isClosed(): boolean {
    return this.#isClosed;
  }

  async connect({ hostname, port, tlsName }: Server, options: ConnectionOptions): Promise<void> {
    const tcp = await connect(hostname, port, EXCHANGE_ANSWER_MS);
    this.#conn = tcp;
    try {
      tcp.setNoDelay(true);
      this.#info = await readInfo(tcp);
      const info = parseInfo(this.#info);
      checkOptions(info, options);
      if (info.tls_required || (info.tls_available && options.tls)) {
        const target = { host: tlsName || hostname, trusted: options.tls?.ca, withinMs: EXCHANGE_ANSWER_MS };
        this.#conn = await startTls(tcp, target);
      }
    } catch (error) {
      this.#shut();
      throw error;
    }
    // The client may have given up in the meantime.
    if (this.#isClosed) return this.#shut();
    this.#outbox = new Outbox(this.#conn, EXCHANGE_OUTBOX_BYTES, false, (error) => this.#end(error));
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    yield this.#info;
    const buffer = new Uint8Array(READ_BYTES);
    try {
      for (;;) {
        const count = await this.#conn!.read(buffer);
        if (count === null) break;
        yield buffer.slice(0, count);
      }
      this.#end(undefined);
    } catch (error) {
      this.#end(error);
    }
  }

  isEncrypted(): boolean {
    return this.#conn !== undefined && "handshake" in this.#conn;
  }

  send(frame: Uint8Array): void {
    if (this.#outbox?.push(frame) === false) this.#end(new Error("the exchange does not read what it is sent"));
  }

  async close(error?: Error): Promise<void> {
    if (!error && this.#outbox) await deadline(this.#outbox.drained(), LINGER_MS).catch(() => {});
    this.#end(error);
  }

  disconnect(): void {
    this.#end(undefined);
  }

  discard(): void {
    this.#isClosed = true;
    this.#shut();
  }

  closed(): Promise<void | Error> {
    return this.#closed.promise;
  }

  #end(error: unknown): void {
    // The client is told of the end of a connection, and not of one that never came about: of that, `connect` has told.
    const wasOpen = this.#outbox !== undefined && !this.#isClosed;
    this.#isClosed = true;
    this.#shut();
    if (!wasOpen) return;
    if (error instanceof Error) this.closeError = error;
    this.#closed.resolve(this.closeError);
  }

  #shut(): void {
    this.#outbox?.close();
    try {
      this.#conn?.close();
    } catch { /* it is closed already */ }
  }
}

async function readInfo(conn: Deno.TcpConn): Promise<Uint8Array> {
  let read: Uint8Array<ArrayBufferLike> = new Uint8Array();
  const buffer = new Uint8Array(4096);
  while (!read.includes(LF)) {
    const count = await conn.read(buffer);
    if (count === null || read.length + count > INFO_BYTES) throw new NotNats();
    read = concat([read, buffer.subarray(0, count)]);
  }
  return read;
}

function parseInfo(read: Uint8Array): ServerInfo {
  const [, json] = INFO.exec(decodeLossy(read)) ?? [];
  try {
    return JSON.parse(json ?? "");
  } catch {
    throw new NotNats();
  }
}

/** The first line was not that of a NATS server. */
export class NotNats extends Error {}

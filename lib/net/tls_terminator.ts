import { setImmediate } from "node:timers";
import { delay } from "@std/async/delay";
import { ENDED_PER_TURN } from "../core/limits.ts";
import type { Certificate } from "../core/transport.ts";

/** Time for the last bytes of the session to reach the peer. */
const LINGER_MS = 1000;
const ACCEPT_RETRY_MS = 100;
const FIRST_BYTES = 512;
const MOST_BYTES = 16 * 1024;
/** The first byte of a TLS handshake. */
const HANDSHAKE_RECORD = 22;
/** A fatal alert, "unexpected message": a client that speaks no TLS learns from it that this port does. */
const ALERT = Uint8Array.of(21, 3, 3, 0, 2, 2, 10);

/** Created once: creating an error takes longer than everything else at the end of a connection. */
const INTERRUPTED = new Deno.errors.Interrupted();

/** A TLS connection of a peer, on its way through this process. */
export interface TlsSession {
  readonly conn: Deno.TlsConn;
  /** Closes the peer's socket once everything written has left, or after a short time; resolves when it is closed. */
  finish(): Promise<void>;
}

/**
 * Does the TLS of connections that were accepted as plain TCP: each is relayed to a TLS listener of our own on loopback.
 *
 * Closing a `TlsConn` before the end of its handshake leaves its socket open until the peer goes, and so does closing one whose
 * peer does not read. The peer's socket is plain here, so it can be closed at any time, and with it both ends of the relay.
 *
 * 1. A silent connection takes one descriptor; from its first bytes on, a connection takes three.
 * 2. A handshake that takes longer than `handshakeMs` ends the connection.
 */
export class TlsTerminator {
  /** Descriptors of one connection. */
  static readonly DESCRIPTORS = 3;
  readonly #inner: Deno.TlsListener;
  /** Relays that wait for their end of the inner connection, by the port that they have dialled from. */
  readonly #awaited = new Map<number, (conn: Deno.TlsConn) => void>();
  /** Inner connections that were accepted before their relay asked for them. */
  readonly #early = new Map<number, Deno.TlsConn>();
  readonly #handshakes = new Set<() => void>();
  /** Ends of handshakes whose time is over. */
  readonly #late: (() => void)[] = [];
  /** Whether handshakes have been ended in this turn. */
  #isEnding = false;
  #dialling = 0;
  #closed = false;

  constructor(certificate: Certificate, readonly handshakeMs: number) {
    this.#inner = Deno.listenTls({ hostname: "127.0.0.1", port: 0, ...certificate });
    this.#accept();
  }

  /** The session of an accepted connection after its handshake; undefined when there is none, and the connection is closed. */
  async open(outer: Deno.TcpConn): Promise<TlsSession | undefined> {
    const ended = Promise.withResolvers<never>();
    // Awaited only while the inner connection is made.
    ended.promise.catch(() => {});
    const open: Deno.Conn[] = [outer];
    const end = () => {
      for (const conn of open) close(conn);
      ended.reject(INTERRUPTED);
    };
    this.#handshakes.add(end);
    const timer = setTimeout(() => this.#endSoon(end), this.handshakeMs);
    try {
      outer.setNoDelay(true);
      const first = new Uint8Array(FIRST_BYTES);
      const count = await outer.read(first);
      if (count !== null && first[0] !== HANDSHAKE_RECORD) await writeAll(outer, ALERT);
      if (count === null || first[0] !== HANDSHAKE_RECORD) return void end();
      const [dialled, inside] = await this.#dial(open, ended.promise);
      await writeAll(dialled, first.subarray(0, count));
      const relayed = Promise.all([pump(outer, dialled), pump(dialled, outer)]).then(end);
      await inside.handshake();
      return {
        conn: inside,
        async finish() {
          const late = setTimeout(end, LINGER_MS);
          await relayed;
          clearTimeout(late);
        },
      };
    } catch {
      end();
    } finally {
      clearTimeout(timer);
      this.#handshakes.delete(end);
    }
  }

  /** Ends a handshake whose time is over; of many, a few a turn of the event loop. */
  #endSoon(end: () => void): void {
    this.#late.push(end);
    if (!this.#isEnding) this.#endSome();
  }

  #endSome(): void {
    // One may have been completed meanwhile.
    for (const end of this.#late.splice(0, ENDED_PER_TURN)) if (this.#handshakes.has(end)) end();
    this.#isEnding = true;
    setImmediate(() => {
      this.#isEnding = false;
      if (this.#late.length > 0) this.#endSome();
    });
  }

  /** Ends the handshakes; sessions go on. */
  close(): void {
    this.#closed = true;
    this.#inner.close();
    for (const end of [...this.#handshakes]) end();
    this.#closeStrangers();
  }

  /** Both ends of an inner connection; what is opened is added to `open`. */
  async #dial(open: Deno.Conn[], ended: Promise<never>): Promise<[Deno.TcpConn, Deno.TlsConn]> {
    const { hostname, port } = this.#inner.addr as Deno.NetAddr;
    this.#dialling++;
    let from = 0;
    try {
      const dialled = await Deno.connect({ hostname, port });
      open.push(dialled);
      dialled.setNoDelay(true);
      from = dialled.localAddr.port;
      const accepted = this.#early.get(from);
      this.#early.delete(from);
      const inside = accepted ??
        await Promise.race([ended, new Promise<Deno.TlsConn>((resolve) => this.#awaited.set(from, resolve))]);
      open.push(inside);
      return [dialled, inside];
    } finally {
      this.#awaited.delete(from);
      this.#dialling--;
      if (this.#dialling === 0) this.#closeStrangers();
    }
  }

  async #accept(): Promise<void> {
    while (!this.#closed) {
      try {
        const conn = await this.#inner.accept();
        const { port } = conn.remoteAddr as Deno.NetAddr;
        const relay = this.#awaited.get(port);
        if (relay) relay(conn);
        else if (this.#dialling > 0) this.#early.set(port, conn);
        else conn.close();
      } catch {
        if (this.#closed) return;
        await delay(ACCEPT_RETRY_MS);
      }
    }
  }

  /** Other programs of this machine that have found the inner port. */
  #closeStrangers(): void {
    for (const conn of this.#early.values()) conn.close();
    this.#early.clear();
  }
}

/** Passes bytes on until their end, with memory for what one read brings. */
async function pump(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
  let buffer = new Uint8Array(FIRST_BYTES);
  try {
    for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
      await writeAll(to, buffer.subarray(0, count));
      if (count === buffer.length && count < MOST_BYTES) buffer = new Uint8Array(count * 2);
      else if (count < buffer.length / 4 && buffer.length > FIRST_BYTES) buffer = new Uint8Array(FIRST_BYTES);
    }
    await to.closeWrite();
  } catch {
    // One end is gone, so the other is closed, too.
    close(from);
    close(to);
  }
}

async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch { /* it is closed already */ }
}

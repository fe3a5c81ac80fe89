import { delay } from "@std/async/delay";
import type { Address } from "../core/address.ts";
import { DatagramOutbox } from "./datagram_outbox.ts";

/** Who uses a socket for datagrams. */
export interface DatagramUser {
  /** A datagram, and from where; the buffer is used again at once. */
  received(place: Address, datagram: Uint8Array): void;
  /** Sends what a turn has brought: once for all that was received and said in it. */
  flush(): void;
  /** Time has passed. */
  tick(): void;
  /** Nothing could be received, most often since somebody's port is closed; the socket goes on. */
  failed?(error: unknown): void;
}

const RECEIVE_AGAIN_MS = 20;
const DATAGRAM_BYTES = 65_536;
/** What is lost on the way is missed within this. */
const TICK_MS = 20;

/** A UDP port, and its turns: what one brings is flushed together at its end. */
export class DatagramSocket {
  readonly #conn: Deno.DatagramConn;
  readonly #outbox: DatagramOutbox;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #flushDue = false;
  #closed = false;

  /** Takes the port, 0 for any that is free; throws when it is taken. */
  constructor(where: { hostname: string; port: number }, readonly user: DatagramUser) {
    this.#conn = Deno.listenDatagram({ transport: "udp", ...where });
    this.#outbox = new DatagramOutbox(this.#conn);
  }

  /** Where the port really is. */
  get address(): { hostname: string; port: number } {
    return this.#conn.addr as Deno.NetAddr;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Begins to receive and to tick. */
  begin(): void {
    this.#ticking = setInterval(() => this.user.tick(), TICK_MS);
    receiveAll(this.#conn, () => this.#closed, this.user);
  }

  send({ hostname, port }: Pick<Address, "hostname" | "port">, datagram: Uint8Array): void {
    this.#outbox.push(datagram, { transport: "udp", hostname, port });
  }

  /** Flushes when this turn is over. */
  flushSoon(): void {
    if (this.#flushDue) return;
    this.#flushDue = true;
    queueMicrotask(() => {
      this.#flushDue = false;
      if (!this.#closed) this.user.flush();
    });
  }

  /** Lets what was sent leave, then gives the port back. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#ticking);
    await this.#outbox.close();
    this.#conn.close();
  }
}

/** Hands on what comes, until it is closed. */
export async function receiveAll(
  conn: Deno.DatagramConn,
  closed: () => boolean,
  user: Pick<DatagramUser, "received" | "failed">,
): Promise<void> {
  const buffer = new Uint8Array(DATAGRAM_BYTES);
  while (!closed()) {
    try {
      const [datagram, from] = await conn.receive(buffer);
      const { hostname, port } = from as Deno.NetAddr;
      user.received({ hostname, port }, datagram);
    } catch (error) {
      if (closed()) return;
      user.failed?.(error);
      await delay(RECEIVE_AGAIN_MS);
    }
  }
}

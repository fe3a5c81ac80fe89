import { delay } from "@std/async/delay";
import type { Address } from "../core/address.ts";
import { DATAGRAM_LIMITS } from "../protocols/datagram/options.ts";
import { StrangerLimiter } from "../protocols/datagram/strangers.ts";
import { clock } from "./clock.ts";
import { DatagramOutbox, type DatagramTap } from "./datagram_outbox.ts";

/** The user of a UDP socket. */
export interface DatagramUser {
  /** A datagram from an address; the buffer is reused after the call. */
  received(address: Address, datagram: Uint8Array): void;
  /** Ends a turn: sends what is due, once for everything that was received and sent in it. */
  flush(): void;
  /** Called at the time `wakeAt` or earlier, and at most every 20 ms; without `wakeAt`, every 20 ms. */
  tick(): void;
  wakeAt?(): number;
  /** Receiving has failed, mostly because a peer's port is closed; the socket goes on. */
  failed?(error: unknown): void;
  readonly tap?: DatagramTap | undefined;
}

const RECEIVE_AGAIN_MS = 20;
const DATAGRAM_BYTES = 65_536;
const TICK_MS = 20;
/** Time to send the waiting datagrams of a closed socket: a system that cannot send must not delay a stop. */
const CLOSE_MS = 500;

/** A UDP port and its turns: what happens in one is flushed together at its end. */
export class DatagramSocket {
  readonly #conn: Deno.DatagramConn;
  readonly #outbox: DatagramOutbox;
  readonly #strangers = new StrangerLimiter(DATAGRAM_LIMITS, clock());
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = Infinity;
  #flushDue = false;
  #closed = false;
  /** Holds the port until it has noticed the end. */
  #receiving: Promise<void> | undefined;

  /** Binds the port, 0 for any that is free; throws if it is in use. */
  constructor(address: Address, readonly user: DatagramUser) {
    this.#conn = Deno.listenDatagram({ transport: "udp", ...address });
    this.#outbox = new DatagramOutbox(this.#conn, user.tap);
  }

  /** The address it is bound to. */
  get address(): Address {
    return this.#conn.addr as Deno.NetAddr;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Starts to receive and to tick. */
  begin(): void {
    this.#setTimer();
    this.#receiving = receiveAll(this.#conn, () => this.#closed, this.user);
  }

  /** Sends to an address with a link; to a stranger last, and only as far as `StrangerLimiter` allows. */
  send({ hostname, port }: Address, datagram: Uint8Array, toStranger = false): void {
    if (!toStranger) this.#strangers.proved(hostname, clock());
    else if (!this.#strangers.allows(hostname, clock())) return;
    this.#outbox.push(datagram, { transport: "udp", hostname, port }, toStranger);
  }

  /** Flushes at the end of this turn. */
  flushSoon(): void {
    if (this.#flushDue) return;
    this.#flushDue = true;
    queueMicrotask(() => {
      this.#flushDue = false;
      if (this.#closed) return;
      this.user.flush();
      this.#setTimer();
    });
  }

  /** Sends what is queued, but not for long, then releases the port. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    const late = setTimeout(() => this.#outbox.drop(), CLOSE_MS);
    await this.#outbox.close();
    clearTimeout(late);
    this.#conn.close();
    await this.#receiving;
  }

  /** Sets the timer for the next tick. A timer for an earlier time stays, and sets the next one when it fires. */
  #setTimer(): void {
    const now = clock();
    const at = Math.max(this.user.wakeAt?.() ?? 0, now + TICK_MS);
    if (this.#closed || at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => {
      this.#timerAt = Infinity;
      this.user.tick();
      this.#setTimer();
    }, at - now);
  }
}

/** Passes on datagrams until the socket is closed. */
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

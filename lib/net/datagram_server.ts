import type { Limits } from "../base/limits.ts";
import { log } from "../base/log.ts";
import { clock } from "./clock.ts";
import { DatagramDoor, type GateSecrets, type PeerPlace } from "./datagram_door.ts";
import { DatagramOutbox } from "./datagram_outbox.ts";
import type { Places } from "./places.ts";
import type { Door } from "./seat.ts";
import type { Switchboard } from "./switchboard.ts";

const RECEIVE_AGAIN_MS = 20;
const DATAGRAM_BYTES = 65_536;
/** What is lost on the way is missed within this. */
const TICK_MS = 20;

/**
 * One door on UDP, with the same contract as `StreamServer`.
 *
 * What a turn brings is answered together: `flush` runs once for all that was received and said in it.
 */
export class DatagramServer {
  readonly #socket: Deno.DatagramConn;
  readonly #outbox: DatagramOutbox;
  readonly #door: DatagramDoor;
  readonly #ticking: ReturnType<typeof setInterval>;
  #flushDue = false;
  #closed = false;

  constructor(
    readonly door: Door,
    where: { hostname: string; port: number },
    board: Switchboard,
    places: Places,
    limits: Limits,
    secrets: GateSecrets,
  ) {
    this.#socket = Deno.listenDatagram({ transport: "udp", ...where });
    this.#outbox = new DatagramOutbox(this.#socket);
    this.#door = new DatagramDoor(door, board, places, limits, {
      bytes: (count) => secrets.bytes(count),
      mac: (bytes) => secrets.mac(bytes),
      send: (place, datagram) => this.#send(place, datagram),
      flushSoon: () => this.#flushSoon(),
      now: clock,
    });
    this.#ticking = setInterval(() => this.#door.tick(), TICK_MS);
    this.#receive();
  }

  /** Where the door really is. */
  get address(): { hostname: string; port: number } {
    return this.#socket.addr as Deno.NetAddr;
  }

  /** Lets nobody in any more; who is inside stays. */
  close(): void {
    this.#door.close();
  }

  /** Resolves when the last link is gone. */
  over(): Promise<void> {
    return this.#door.over();
  }

  /** Gives the port back; links that are left end at once. */
  async shut(): Promise<void> {
    if (this.#closed) return;
    clearInterval(this.#ticking);
    this.#door.abort();
    this.#closed = true;
    await this.#outbox.close();
    this.#socket.close();
  }

  async #receive(): Promise<void> {
    const buffer = new Uint8Array(DATAGRAM_BYTES);
    while (!this.#closed) {
      try {
        const [datagram, from] = await this.#socket.receive(buffer);
        const { hostname, port } = from as Deno.NetAddr;
        this.#door.receive({ key: `${hostname} ${port}`, hostname, port }, datagram);
      } catch (error) {
        if (this.#closed) return;
        // A peer whose port is closed is told of here too; the door stays open.
        log.debug(() => `${this.door.name}: a datagram could not be received: ${error}`);
        await new Promise((resolve) => setTimeout(resolve, RECEIVE_AGAIN_MS));
      }
    }
  }

  #send({ hostname, port }: PeerPlace, datagram: Uint8Array): void {
    this.#outbox.push(datagram, { transport: "udp", hostname, port });
  }

  #flushSoon(): void {
    if (this.#flushDue) return;
    this.#flushDue = true;
    queueMicrotask(() => {
      this.#flushDue = false;
      if (!this.#closed) this.#door.flush();
    });
  }
}

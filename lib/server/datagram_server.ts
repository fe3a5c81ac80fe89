import type { Limits } from "../core/limits.ts";
import { log } from "../core/log.ts";
import { clock } from "../net/clock.ts";
import { DatagramDoor, type GateSecrets } from "./datagram_listener.ts";
import { DatagramSocket } from "../net/datagram_socket.ts";
import type { Places } from "../core/connection_limits.ts";
import type { Door } from "./session_host.ts";
import type { Switchboard } from "./runner.ts";

/** One door on UDP, with the same contract as `StreamServer`. */
export class DatagramServer {
  readonly #socket: DatagramSocket;
  readonly #door: DatagramDoor;

  constructor(
    door: Door,
    where: { hostname: string; port: number },
    board: Switchboard,
    places: Places,
    limits: Limits,
    secrets: GateSecrets,
  ) {
    this.#socket = new DatagramSocket(where, {
      received: (place, datagram) => this.#door.receive(place, datagram),
      flush: () => this.#door.flush(),
      tick: () => this.#door.tick(),
      // A peer whose port is closed is told of here too; the door stays open.
      failed: (error) => log.debug(() => `${door.name}: a datagram could not be received: ${error}`),
    });
    this.#door = new DatagramDoor(door, board, places, limits, {
      bytes: (count) => secrets.bytes(count),
      mac: (bytes) => secrets.mac(bytes),
      send: (place, datagram) => this.#socket.send(place, datagram),
      flushSoon: () => this.#socket.flushSoon(),
      now: clock,
    });
    this.#socket.begin();
  }

  /** Where the door really is. */
  get address(): { hostname: string; port: number } {
    return this.#socket.address;
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
    this.#door.abort();
    await this.#socket.close();
  }
}

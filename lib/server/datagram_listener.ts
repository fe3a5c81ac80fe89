import type { Limits } from "../core/limits.ts";
import { log } from "../core/log.ts";
import type { Place } from "../core/place.ts";
import { DatagramGate, type GateOwner } from "../protocols/datagram/acceptor.ts";
import type { DatagramLink } from "../protocols/datagram/link.ts";
import { datagramOptions } from "../protocols/datagram/options.ts";
import { endpoint } from "../core/address.ts";
import type { Places } from "../core/connection_limits.ts";
import type { Door, Line, Seat } from "./session_host.ts";
import type { Switchboard } from "./runner.ts";

/** What a gate is given by chance. */
export interface GateSecrets {
  bytes(count: number): Uint8Array;
  /** A keyed hash; the key is this process's own. */
  mac(bytes: Uint8Array): Uint8Array;
}

/** What a door on datagrams needs of the world. */
export interface DatagramDoorWay extends GateSecrets {
  send(place: Place, datagram: Uint8Array): void;
  /** Calls `flush` when this turn is over. */
  flushSoon(): void;
  now(): number;
}

/** One door on datagrams: brings the links of its gate to their seats at the switchboard. Knows no sockets. */
export class DatagramDoor {
  readonly #gate: DatagramGate<Place>;
  #closing = false;
  readonly #overs: (() => void)[] = [];

  constructor(
    readonly door: Door,
    readonly board: Switchboard,
    readonly places: Places,
    limits: Limits,
    readonly way: DatagramDoorWay,
  ) {
    this.#gate = new DatagramGate<Place>({
      random8: () => way.bytes(8),
      mac: (bytes) => way.mac(bytes),
      send: (place, datagram) => way.send(place, datagram),
      open: (link, place) => this.#open(link, place),
    }, datagramOptions({ outboxBytes: limits.outboxBytes, links: limits.connections }));
  }

  /** Links that are there. */
  get size(): number {
    return this.#gate.size;
  }

  /** A datagram, and from where; the caller may use its buffer again at once. */
  receive(place: Place, datagram: Uint8Array): void {
    this.#gate.receive(place, datagram, this.way.now());
    this.way.flushSoon();
  }

  /** Sends what is due. */
  flush(): void {
    this.#gate.flush(this.way.now());
  }

  tick(): void {
    this.#gate.tick(this.way.now());
  }

  /** Lets nobody in any more; who is inside stays. */
  close(): void {
    this.#closing = true;
  }

  /** Ends every link at once. */
  abort(): void {
    this.#gate.abort("the server has stopped");
  }

  /** Resolves when the last link is gone. */
  over(): Promise<void> {
    return this.#gate.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#overs.push(resolve));
  }

  #open(link: DatagramLink, place: Place): GateOwner<Place> | string {
    if (this.#closing) return "the server stops";
    const { hostname, port } = place;
    const refused = this.places.take(hostname);
    if (refused) {
      log.warning(`${this.door.name}: ${endpoint(hostname, port)} not let in: ${refused.refusal}`);
      return refused.refusal;
    }
    const seat = this.board.open(this.door, { hostname, port }, (seat) => this.#line(link, seat));
    return {
      message: (bytes) => seat.push(0, bytes),
      hungry: () => seat.hungry(0),
      ended: (why) => {
        this.places.free(hostname);
        seat.end(why);
        if (this.#gate.size === 0) { for (const over of this.#overs.splice(0)) over(); }
      },
      moved: ({ hostname, port }) =>
        log.info(`${seat.session.name ?? "a session"} is at ${endpoint(hostname, port)} now`),
    };
  }

  #line(link: DatagramLink, seat: Seat): Line {
    let resuming = false;
    return {
      write: (bytes) => {
        if (!link.send(bytes) && !link.over) seat.overflowed();
        this.way.flushSoon();
      },
      get waitingBytes() {
        return link.heldBytes;
      },
      close: (why) => {
        link.close(why, this.way.now());
        this.way.flushSoon();
      },
      abort: () => link.abort("bye"),
      resume: () => {
        // What is delivered here asks for more by itself.
        if (resuming) return;
        resuming = true;
        link.resume(this.way.now());
        resuming = false;
      },
    };
  }
}

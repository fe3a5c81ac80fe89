import { type Address, formatAddress } from "../core/address.ts";
import type { Limits } from "../core/limits.ts";
import { log } from "../core/log.ts";
import type { ConnectionLimiter } from "../core/limiters.ts";
import type { Transport, TransportOwner } from "../core/transport.ts";
import { clock } from "../net/clock.ts";
import { DatagramSocket } from "../net/datagram_socket.ts";
import { type AcceptedLinkOwner, DatagramAcceptor } from "../protocols/datagram/acceptor.ts";
import type { DatagramLink } from "../protocols/datagram/link.ts";
import { datagramOptions } from "../protocols/datagram/options.ts";
import type { ServerProtocol } from "../protocols/session.ts";
import type { SessionRunner } from "./runner.ts";

/** What a gate is given by chance. */
export interface DatagramSecrets {
  bytes(count: number): Uint8Array;
  /** A keyed hash; the key is this process's own. */
  mac(bytes: Uint8Array): Uint8Array;
}

/** What a door on datagrams needs of the world. */
export interface DatagramSessionsWay extends DatagramSecrets {
  send(place: Address, datagram: Uint8Array): void;
  /** Calls `flush` when this turn is over. */
  flushSoon(): void;
  now(): number;
}

/** One door on datagrams: brings the links of its gate to their seats at the switchboard. Knows no sockets. */
export class DatagramSessions {
  readonly #gate: DatagramAcceptor;
  #closing = false;
  readonly #overs: (() => void)[] = [];
  /** Links whose owner may be hungry again. */
  #toResume = new Set<DatagramLink>();

  constructor(
    readonly protocol: ServerProtocol,
    readonly runner: SessionRunner,
    readonly connectionLimits: ConnectionLimiter,
    limits: Limits,
    readonly way: DatagramSessionsWay,
  ) {
    this.#gate = new DatagramAcceptor({
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
  receive(place: Address, datagram: Uint8Array): void {
    this.#gate.receive(place, datagram, this.way.now());
    this.way.flushSoon();
  }

  /** Sends what is due. */
  flush(): void {
    const links = this.#toResume;
    this.#toResume = new Set();
    for (const link of links) link.resume(this.way.now());
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

  #open(link: DatagramLink, place: Address): AcceptedLinkOwner | string {
    if (this.#closing) return "the server stops";
    const { hostname, port } = place;
    const refused = this.connectionLimits.take(hostname);
    if (refused) {
      log.warning(`${this.protocol.name}: ${formatAddress({ hostname, port })} not let in: ${refused.refusal}`);
      return refused.refusal;
    }
    let owner: TransportOwner;
    const host = this.runner.open(this.protocol, { hostname, port }, (itsOwner) => {
      owner = itsOwner;
      return this.#transport(link, owner);
    });
    return {
      message: (bytes) => owner.receive(bytes),
      hungry: () => owner.hungry(),
      ended: (why) => {
        this.connectionLimits.release(hostname);
        host.end(why);
        if (this.#gate.size === 0) { for (const over of this.#overs.splice(0)) over(); }
      },
      moved: ({ hostname, port }) =>
        log.info(`${host.session.name ?? "a session"} is at ${formatAddress({ hostname, port })} now`),
    };
  }

  #transport(link: DatagramLink, owner: TransportOwner): Transport {
    return {
      write: (bytes) => {
        if (!link.send(bytes) && !link.over) {
          const why = `more than ${this.runner.limits.outboxBytes} bytes waited for it to read`;
          queueMicrotask(() => owner.failed(why));
        }
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
        if (!owner.hungry()) return;
        this.#toResume.add(link);
        this.way.flushSoon();
      },
    };
  }
}

/** One door on UDP, with the same contract as `StreamServer`. */
export class DatagramListener {
  readonly #socket: DatagramSocket;
  readonly #door: DatagramSessions;

  constructor(
    door: ServerProtocol,
    where: { hostname: string; port: number },
    runner: SessionRunner,
    places: ConnectionLimiter,
    limits: Limits,
    secrets: DatagramSecrets,
  ) {
    this.#socket = new DatagramSocket(where, {
      received: (place, datagram) => this.#door.receive(place, datagram),
      flush: () => this.#door.flush(),
      tick: () => this.#door.tick(),
      // A peer whose port is closed is told of here too; the door stays open.
      failed: (error) => log.debug(() => `${door.name}: a datagram could not be received: ${error}`),
    });
    this.#door = new DatagramSessions(door, runner, places, limits, {
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

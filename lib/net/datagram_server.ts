import type { Limits } from "../base/limits.ts";
import { log } from "../base/log.ts";
import { DatagramGate, type GateAddress, type GateOwner } from "../wire/datagram/gate.ts";
import type { DatagramLink } from "../wire/datagram/link.ts";
import { datagramOptions } from "../wire/datagram/options.ts";
import { endpoint } from "./address.ts";
import { clock } from "./clock.ts";
import type { Places } from "./places.ts";
import type { Door, Line, Seat, Switchboard } from "./switchboard.ts";

/** What a gate is given by chance. */
export interface GateSecrets {
  bytes(count: number): Uint8Array;
  /** A keyed hash; the key is this process's own. */
  mac(bytes: Uint8Array): Uint8Array;
}

interface PeerPlace extends GateAddress {
  readonly hostname: string;
  readonly port: number;
}

const RECEIVE_AGAIN_MS = 20;

/**
 * One door on UDP, with the same contract as `StreamServer`.
 *
 * What a turn brings is answered together: `flush` runs once for all that was received and said in it.
 */
export class DatagramServer {
  readonly #socket: Deno.DatagramConn;
  readonly #gate: DatagramGate<PeerPlace>;
  readonly #ticking: ReturnType<typeof setInterval>;
  #flushDue = false;
  #closing = false;
  #closed = false;
  #overs: (() => void)[] = [];

  constructor(
    readonly door: Door,
    where: { hostname: string; port: number },
    readonly board: Switchboard,
    readonly places: Places,
    readonly limits: Limits,
    secrets: GateSecrets,
    tickMs: number,
  ) {
    this.#socket = Deno.listenDatagram({ transport: "udp", ...where });
    this.#gate = new DatagramGate<PeerPlace>({
      random8: () => secrets.bytes(8),
      mac: (bytes) => secrets.mac(bytes),
      send: (place, datagram) => this.#send(place, datagram),
      open: (link, place) => this.#open(link, place),
    }, datagramOptions({ outboxBytes: limits.outboxBytes, links: limits.connections }));
    this.#ticking = setInterval(() => this.#gate.tick(clock()), tickMs);
    this.#receive();
  }

  /** Where the door really is. */
  get address(): { hostname: string; port: number } {
    return this.#socket.addr as Deno.NetAddr;
  }

  /** Lets nobody in any more; who is inside stays. */
  close(): void {
    this.#closing = true;
  }

  /** Resolves when the last link is gone. */
  async over(): Promise<void> {
    if (this.#gate.size > 0) await new Promise<void>((resolve) => this.#overs.push(resolve));
  }

  /** Gives the port back; links that are left end at once. */
  shut(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#ticking);
    this.#gate.abort("the server has stopped");
    this.#socket.close();
  }

  async #receive(): Promise<void> {
    const buffer = new Uint8Array(65_536);
    while (!this.#closed) {
      try {
        const [datagram, from] = await this.#socket.receive(buffer);
        const { hostname, port } = from as Deno.NetAddr;
        this.#gate.receive({ key: `${hostname} ${port}`, hostname, port }, datagram, clock());
        this.#flushSoon();
      } catch (error) {
        if (this.#closed) return;
        // A peer whose port is closed is told of here too; the door stays open.
        log.debug(() => `${this.door.name}: a datagram could not be received: ${error}`);
        await new Promise((resolve) => setTimeout(resolve, RECEIVE_AGAIN_MS));
      }
    }
  }

  #open(link: DatagramLink, place: PeerPlace): GateOwner<PeerPlace> | string {
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
        this.#flushSoon();
      },
      close: () => {
        link.close("bye", clock());
        this.#flushSoon();
      },
      abort: () => link.abort("bye"),
      resume: () => {
        // What is delivered here asks for more by itself.
        if (resuming) return;
        resuming = true;
        link.resume(clock());
        resuming = false;
      },
    };
  }

  #send({ hostname, port }: PeerPlace, datagram: Uint8Array): void {
    if (this.#closed) return;
    // What cannot be sent is lost, as datagrams are; it will be sent again.
    this.#socket.send(datagram, { transport: "udp", hostname, port }).catch(() => {});
  }

  #flushSoon(): void {
    if (this.#flushDue) return;
    this.#flushDue = true;
    queueMicrotask(() => {
      this.#flushDue = false;
      if (!this.#closed) this.#gate.flush(clock());
    });
  }
}

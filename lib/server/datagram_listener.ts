import { type Address, formatAddress } from "../core/address.ts";
import type { Limits } from "../core/limits.ts";
import { log } from "../core/log.ts";
import type { ConnectionLimiter } from "../core/limiters.ts";
import type { Transport, TransportOwner } from "../core/transport.ts";
import { clock } from "../net/clock.ts";
import { DatagramSocket } from "../net/datagram_socket.ts";
import { type AcceptorOutput, DatagramAcceptor, type OpenRequest } from "../protocols/datagram/acceptor.ts";
import type { DatagramLink } from "../protocols/datagram/link.ts";
import { datagramOptions } from "../protocols/datagram/options.ts";
import type { ServerProtocol } from "../protocols/session.ts";
import type { SessionRunner } from "./runner.ts";
import type { SessionHost } from "./session_host.ts";

/** Secrets of this process. */
export interface DatagramSecrets {
  /** Unpredictable bytes. */
  bytes(count: number): Uint8Array;
  /** A keyed hash. */
  mac(bytes: Uint8Array): Uint8Array;
}

/** A UDP port: the real one, or a simulated one. */
export interface DatagramPort extends DatagramSecrets {
  send(address: Address, datagram: Uint8Array, toStranger?: boolean): void;
  /** Calls `flush` at the end of this turn. */
  flushSoon(): void;
  now(): number;
}

/** The sessions of one port: runs its acceptor, and carries messages between links and session hosts. */
export class DatagramSessions {
  readonly #acceptor: DatagramAcceptor;
  readonly #sessions = new Map<DatagramLink, { readonly host: SessionHost; readonly owner: TransportOwner }>();
  /** Links with messages that are to be read in this turn. */
  readonly #readable = new Set<DatagramLink>();
  /** Owners of links whose peer does not keep up. */
  readonly #overflowed = new Set<TransportOwner>();
  #closing = false;
  readonly #whenEmpty: (() => void)[] = [];

  constructor(
    readonly protocol: ServerProtocol,
    readonly runner: SessionRunner,
    readonly connectionLimiter: ConnectionLimiter,
    limits: Limits,
    readonly port: DatagramPort,
  ) {
    this.#acceptor = new DatagramAcceptor(
      { random8: () => port.bytes(8), mac: (bytes) => port.mac(bytes) },
      datagramOptions({ outboxBytes: limits.outboxBytes, links: limits.connections }),
    );
  }

  /** How many links there are. */
  get size(): number {
    return this.#acceptor.size;
  }

  /** A datagram from an address; the caller may reuse its buffer. */
  receive(address: Address, datagram: Uint8Array): void {
    this.#acceptor.receive(address, datagram, this.port.now());
    this.#drain();
    this.port.flushSoon();
  }

  /** Ends a turn: delivers the messages that have arrived to their sessions, and sends the datagrams that are due. */
  flush(): void {
    for (const link of this.#readable) {
      this.#readable.delete(link);
      this.#read(link);
    }
    for (const owner of this.#overflowed) {
      owner.failed(`more than ${this.runner.limits.outboxBytes} bytes waited for it to read`);
    }
    this.#overflowed.clear();
    this.#acceptor.flush(this.port.now());
    this.#drain();
  }

  tick(): void {
    this.#acceptor.tick(this.port.now());
    this.#drain();
  }

  /** Opens no new links; those that exist stay. */
  close(): void {
    this.#closing = true;
  }

  /** Ends every link at once. */
  abort(): void {
    this.#acceptor.abort("the server has stopped");
    this.#drain();
  }

  /** Resolves when the last link is over. */
  finished(): Promise<void> {
    return this.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  #drain(): void {
    for (let outputs = this.#acceptor.takeOutputs(); outputs.length > 0; outputs = this.#acceptor.takeOutputs()) {
      for (const output of outputs) this.#perform(output);
    }
  }

  #perform(output: AcceptorOutput): void {
    switch (output.type) {
      case "send":
        return this.port.send(output.address, output.datagram, output.toStranger);
      case "open":
        return this.#open(output.request);
      case "readable":
        return void this.#readable.add(output.link);
      case "moved": {
        const name = this.#sessions.get(output.link)?.host.session.name ?? "a session";
        return log.info(`${name} is now at ${formatAddress(output.link.address)}`);
      }
      case "ended":
        return this.#ended(output.link, output.why);
    }
  }

  #open(request: OpenRequest): void {
    const { address } = request;
    if (this.#closing) return this.#acceptor.refuse(request, "the server stops");
    const refused = this.connectionLimiter.take(address.hostname);
    if (refused) {
      log.warning(`${this.protocol.name}: refused ${formatAddress(address)}: ${refused.refusal}`);
      return this.#acceptor.refuse(request, refused.refusal);
    }
    const link = this.#acceptor.accept(request, this.port.now());
    if (!link) return this.connectionLimiter.release(address.hostname);
    let owner: TransportOwner;
    const host = this.runner.open(this.protocol, address, (itsOwner) => this.#transport(link, owner = itsOwner));
    this.#sessions.set(link, { host, owner: owner! });
  }

  #read(link: DatagramLink): void {
    const owner = this.#sessions.get(link)?.owner;
    while (owner?.hungry()) {
      const message = link.read();
      if (!message) return;
      owner.receive(message);
    }
  }

  #ended(link: DatagramLink, why: string): void {
    const session = this.#sessions.get(link);
    this.#sessions.delete(link);
    this.#readable.delete(link);
    if (session) {
      this.connectionLimiter.release(session.host.peer.hostname);
      session.host.end(why);
    }
    if (this.size === 0) { for (const resolve of this.#whenEmpty.splice(0)) resolve(); }
  }

  #transport(link: DatagramLink, owner: TransportOwner): Transport {
    return {
      write: (bytes) => {
        if (link.send(bytes)) owner.tap?.sent(bytes);
        else if (!link.over) this.#overflowed.add(owner);
        this.port.flushSoon();
      },
      get waitingBytes() {
        return link.heldBytes;
      },
      close: (why) => {
        link.close(why, this.port.now());
        this.port.flushSoon();
      },
      abort: () => {
        link.abort("bye");
        this.port.flushSoon();
      },
      resume: () => {
        if (!link.readable) return;
        this.#readable.add(link);
        this.port.flushSoon();
      },
    };
  }
}

/** A listener on a UDP port, with the same contract as `TcpListener`. */
export class DatagramListener {
  readonly #socket: DatagramSocket;
  readonly #sessions: DatagramSessions;

  constructor(
    protocol: ServerProtocol,
    address: Address,
    runner: SessionRunner,
    connectionLimits: ConnectionLimiter,
    limits: Limits,
    secrets: DatagramSecrets,
  ) {
    this.#socket = new DatagramSocket(address, {
      received: (address, datagram) => this.#sessions.receive(address, datagram),
      flush: () => this.#sessions.flush(),
      tick: () => this.#sessions.tick(),
      // An ICMP error for a peer's closed port is reported here too; the port stays open.
      failed: (error) => log.debug(() => `${protocol.name}: a datagram could not be received: ${error}`),
    });
    this.#sessions = new DatagramSessions(protocol, runner, connectionLimits, limits, {
      bytes: (count) => secrets.bytes(count),
      mac: (bytes) => secrets.mac(bytes),
      send: (...datagram) => this.#socket.send(...datagram),
      flushSoon: () => this.#socket.flushSoon(),
      now: clock,
    });
    this.#socket.begin();
  }

  /** The address it is bound to. */
  get address(): Address {
    return this.#socket.address;
  }

  /** Opens no new links; those that exist stay. */
  close(): void {
    this.#sessions.close();
  }

  /** Resolves when the last link is over. */
  finished(): Promise<void> {
    return this.#sessions.finished();
  }

  /** Releases the port; links that are left end at once. */
  async release(): Promise<void> {
    this.#sessions.abort();
    await this.#socket.close();
  }
}

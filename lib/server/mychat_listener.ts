import { type Address, addressKey, formatAddress } from "../core/address.ts";
import type { ConnectionLimiter } from "../core/limiters.ts";
import type { Limits } from "../core/limits.ts";
import { log } from "../core/log.ts";
import type { Transport, TransportOwner } from "../core/transport.ts";
import { clock } from "../net/clock.ts";
import { DatagramSocket } from "../net/datagram_socket.ts";
import { isAnswering, MychatGate } from "../protocols/mychat/gate.ts";
import { mychatProtocol } from "../protocols/mychat/server.ts";
import type { ServerProtocol } from "../protocols/session.ts";
import type { SessionRunner } from "./runner.ts";

/** The session of one address. */
interface Program {
  readonly owner: TransportOwner;
  /** It has sent nothing but CONNECT, which a forged sender does, too. */
  isStranger: boolean;
}

/**
 * The UDP port of the mailbox authors' programs, with the same contract as `TcpListener`: each address is a session, and each
 * datagram a message. The protocol has no closing handshake, so a session ends when it is silent, and no proof of an address, so
 * a program counts as a stranger, whose datagrams leave last and may be dropped, until it has sent more than CONNECT.
 */
export class MychatListener {
  readonly #socket: DatagramSocket;
  readonly #gate: MychatGate;
  readonly #protocol: ServerProtocol;
  readonly #programs = new Map<string, Program>();
  #closing = false;
  #whenEmpty: (() => void) | undefined;

  constructor(
    where: Address,
    readonly runner: SessionRunner,
    readonly connectionLimiter: ConnectionLimiter,
    limits: Limits,
  ) {
    this.#gate = new MychatGate(limits, clock());
    this.#protocol = mychatProtocol(this.#gate);
    this.#socket = new DatagramSocket(where, {
      received: (address, datagram) => this.#received(address, datagram),
      flush: () => {},
      tick: () => {},
      wakeAt: () => Infinity,
      failed: (error) => log.debug(() => `mychat: a datagram could not be received: ${error}`),
    });
    this.#socket.begin();
  }

  get address(): Address {
    return this.#socket.address;
  }

  /** Opens no new sessions; those that exist stay. */
  close(): void {
    this.#closing = true;
  }

  /** Resolves when the last session is over. */
  finished(): Promise<void> {
    return this.#programs.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#whenEmpty = resolve);
  }

  /** Sends what is queued, then releases the port. */
  async release(): Promise<void> {
    await this.#socket.close();
  }

  #received(address: Address, datagram: Uint8Array): void {
    const key = addressKey(address);
    const known = this.#programs.get(key);
    if (known?.isStranger && isAnswering(datagram)) known.isStranger = false;
    known?.owner.receive(datagram);
    // A CONNECT that has ended a session is that of another user, whose program has the port by now.
    if (!known || !this.#programs.has(key) && !isAnswering(datagram)) this.#open(address, datagram)?.receive(datagram);
    const dropped = this.#gate.report(clock());
    if (dropped !== undefined) log.warning(`mychat: ${dropped}`);
  }

  #open(address: Address, datagram: Uint8Array): TransportOwner | undefined {
    if (this.#closing || !this.#gate.admits(address.hostname, datagram, clock())) return undefined;
    const refused = this.connectionLimiter.take(address.hostname);
    if (refused) {
      this.#gate.drop(`${formatAddress(address)}: ${refused.refusal}`);
      return undefined;
    }
    let owner: TransportOwner | undefined;
    this.runner.open(this.#protocol, address, (itsOwner) => this.#transport(address, owner = itsOwner));
    return owner;
  }

  #transport(address: Address, owner: TransportOwner): Transport {
    const key = addressKey(address);
    const program: Program = { owner, isStranger: true };
    this.#programs.set(key, program);
    const close = () => {
      if (!this.#programs.delete(key)) return;
      this.connectionLimiter.release(address.hostname);
      if (this.#programs.size === 0) this.#whenEmpty?.();
    };
    return {
      // A datagram that the system does not take at once waits in the socket's outbox, which is bounded.
      waitingBytes: 0,
      write: (bytes) => {
        owner.tap?.sent(bytes);
        this.#socket.send(address, bytes, program.isStranger);
      },
      close,
      abort: close,
      resume: () => {},
    };
  }
}

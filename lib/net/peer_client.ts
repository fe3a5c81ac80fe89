import { randomBytes } from "node:crypto";
import { lookup } from "node:dns/promises";
import { endpoint } from "../base/address.ts";
import { reason } from "../base/reason.ts";
import type { PeerQuestion } from "../peer/event.ts";
import type { Peer, PeerWay } from "../peer/peer.ts";
import { placeAt } from "../peer/place.ts";
import { clock } from "./clock.ts";
import { DatagramOutbox } from "./datagram_outbox.ts";
import { Finding, type FindingPlan } from "./finding.ts";

/** What a peer's program is told by its net. */
export interface PeerClientHooks {
  show: PeerWay["show"];
  /** Those who could be asked at the beginning have answered, or had their time. */
  settled(): void;
  /** It is over. Called once. */
  ended(): void;
  /** It cannot go on. */
  failed(why: string): void;
  trace?(who: string, direction: "up" | "down", line: string): void;
}

const TICK_MS = 20;
const RECEIVE_AGAIN_MS = 20;
const DATAGRAM_BYTES = 65_536;
/** For what was said to those who are there to arrive, before we leave. */
const LEAVE_MS = 10_000;
/** For the links to say good bye. */
const PARTING_MS = 3500;

/**
 * A peer on its UDP port.
 *
 * What a turn brings is answered together: `flush` runs once for all that was received and said in it.
 */
export class PeerClient {
  readonly #socket: Deno.DatagramConn;
  readonly #outbox: DatagramOutbox;
  /** What a peer needs of the world. */
  readonly way: PeerWay;
  #peer: Peer | undefined;
  #finding: Finding | undefined;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #flushDue = false;
  /** Until when we wait for what was said to arrive, then for the good byes. */
  #leaveBy: number | undefined;
  #partBy: number | undefined;
  #outOfTable = false;
  /** Why nothing more is done. */
  #failure: string | undefined;
  #closed = false;

  /** Takes the port, 0 for any that is free; throws when it is taken. */
  constructor(port: number, readonly hooks: PeerClientHooks) {
    this.#socket = Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port });
    const outbox = this.#outbox = new DatagramOutbox(this.#socket);
    this.way = {
      random8: () => new Uint8Array(randomBytes(8)),
      send: ({ hostname, port }, datagram) => outbox.push(datagram, { transport: "udp", hostname, port }),
      show: (event) => hooks.show(event),
      due: () => this.#flushSoon(),
      ...(hooks.trace ? { trace: hooks.trace } : {}),
    };
  }

  get port(): number {
    return (this.#socket.addr as Deno.NetAddr).port;
  }

  /** Tells what an answer is in a turn of its own. */
  readonly later = <T>(answer: Promise<T>, done: (answer: T) => void): void => {
    answer.then((answer) => {
      if (this.#closed) return;
      this.#try((peer) => {
        peer.turn(clock());
        done(answer);
      });
      this.#flushSoon();
    });
  };

  /** Begins, and finds others. */
  start(peer: Peer, name: string, by: FindingPlan["by"]): void {
    this.#peer = peer;
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
    this.#receive();
    peer.turn(clock());
    peer.start();
    this.#finding = new Finding({ name, port: this.port, by }, {
      meet: (places) => {
        peer.turn(clock());
        for (const place of places) peer.meet(place);
        this.#flushSoon();
      },
      here: () => peer.here(this.port),
      heard: (place, datagram) => peer.receive(place, datagram, clock()),
      waiting: () => peer.unanswered,
      alone: () => peer.size === 0,
      news: (text) => this.hooks.show({ type: "news", text }),
      settled: () => this.hooks.settled(),
      ...(this.hooks.trace ? { trace: (...line) => this.hooks.trace!("table", ...line) } : {}),
    });
    this.#finding.start();
  }

  say(...args: Parameters<Peer["say"]>): ReturnType<Peer["say"]> {
    const said = this.#try((peer) => {
      peer.turn(clock());
      return peer.say(...args);
    });
    this.#flushSoon();
    return said ?? { why: this.#failure ?? "it has not begun" };
  }

  ask(question: PeerQuestion): void {
    this.#try((peer) => {
      peer.turn(clock());
      peer.ask(question);
    });
    this.#flushSoon();
  }

  /** Asks at an address who is there; the name of a machine is looked up first. */
  async add(host: string, port: number): Promise<void> {
    try {
      const { address } = await lookup(host, { family: 4 });
      this.ask({ type: "add", host: address, port });
    } catch (error) {
      this.hooks.show({ type: "denied", why: `cannot find ${endpoint(host, port)}: ${reason(error)}` });
    }
  }

  /** Leaves once what was said to those who are there has arrived; said again, at once. */
  leave(): void {
    if (this.#leaveBy !== undefined) return this.#part();
    this.#leaveBy = clock() + LEAVE_MS;
    const count = this.#peer?.underWay ?? 0;
    if (count === 0 || this.#failure !== undefined) return this.#part();
    const waits = count === 1 ? "1 message to arrive" : `${count} messages to arrive`;
    this.hooks.show({
      type: "news",
      text: `waiting for ${waits}; Ctrl-C leaves now, and what is kept is said again later`,
    });
    this.#flushSoon();
  }

  /** Says good bye to all; what they have to say to it is waited for. */
  #part(): void {
    if (this.#partBy !== undefined) return;
    this.#partBy = clock() + PARTING_MS;
    this.#try((peer) => {
      peer.turn(clock());
      peer.leave();
    });
    this.#flushSoon();
    this.#finding!.leave().then(() => this.#outOfTable = true);
  }

  async #end(): Promise<void> {
    clearInterval(this.#ticking);
    this.#try((peer) => peer.abort());
    this.#try((peer) => peer.flush(clock()));
    this.#closed = true;
    await this.#outbox.close();
    this.#socket.close();
    this.hooks.ended();
  }

  async #receive(): Promise<void> {
    const buffer = new Uint8Array(DATAGRAM_BYTES);
    while (!this.#closed) {
      try {
        const [datagram, from] = await this.#socket.receive(buffer);
        const { hostname, port } = from as Deno.NetAddr;
        this.#try((peer) => peer.receive(placeAt(hostname, port), datagram, clock()));
      } catch {
        // Somebody's port is closed at the moment, or our socket is.
        if (!this.#closed) await new Promise((resolve) => setTimeout(resolve, RECEIVE_AGAIN_MS));
      }
    }
  }

  #tick(): void {
    const now = clock();
    const peer = this.#peer!;
    if (peer.wakeAt <= now) this.#try(() => peer.tick(now));
    if (this.#partBy !== undefined) {
      if (this.#failure !== undefined || (peer.size === 0 && this.#outOfTable) || now >= this.#partBy) this.#end();
    } else if (this.#leaveBy !== undefined && (peer.underWay === 0 || now >= this.#leaveBy)) this.#part();
  }

  /** What cannot be kept must be neither sent nor shown, since nobody could answer for it: then it is over. */
  #try<T>(act: (peer: Peer) => T): T | undefined {
    if (!this.#peer || this.#failure !== undefined) return undefined;
    try {
      return act(this.#peer);
    } catch (error) {
      this.#failure = reason(error);
      this.hooks.failed(this.#failure);
      return undefined;
    }
  }

  #flushSoon(): void {
    if (this.#flushDue) return;
    this.#flushDue = true;
    queueMicrotask(() => {
      if (!this.#closed) this.#try((peer) => peer.flush(clock()));
      this.#flushDue = false;
    });
  }
}

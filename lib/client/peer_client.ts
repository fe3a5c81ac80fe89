import { randomBytes } from "node:crypto";
import { lookup } from "node:dns/promises";
import { formatAddress } from "../core/address.ts";
import { reason } from "../core/reason.ts";
import type { PeerQuestion } from "../peers/event.ts";
import type { Peer, PeerWay } from "../peers/peer.ts";
import { clock } from "../net/clock.ts";
import { DatagramSocket } from "../net/datagram_socket.ts";
import { PeerFinder, type PeerFinderPlan } from "./peer_finder.ts";

/** What a peer's program is told by its net. */
export interface PeerClientHooks {
  show: PeerWay["show"];
  /** Somebody's program tells ours something that is not for people. */
  signalled?: NonNullable<PeerWay["signalled"]>;
  /** Those who could be asked at the beginning have answered, or had their time. */
  settled(): void;
  /** It is over. Called once. */
  ended(): void;
  /** It cannot go on. */
  failed(why: string): void;
  trace?(who: string, direction: "up" | "down", line: string): void;
}

/** For what was said to those who are there to arrive, before we leave. */
const LEAVE_MS = 10_000;
/** For the links to say good bye. */
const PARTING_MS = 3500;

/** A peer on its UDP port. */
export class PeerClient {
  readonly #socket: DatagramSocket;
  /** What a peer needs of the world. */
  readonly way: PeerWay;
  #peer: Peer | undefined;
  #finding: PeerFinder | undefined;
  /** Until when we wait for what was said to arrive, then for the good byes. */
  #leaveBy: number | undefined;
  #partBy: number | undefined;
  #outOfTable = false;
  /** Why nothing more is done. */
  #failure: string | undefined;

  /** Takes the port, 0 for any that is free; throws when it is taken. */
  constructor(port: number, readonly hooks: PeerClientHooks) {
    const socket = this.#socket = new DatagramSocket({ hostname: "0.0.0.0", port }, {
      received: (place, datagram) => this.#try((peer) => peer.receive(place, datagram, clock())),
      flush: () => this.#try((peer) => peer.flush(clock())),
      tick: () => this.#tick(),
    });
    this.way = {
      random8: () => new Uint8Array(randomBytes(8)),
      send: (place, datagram) => socket.send(place, datagram),
      show: (event) => hooks.show(event),
      signalled: (...signal) => hooks.signalled?.(...signal),
      due: () => socket.flushSoon(),
      ...(hooks.trace ? { trace: hooks.trace } : {}),
    };
  }

  get port(): number {
    return this.#socket.address.port;
  }

  /** Tells what an answer is in a turn of its own. */
  readonly later = <T>(answer: Promise<T>, done: (answer: T) => void): void => {
    answer.then((answer) => {
      if (this.#socket.closed) return;
      this.#try((peer) => {
        peer.turn(clock());
        done(answer);
      });
      this.#socket.flushSoon();
    });
  };

  /** Begins, and finds others. */
  start(peer: Peer, name: string, by: PeerFinderPlan["by"]): void {
    this.#peer = peer;
    this.#socket.begin();
    peer.turn(clock());
    peer.start();
    this.#finding = new PeerFinder({ name, port: this.port, by }, {
      meet: (places) => {
        peer.turn(clock());
        for (const place of places) peer.meet(place);
        this.#socket.flushSoon();
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
    this.#socket.flushSoon();
    return said ?? { why: this.#failure ?? "it has not begun" };
  }

  /** Tells somebody's program something that is not for people; false when nobody hears it. */
  signal(to: string, text: string): boolean {
    const heard = this.#try((peer) => {
      peer.turn(clock());
      return peer.signal(to, text);
    });
    this.#socket.flushSoon();
    return heard ?? false;
  }

  ask(question: PeerQuestion): void {
    this.#try((peer) => {
      peer.turn(clock());
      peer.ask(question);
    });
    this.#socket.flushSoon();
  }

  /** Asks at an address who is there; the name of a machine is looked up first. */
  async add(host: string, port: number): Promise<void> {
    try {
      const { address } = await lookup(host, { family: 4 });
      this.ask({ type: "add", host: address, port });
    } catch (error) {
      this.hooks.show({
        type: "denied",
        why: `cannot find ${formatAddress({ hostname: host, port })}: ${reason(error)}`,
      });
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
    this.#socket.flushSoon();
  }

  /** Says good bye to all; what they have to say to it is waited for. */
  #part(): void {
    if (this.#partBy !== undefined) return;
    this.#partBy = clock() + PARTING_MS;
    this.#try((peer) => {
      peer.turn(clock());
      peer.leave();
    });
    this.#socket.flushSoon();
    this.#finding!.leave().then(() => this.#outOfTable = true);
  }

  async #end(): Promise<void> {
    this.#try((peer) => peer.abort());
    this.#try((peer) => peer.flush(clock()));
    await this.#socket.close();
    this.hooks.ended();
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
}

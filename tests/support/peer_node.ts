import type { Address } from "../../lib/core/address.ts";
import type { PeerEvent, PeerQuestion } from "../../lib/peers/event.ts";
import type { PeerOptions } from "../../lib/peers/options.ts";
import { Peer } from "../../lib/peers/peer.ts";
import { PeerKeys } from "../../lib/store/peer_keys.ts";
import type { PeerDisk } from "./peer_disk.ts";
import type { PeerNetwork } from "./peer_network.ts";

/** Ends the turn of a program that is gone. */
class Crash extends Error {}

/** One person's program, which may crash and begin again. */
export class PeerNode {
  peer!: Peer;
  alive = false;
  /** Everything that was shown, over all runs. */
  readonly shown: PeerEvent[] = [];
  /** What the programs of others have told this one. */
  readonly signals: string[] = [];
  /** Told of each event as it is shown. */
  watch: ((event: PeerEvent) => void) | undefined;
  /** Told when the program is gone. */
  crashed: (() => void) | undefined;
  /** After so many datagrams the program is gone, whatever it is about to do. */
  crashAfterSends = Infinity;
  /** Counts how often the program was started, and has crashed. */
  run = 0;
  #keys: PeerKeys | undefined;
  #flushDue = false;
  #wakeAt = Infinity;
  #restless = 0;

  constructor(
    readonly world: PeerNetwork,
    readonly name: string,
    public place: Address,
    public store: PeerDisk,
    readonly options: PeerOptions,
  ) {}

  /** Starts the program; with the key and the disk of before. */
  async begin(place = this.place): Promise<void> {
    const { time, random } = this.world;
    this.place = place;
    const run = ++this.run;
    this.#keys ??= await PeerKeys.passing((answer, done) => this.world.later(this)(answer, done));
    this.alive = true;
    this.#wakeAt = Infinity;
    this.peer = new Peer({
      name: this.name,
      way: {
        random8: () => Uint8Array.from({ length: 8 }, () => random.whole(0, 255)),
        send: (to, datagram) => {
          if (run === this.run) this.#send(to, datagram);
        },
        show: (event) => {
          if (run !== this.run) return;
          this.shown.push(event);
          this.watch?.(event);
        },
        signalled: (from, text, at) => {
          if (run === this.run) this.signals.push(`${from} at ${at}: ${text}`);
        },
        due: () => void (this.#flushDue = true),
      },
      secrecy: this.#keys,
      store: this.store,
      options: this.options,
    }, time.now);
    this.#bind();
    this.do(() => this.peer.start());
  }

  /** One turn: what is done in it, and then what it has caused. */
  do<T>(act: () => T): T | undefined {
    if (!this.alive) return undefined;
    const { time } = this.world;
    let result: T | undefined;
    try {
      this.peer.turn(time.now);
      result = act();
      while (this.#flushDue) {
        this.#flushDue = false;
        this.peer.flush(time.now);
      }
      this.#sleep();
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
    return result;
  }

  say(name: string, text: string): ReturnType<Peer["say"]> {
    return this.do(() => this.peer.say({ user: name }, text)) ?? { why: "crashed" };
  }

  sayIn(room: string, text: string): ReturnType<Peer["say"]> {
    return this.do(() => this.peer.say({ room }, text)) ?? { why: "crashed" };
  }

  ask(question: PeerQuestion): void {
    this.do(() => this.peer.ask(question));
  }

  meet(...others: readonly PeerNode[]): void {
    this.do(() => others.forEach(({ place }) => this.peer.meet(place)));
  }

  /** The program is gone without a word. */
  crash(): void {
    this.alive = false;
    this.run++;
    this.crashAfterSends = Infinity;
    this.world.udp.unbind(this.place);
    this.store.crash();
    this.crashed?.();
  }

  /** Their machine has another address from now on; the program is not told. */
  move(place: Address): void {
    this.world.udp.unbind(this.place);
    this.place = place;
    this.#bind();
  }

  leave(): void {
    this.do(() => this.peer.leave());
  }

  /** Shown events of one type, in their order. */
  saw<Type extends PeerEvent["type"]>(type: Type): Extract<PeerEvent, { type: Type }>[] {
    return this.shown.filter((event): event is Extract<PeerEvent, { type: Type }> => event.type === type);
  }

  /** Texts that were shown, with who said them. */
  get heard(): string[] {
    return this.saw("message").map(({ message: said }) =>
      "room" in said.to ? `${said.to.room} ${said.from}: ${said.text}` : `${said.from}: ${said.text}`
    );
  }

  #bind(): void {
    const { time, udp } = this.world;
    udp.bind(this.place, (from, datagram) => this.do(() => this.peer.receive(from, datagram, time.now)));
  }

  #send(to: Address, datagram: Uint8Array): void {
    this.world.udp.send(this.place, to, datagram);
    if (--this.crashAfterSends > 0) return;
    this.crash();
    throw new Crash();
  }

  #sleep(): void {
    const { wakeAt } = this.peer;
    const { time } = this.world;
    if (wakeAt === Infinity || wakeAt >= this.#wakeAt) return;
    this.#wakeAt = wakeAt;
    const run = this.run;
    time.in(Math.max(0, Math.ceil(wakeAt - time.now)), () => {
      if (run !== this.run || !this.alive || this.#wakeAt !== wakeAt) return;
      this.#wakeAt = Infinity;
      this.do(() => this.peer.tick(time.now));
      this.#restless = this.peer.wakeAt <= time.now ? this.#restless + 1 : 0;
      // Once may have its reason: somebody is gone, and is to be looked for.
      if (this.#restless > 2) this.world.problems.push(`${this.name} wants to be woken at once again and again`);
    });
  }
}

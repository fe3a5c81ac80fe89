import type { PeerEvent, PeerQuestion } from "../../lib/peer/event.ts";
import { type PeerOptions, peerOptions } from "../../lib/peer/options.ts";
import { Peer } from "../../lib/peer/peer.ts";
import { type Place, placeAt } from "../../lib/peer/place.ts";
import type { PeerStore } from "../../lib/peer/store.ts";
import { type Later, PeerKeys } from "../../lib/store/peer_keys.ts";
import { PeerMemory } from "../../lib/store/peer_memory.ts";
import { Random } from "./random.ts";
import { VirtualTime } from "./virtual_time.ts";
import { VirtualUdp, type Weather } from "./virtual_udp.ts";

/** A network without faults. */
export const FAIR: Weather = { loss: 0, repeats: 0, mostDelayMs: 5 };

interface Answer {
  readonly answer: Promise<unknown>;
  readonly done: (answer: never) => void;
  readonly node: PeerNode;
}

/** Peers on a virtual network, with real cryptography whose answers come in the order they were asked for. */
export class PeerWorld {
  readonly time = new VirtualTime();
  readonly random: Random;
  readonly udp: VirtualUdp;
  readonly problems: string[] = [];
  readonly #answers: Answer[] = [];

  constructor(seed: number, weather: Weather = FAIR) {
    this.random = new Random(seed);
    this.udp = new VirtualUdp(this.time, this.random, weather);
  }

  /** A person with a place, a key and a disk. */
  async person(name: string, port: number, options = peerOptions()): Promise<PeerNode> {
    const node = new PeerNode(this, name, placeAt("10.0.0.1", port), new PeerMemory(), options);
    await node.begin();
    return node;
  }

  later(node: PeerNode): Later {
    return (answer, done) => void this.#answers.push({ answer, done, node });
  }

  /** Lets so many milliseconds pass. */
  async pass(ms: number): Promise<void> {
    const until = this.time.now + ms;
    do await this.#answer(); while (this.time.step(until));
  }

  async #answer(): Promise<void> {
    while (this.#answers.length > 0) {
      const { answer, done, node } = this.#answers.shift()!;
      const given = await answer;
      node.do(() => done(given as never));
    }
  }

  /** Lets time pass until something holds; false when it does not within so many milliseconds. */
  async until(holds: () => boolean, withinMs = 60_000): Promise<boolean> {
    const end = this.time.now + withinMs;
    while (!holds() && this.time.now < end) await this.pass(50);
    return holds();
  }
}

/** One person's program, which may crash and begin again. */
export class PeerNode {
  peer!: Peer;
  alive = false;
  /** Everything that was shown, over all runs. */
  readonly shown: PeerEvent[] = [];
  /** Told of each event as it is shown. */
  watch: ((event: PeerEvent) => void) | undefined;
  #keys: PeerKeys | undefined;
  #run = 0;
  #flushDue = false;
  #wakeAt = Infinity;
  #restless = 0;

  constructor(
    readonly world: PeerWorld,
    readonly name: string,
    public place: Place,
    readonly store: PeerStore,
    readonly options: PeerOptions,
  ) {}

  /** Starts the program; with the key and the disk of before. */
  async begin(place = this.place): Promise<void> {
    const { time, udp, random } = this.world;
    this.place = place;
    const run = ++this.#run;
    this.#keys ??= await PeerKeys.passing((answer, done) => this.world.later(this)(answer, done));
    this.alive = true;
    this.#wakeAt = Infinity;
    this.peer = new Peer({
      name: this.name,
      way: {
        random8: () => Uint8Array.from({ length: 8 }, () => random.whole(0, 255)),
        send: (to, datagram) => {
          if (run === this.#run) udp.send(place, to, datagram);
        },
        show: (event) => {
          if (run !== this.#run) return;
          this.shown.push(event);
          this.watch?.(event);
        },
        due: () => void (this.#flushDue = true),
      },
      secrecy: this.#keys,
      store: this.store,
      options: this.options,
    }, time.now);
    udp.bind(place, (from, datagram) => this.do(() => this.peer.receive(from as Place, datagram, time.now)));
    this.do(() => this.peer.start());
  }

  /** One turn: what is done in it, and then what it has caused. */
  do<T>(act: () => T): T | undefined {
    if (!this.alive) return undefined;
    const { time } = this.world;
    this.peer.turn(time.now);
    const result = act();
    while (this.#flushDue && this.alive) {
      this.#flushDue = false;
      this.peer.flush(time.now);
    }
    this.#sleep();
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
    this.#run++;
    this.world.udp.unbind(this.place);
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
    return this.saw("message").map(({ said }) =>
      "room" in said.to ? `${said.to.room} ${said.from}: ${said.text}` : `${said.from}: ${said.text}`
    );
  }

  #sleep(): void {
    const { wakeAt } = this.peer;
    const { time } = this.world;
    if (wakeAt === Infinity || wakeAt >= this.#wakeAt) return;
    this.#wakeAt = wakeAt;
    const run = this.#run;
    time.in(Math.max(0, Math.ceil(wakeAt - time.now)), () => {
      if (run !== this.#run || !this.alive || this.#wakeAt !== wakeAt) return;
      this.#wakeAt = Infinity;
      this.do(() => this.peer.tick(time.now));
      this.#restless = this.peer.wakeAt <= time.now ? this.#restless + 1 : 0;
      // Once may have its reason: somebody is gone, and is to be looked for.
      if (this.#restless > 2) this.world.problems.push(`${this.name} wants to be woken at once again and again`);
    });
  }
}

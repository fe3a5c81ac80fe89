import type { Address } from "../../lib/core/address.ts";
import type { PeerEvent, PeerOutput, PeerQuestion } from "../../lib/peers/event.ts";
import type { PeerOptions } from "../../lib/peers/options.ts";
import { Peer } from "../../lib/peers/peer.ts";
import { PeerKeys } from "../../lib/store/peer_keys.ts";
import type { PeerDisk } from "./peer_disk.ts";
import type { PeerNetwork } from "./peer_network.ts";

/** Thrown to end the turn of a crashed program. */
class Crash extends Error {}

/** One peer's program, which may crash and restart. */
export class PeerNode {
  peer!: Peer;
  alive = false;
  /** All events shown, over all runs. */
  readonly shown: PeerEvent[] = [];
  /** Messages received from other programs. */
  readonly signals: string[] = [];
  /** Called with each event when it is shown. */
  watch: ((event: PeerEvent) => void) | undefined;
  /** Called when the program crashes. */
  crashed: (() => void) | undefined;
  /** The program crashes after this many further datagrams. */
  crashAfterSends = Infinity;
  /** Whether nothing is sent before a directory has answered. */
  awaitsDirectory = false;
  /** Incremented at each start and crash. */
  run = 0;
  #keys: PeerKeys | undefined;
  #wakeAt = Infinity;
  #restless = 0;

  constructor(
    readonly world: PeerNetwork,
    readonly name: string,
    public place: Address,
    public store: PeerDisk,
    readonly options: PeerOptions,
  ) {}

  /** Starts the program with the existing key and disk. */
  async begin(place = this.place): Promise<void> {
    const { time, random } = this.world;
    this.place = place;
    this.run++;
    this.#keys ??= await PeerKeys.temporary();
    this.alive = true;
    this.#wakeAt = Infinity;
    this.peer = new Peer({
      name: this.name,
      key: this.#keys,
      store: this.store,
      options: this.options,
      random8: () => Uint8Array.from({ length: 8 }, () => random.whole(0, 255)),
    }, time.now);
    this.#bind();
    this.do((now) => this.peer.start(now, this.awaitsDirectory));
  }

  get keys(): PeerKeys {
    return this.#keys!;
  }

  /** Runs one turn: the action, then its consequences. */
  do<T>(act: (now: number) => T): T | undefined {
    if (!this.alive) return undefined;
    const { now } = this.world.time;
    let result: T | undefined;
    try {
      result = act(now);
      this.peer.flush(now);
      for (const output of this.peer.takeOutputs()) this.#perform(output);
      this.#sleep();
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
    return result;
  }

  #perform(output: PeerOutput): void {
    switch (output.type) {
      case "send":
        return this.#send(output.address, output.datagram);
      case "show":
        this.shown.push(output.event);
        return this.watch?.(output.event);
      case "signal":
        return void this.signals.push(`${output.from} at ${output.at}: ${output.text}`);
      case "compute":
        return this.world.compute(this, output.request);
    }
  }

  say(name: string, text: string): ReturnType<Peer["say"]> {
    return this.do((now) => this.peer.say({ user: name }, text, now)) ?? { why: "crashed" };
  }

  sayIn(room: string, text: string): ReturnType<Peer["say"]> {
    return this.do((now) => this.peer.say({ room }, text, now)) ?? { why: "crashed" };
  }

  ask(question: PeerQuestion): void {
    this.do((now) => this.peer.ask(question, now));
  }

  meet(...others: readonly PeerNode[]): void {
    this.do((now) => others.forEach(({ place }) => this.peer.meet(place, now)));
  }

  /** The program vanishes without closing its links. */
  crash(): void {
    this.alive = false;
    this.run++;
    this.crashAfterSends = Infinity;
    this.world.udp.unbind(this.place);
    this.store.crash();
    this.crashed?.();
  }

  /** Changes the machine's address; the program is not notified. */
  move(place: Address): void {
    this.world.udp.unbind(this.place);
    this.place = place;
    this.#bind();
  }

  leave(): void {
    this.do((now) => this.peer.close(now));
  }

  /** The events of one type, in order. */
  saw<Type extends PeerEvent["type"]>(type: Type): Extract<PeerEvent, { type: Type }>[] {
    return this.shown.filter((event): event is Extract<PeerEvent, { type: Type }> => event.type === type);
  }

  /** The shown texts with their senders. */
  get heard(): string[] {
    return this.saw("message").map(({ message: said }) =>
      "room" in said.to ? `${said.to.room} ${said.from}: ${said.text}` : `${said.from}: ${said.text}`
    );
  }

  #bind(): void {
    this.world.udp.bind(this.place, (from, datagram) => this.do((now) => this.peer.receive(from, datagram, now)));
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
      this.do((now) => this.peer.tick(now));
      this.#restless = this.peer.wakeAt <= time.now ? this.#restless + 1 : 0;
      // One repetition may be justified: a peer is gone and has to be found again.
      if (this.#restless > 2) this.world.problems.push(`${this.name} wants to be woken at once again and again`);
    });
  }
}

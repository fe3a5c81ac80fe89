import { Accounts, type Secret } from "../../lib/chat/accounts.ts";
import type { Command } from "../../lib/chat/command.ts";
import type { Event } from "../../lib/chat/event.ts";
import { Hub } from "../../lib/chat/hub.ts";
import { limits } from "../../lib/core/limits.ts";
import { ExchangeMachine } from "../../lib/exchange/machine.ts";
import { ChatStore } from "../../lib/store/chat_store.ts";
import type { Random } from "./random.ts";
import { SimulatedDisk } from "./simulated_disk.ts";
import { type SimulatedExchange, SimulatedMaker } from "./simulated_exchange.ts";
import type { VirtualTime } from "./virtual_time.ts";

/** Small, so that pages come from the store too. */
const LIMITS = limits({ logBytes: 8000, saidBytes: 1_000_000_000, saidBytesPerSecond: 1_000_000_000 });
const WALL = 1_700_000_000_000;

/** One server at a simulated exchange: the real hub, store and machine. */
export class SimulatedServer {
  readonly store: ChatStore;
  readonly disk = new SimulatedDisk(this, (random) => random.chance(0.02) ? random.whole(50, 500) : random.whole(0, 5));
  hub!: Hub;
  machine!: ExchangeMachine;
  maker!: SimulatedMaker;
  isDown = true;
  crashes = 0;
  readonly notes: string[] = [];
  readonly #listeners = new Map<number, (event: Event) => void>();
  #generation = 0;
  #lastSession = 0;

  constructor(
    readonly name: string,
    readonly world: { readonly time: VirtualTime; readonly random: Random; readonly exchange: SimulatedExchange },
    readonly accounts: ReadonlyMap<string, Secret>,
    readonly onCrash: (server: SimulatedServer) => void,
  ) {
    this.store = new ChatStore(":memory:", `0${name}0`);
    this.up();
  }

  get #wall(): number {
    return WALL + this.world.time.now;
  }

  up(): void {
    const { time, exchange } = this.world;
    const generation = ++this.#generation;
    this.isDown = false;
    this.disk.restart();
    const accounts = new Accounts(this.accounts);
    const bytes = (count: number) => new Uint8Array(count);
    const { snapshot } = this.store;
    this.hub = new Hub(accounts, LIMITS, {
      snapshot,
      randomness: { bytes, salt: () => bytes(16) },
      shares: true,
    });
    const machine = this.machine = new ExchangeMachine(snapshot.id, this.name, snapshot.sharing, time.now, this.#wall);
    this.maker = new SimulatedMaker(exchange, snapshot.id, (event) => {
      if (generation === this.#generation) this.turn(() => machine.event(event, time.now));
    });
    const tick = () => {
      if (generation !== this.#generation) return;
      this.turn(() => {
        this.hub.tick(time.now, this.#wall);
        machine.tick(time.now);
      });
      time.in(50, tick);
    };
    tick();
  }

  crash(): void {
    this.crashes++;
    this.#generation++;
    this.disk.restart();
    this.isDown = true;
    this.#listeners.clear();
    this.maker.close();
    this.onCrash(this);
  }

  open(address: string, listen: (event: Event) => void): number {
    const id = ++this.#lastSession;
    this.#listeners.set(id, listen);
    this.hub.addSession(id, address);
    return id;
  }

  has(session: number): boolean {
    return this.#listeners.has(session);
  }

  handle(session: number, command: Command): void {
    if (this.#listeners.has(session)) this.turn(() => this.hub.handle(session, command, this.world.time.now));
  }

  leave(session: number): void {
    this.handle(session, { type: "leave", why: "cut" });
    this.#listeners.delete(session);
  }

  /** The operator says something. */
  say(text: string): void {
    this.turn(() => void this.hub.operator.say(text, this.world.time.now));
  }

  turn(act: () => void): void {
    if (this.isDown) return;
    act();
    this.#drain();
    this.hub.flush(this.world.time.now, this.#wall);
    this.#drain();
  }

  #drain(): void {
    const { time } = this.world;
    for (;;) {
      const [effects, outputs] = [this.hub.takeOutputs(), this.machine.takeOutputs()];
      if (effects.length + outputs.length === 0) break;
      for (const effect of effects) {
        if (effect.type === "append") this.disk.add({ batch: effect.batch });
        else if (effect.type === "query") this.disk.add({ id: effect.id, query: effect.query });
        else if (effect.type === "exchange") this.machine.hub(effect.output, time.now);
        else if (effect.type === "tell") {
          for (const id of effect.to) {
            const listen = this.#listeners.get(id);
            if (listen) time.in(1, () => this.#listeners.get(id) === listen && listen(effect.event));
          }
        } else if (effect.type === "prove") {
          const { session } = effect;
          time.in(5, () => this.handle(session, { type: "checked", right: true, proof: new Uint8Array(32) }));
        } else if (effect.type === "end") {
          this.notes.push(`a session was ended: ${effect.why}`);
          time.in(0, () => this.#listeners.get(effect.session)?.({ type: "closing", why: effect.why }));
        }
      }
      for (const output of outputs) {
        if (output.type === "command") this.maker.execute(output.command);
        else if (output.type === "hub") this.hub.exchange(output.input, time.now);
        else this.notes.push(output.text);
      }
    }
    this.disk.next();
  }
}

import { Accounts } from "../../lib/chat/accounts.ts";
import { Entries, Message } from "../../lib/chat/event.ts";
import { Hub } from "../../lib/chat/hub.ts";
import { limits } from "../../lib/core/limits.ts";
import { encodeEntries, encodeEvent } from "../../lib/protocols/native/replies.ts";
import { ChatStore } from "../../lib/store/chat_store.ts";
import { type DeliveryWorld, USERS } from "./delivery_world.ts";
import { SimulatedDisk } from "./simulated_disk.ts";

/** Small, so that pages come from the store too. */
export const DELIVERY_LIMITS = limits({ logBytes: 4000 });

/** The end of a connection that is not the server's. */
export interface LinkedDevice {
  readonly name: string;
  link: Link | undefined;
  receive(link: Link, json: string): void;
  handoutEvent(link: Link, event: unknown): void;
  lost(link: Link): void;
}

/** One connection: both directions in order, each message after a delay, until it is cut. */
export class Link {
  isCut = false;
  /** Messages for a handout session: the first is under way, the others wait for its confirmation. */
  readonly queue: Message[] = [];
  /** When the last message of each direction arrives. */
  #up = 0;
  #down = 0;

  constructor(
    readonly server: DeliveryServer,
    readonly session: number,
    readonly device: LinkedDevice,
    public native: boolean,
  ) {}

  up(act: () => void): void {
    this.#up = this.#send(this.#up, () => !this.isCut && this.server.knows(this) && this.server.turn(act));
  }

  down(act: () => void): void {
    this.#down = this.#send(this.#down, () => this.device.link === this && act());
  }

  sendFirst(): void {
    const [first] = this.queue;
    if (first) this.down(() => this.device.handoutEvent(this, first));
  }

  /** What is on its way to the device takes so much longer: its window closes. */
  stall(ms: number): void {
    this.#down = Math.max(this.#down, this.server.world.time.now + ms);
  }

  /** Both sides notice at their own time. */
  cut(): void {
    if (this.isCut) return;
    this.isCut = true;
    const { server } = this;
    const { time, random } = server.world;
    time.in(random.whole(0, 2000), () => server.knows(this) && server.turn(() => server.end(this)));
    time.in(random.whole(0, 2000), () => this.device.lost(this));
  }

  #send(last: number, act: () => void): number {
    const { time, random } = this.server.world;
    const at = Math.max(last, time.now + random.whole(0, random.chance(0.1) ? 400 : 20));
    time.in(at - time.now, act);
    return at;
  }
}

/** The real hub and store, on a simulated disk. */
export class DeliveryServer {
  readonly store = new ChatStore(":memory:");
  readonly disk = new SimulatedDisk(
    this,
    (random) => random.chance(0.05) ? random.whole(50, 1000) : random.whole(0, 10),
  );
  hub!: Hub;
  crashes = 0;
  isDown = false;
  #links = new Map<number, Link>();
  #generation = 0;
  #lastSession = 0;

  constructor(readonly world: DeliveryWorld) {
    this.up();
  }

  up(): void {
    const generation = ++this.#generation;
    this.isDown = false;
    this.disk.restart();
    this.#links = new Map();
    const accounts = new Accounts(new Map(USERS.map((name) => [name, { type: "plain", password: "p" }])));
    const bytes = (count: number) => new Uint8Array(count);
    this.hub = new Hub(accounts, DELIVERY_LIMITS, {
      snapshot: this.store.snapshot,
      randomness: { bytes, salt: () => bytes(16) },
    });
    const tick = () => {
      if (generation !== this.#generation) return;
      this.turn(() => this.hub.tick(this.world.time.now, this.world.wall));
      this.world.time.in(50, tick);
    };
    tick();
  }

  crash(): void {
    this.crashes++;
    this.#generation++;
    this.disk.restart();
    this.isDown = true;
    for (const link of this.#links.values()) link.cut();
    this.#links.clear();
    this.world.time.in(this.world.random.whole(100, 5000), () => this.up());
  }

  knows(link: Link): boolean {
    return this.#links.get(link.session) === link;
  }

  /** Lets a device in; undefined while the server is down. */
  connect(device: LinkedDevice, native: boolean): Link | undefined {
    if (this.isDown) return undefined;
    const link = new Link(this, ++this.#lastSession, device, native);
    this.#links.set(link.session, link);
    this.turn(() => {
      this.hub.addSession(link.session, "10.0.0.1");
      const { name } = device;
      // The device starts by itself, and hears no welcome.
      if (native) this.hub.handle(link.session, { type: "authenticated", name }, this.world.time.now);
      else {
        this.hub.handle(link.session, { type: "login", name, password: "p" }, this.world.time.now);
        this.hub.handle(link.session, { type: "ready" }, this.world.time.now);
      }
    });
    return link;
  }

  end(link: Link): void {
    this.#links.delete(link.session);
    this.hub.handle(link.session, { type: "leave", why: "cut" }, this.world.time.now);
  }

  turn(act: () => void): void {
    if (this.isDown) return;
    act();
    this.hub.flush(this.world.time.now, this.world.wall);
    this.#drain();
  }

  #drain(): void {
    for (const effect of this.hub.takeOutputs()) {
      switch (effect.type) {
        case "append":
          this.disk.add({ batch: effect.batch });
          break;
        case "end": {
          this.world.problems.push(`a session was ended: ${effect.why}`);
          this.#links.get(effect.session)?.cut();
          break;
        }
        case "query":
          this.disk.add({ id: effect.id, query: effect.query });
          break;
        case "tell":
          for (const id of effect.to) {
            const link = this.#links.get(id);
            if (!link) continue;
            const { event } = effect;
            if (event instanceof Message || event.type === "outcome" || event.type === "turnedAway") {
              if (!(event instanceof Message)) link.down(() => link.device.handoutEvent(link, event));
              else if (link.queue.push(event) === 1) link.sendFirst();
            } else if (link.native && event.type !== "welcome") {
              const frames = event instanceof Entries
                ? encodeEntries(event, "messages")
                : encodeEvent(event, "messages");
              const jsons = frames.map((bytes) => new TextDecoder().decode(bytes));
              for (const json of jsons) link.down(() => link.device.receive(link, json));
            }
          }
      }
    }
    this.disk.next();
  }
}

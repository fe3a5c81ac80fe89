import type { Target } from "../../lib/chat/entry.ts";
import type { Event } from "../../lib/chat/event.ts";
import type { Random } from "./random.ts";
import type { SimulatedServer } from "./simulated_server.ts";
import type { VirtualTime } from "./virtual_time.ts";

/** What people do and see, to be checked. */
export interface PeopleWorld {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly problems: string[];
  /** Texts that were said, and to whom. */
  readonly said: Map<string, { readonly from: string; readonly to: Target }>;
  /** Texts whose senders know that they are kept, or that they were delivered. */
  readonly confirmed: Set<string>;
  /** Texts that failed or were refused. */
  readonly failed: Set<string>;
  /** Texts that their senders have withdrawn: a handout client that logs in afterwards is not told them, but what became of them. */
  readonly withdrawn: Set<string>;
  /** What each user's programs have shown. */
  readonly shown: Map<string, Set<string>>;
}

/** A connection to one server. */
export abstract class Program {
  server: SimulatedServer | undefined;
  session = 0;
  #generation = 0;
  protected counter = 0;
  /** The last number of its address: limits are those of an address. */
  protected place = 1;

  constructor(
    readonly world: PeopleWorld,
    readonly name: string,
    readonly servers: readonly SimulatedServer[],
    /** How often it goes to another server than its own. */
    readonly roams: number,
  ) {
    world.shown.set(name, world.shown.get(name) ?? new Set());
    this.#later();
  }

  protected abstract begin(): void;
  protected abstract event(event: Event): void;
  protected abstract ended(): void;

  /** The connection breaks, or the server is gone. */
  cut(): void {
    const { server, session } = this;
    if (!server) return;
    this.server = undefined;
    this.#generation++;
    server.leave(session);
    this.ended();
    this.#later();
  }

  command(command: Parameters<SimulatedServer["handle"]>[1]): void {
    this.server?.handle(this.session, command);
  }

  protected see(text: string, from: string, to: Target): void {
    const { world } = this;
    // An edit or a withdrawal, in a handout's words.
    if (text.startsWith("(edited)") || text.startsWith("(withdrawn")) return;
    const said = world.said.get(text);
    if (!said) return void world.problems.push(`${this.name} was told ${text}, which was never said`);
    if (said.from !== from) world.problems.push(`${text} was told as said by ${from}`);
    if ("user" in to && to.user !== this.name && from !== this.name) {
      world.problems.push(`${this.name} was told ${text}, which was for ${to.user}`);
    }
    world.shown.get(this.name)!.add(text);
  }

  #later(): void {
    const { time, random } = this.world;
    const generation = ++this.#generation;
    time.in(random.whole(100, 1500), () => {
      if (generation !== this.#generation) return;
      const up = this.servers.filter(({ isDown }) => !isDown);
      const [home] = this.servers;
      const server = !home!.isDown && !random.chance(this.roams) ? home : up.length > 0 ? random.pick(up) : undefined;
      if (!server || (this.roams === 0 && server !== home)) return this.#later();
      this.server = server;
      this.session = server.open(`10.0.0.${this.place}`, (event) => this.server === server && this.event(event));
      this.begin();
    });
  }
}

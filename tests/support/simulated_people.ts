import type { Target } from "../../lib/chat/entry.ts";
import { Entries, type Event, Message } from "../../lib/chat/event.ts";
import { type PeopleWorld, Program } from "./simulated_program.ts";
import type { SimulatedServer } from "./simulated_server.ts";

/** A handout's client: it confirms each message, and waits for the outcome of its own. */
export class HandoutProgram extends Program {
  readonly #queue: Message[] = [];
  #ref = 0;
  #awaited: { readonly text: string } | undefined;
  #isReady = false;

  get isSettled(): boolean {
    return this.#isReady && !this.#awaited;
  }

  say(to: Target): void {
    if (!this.#isReady || this.#awaited) return;
    const text = `${this.name}.${++this.counter}`;
    this.world.said.set(text, { from: this.name, to });
    this.#awaited = { text };
    const ref = ++this.#ref;
    this.command("user" in to ? { type: "send", ref, to: to.user, text } : { type: "sendAll", ref, text });
  }

  protected begin(): void {
    this.command({ type: "login", name: this.name, password: "p" });
  }

  protected ended(): void {
    this.#isReady = false;
    this.#queue.length = 0;
    // No server will tell its outcome.
    if (this.#awaited) this.world.failed.add(this.#awaited.text);
    this.#awaited = undefined;
  }

  protected event(event: Event): void {
    if (event instanceof Message) {
      if (this.#queue.push(event) === 1) this.#next();
      return;
    }
    switch (event.type) {
      case "welcome":
        this.#isReady = true;
        return this.command({ type: "ready" });
      case "outcome": {
        const { text } = this.#awaited!;
        this.#awaited = undefined;
        if (!event.delivered) this.world.failed.add(text);
        else {
          const { to } = this.world.said.get(text)!;
          if ("user" in to && !this.world.shown.get(to.user)?.has(text)) {
            this.world.problems.push(`${this.name} was told that ${to.user} has ${text}, who does not have it`);
          }
          this.world.confirmed.add(text);
        }
        return;
      }
      case "turnedAway":
      case "closing":
        return this.cut();
    }
  }

  #next(): void {
    const [message] = this.#queue;
    if (!message) return;
    const { server } = this;
    this.world.time.in(this.world.random.whole(1, 30), () => {
      if (this.server !== server || this.#queue[0] !== message) return;
      this.#queue.shift();
      this.see(message.text, message.from, message.scope === "one" ? { user: this.name } : { room: "lobby" });
      this.command({ type: "taken", id: message.id });
      this.#next();
    });
  }
}

/** A client that takes a name by a key, where others try the same. */
export class NameProgram extends Program {
  isOnline = false;

  constructor(
    world: PeopleWorld,
    name: string,
    servers: readonly SimulatedServer[],
    readonly key: number,
    readonly rivals: NameProgram[],
    /** Whether the exchange has forgotten who holds what. */
    readonly hasLost: () => boolean,
  ) {
    super(world, name, servers, 0);
    rivals.push(this);
    this.place = this.world.random.whole(10, 250);
  }

  protected begin(): void {
    this.command({ type: "hello", name: this.name, nonce: "n", key: new Uint8Array(32).fill(this.key) });
  }

  protected ended(): void {
    this.isOnline = false;
    // Those who are refused again and again are not heard any more.
    this.place = this.world.random.whole(10, 250);
  }

  protected event(event: Event): void {
    if (event instanceof Message || event instanceof Entries) return;
    if (event.type === "challenge") return this.command({ type: "prove", proof: new Uint8Array(32) });
    if (event.type === "turnedAway" || event.type === "closing") return this.cut();
    if (event.type !== "welcome") return;
    this.isOnline = true;
    const rival = this.rivals.find(({ isOnline, key }) => isOnline && key !== this.key);
    if (rival && !this.hasLost()) this.world.problems.push(`${this.name} is held twice`);
  }
}

/** A guest of a room: what it says has no confirmation, and it is told what is said there while it is there. */
export class GuestProgram extends Program {
  /** What it was told since it is there, after this entry of its server. */
  readonly told = new Set<string>();
  begunAt = 0;
  #isThere = false;

  constructor(world: PeopleWorld, name: string, server: SimulatedServer, readonly room: string) {
    super(world, name, [server], 0);
  }

  say(): void {
    if (!this.#isThere) return;
    const text = `${this.name}.${++this.counter}`;
    this.world.said.set(text, { from: this.name, to: { room: this.room } });
    this.command({ type: "announce", text });
  }

  protected begin(): void {
    this.command({ type: "enterRoom", as: this.name, room: this.room });
  }

  protected ended(): void {
    this.#isThere = false;
  }

  protected event(event: Event): void {
    if (event instanceof Message) {
      const { text, from, scope } = event;
      // Two edits may have the same text.
      if (this.told.has(text) && this.world.said.has(text)) {
        this.world.problems.push(`${this.name} was told ${text} twice`);
      }
      this.see(text, from, { room: scope === "room" ? this.room : "lobby" });
      this.told.add(text);
    } else if (event instanceof Entries) return;
    else if (event.type === "entered") {
      this.#isThere = true;
      this.told.clear();
      this.begunAt = this.server!.store.snapshot.last;
    } else if (event.type === "turnedAway" || event.type === "closing") this.cut();
  }
}

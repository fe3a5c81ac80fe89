import type { Command } from "../../lib/chat/command.ts";
import type { Entry, Target } from "../../lib/chat/entry.ts";
import { Entries, type Event, Message } from "../../lib/chat/event.ts";
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
  /** What each user's programs have shown. */
  readonly shown: Map<string, Set<string>>;
}

type NumberedCommand = Extract<Command, { type: "say" | "edit" }>;

/** Something that a client says, until the server has answered it. */
interface UnansweredCommand {
  readonly text: string;
  readonly command: NumberedCommand;
}

/** A connection to one server. */
abstract class Program {
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
    // An edit, in a handout's words.
    if (text.startsWith("(edited)")) return;
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

/** A native client: it repeats what is not confirmed, and acknowledges what it is told. */
export class NativeProgram extends Program {
  readonly shown = new Map<string, { readonly store: string }>();
  readonly order: string[] = [];
  readonly rooms = new Set<string>();
  /** For each text, the servers to which it was sent, and the newest entry that each had when the first such session began. */
  readonly sent = new Map<string, Map<SimulatedServer, number>>();
  readonly #unanswered: UnansweredCommand[] = [];
  /** Own words by the store that numbers them. */
  readonly #own = new Map<string, { readonly seq: number; readonly text: string; readonly to: string }[]>();
  readonly #told = new Map<string, number>();
  #number = 0;
  #store = "";
  /** The newest entry of the server when the session began. */
  #begunAt = 0;
  #isReady = false;
  #acks = false;

  get client(): string {
    return `c${this.name}`;
  }

  get isSettled(): boolean {
    return this.#isReady && this.#unanswered.length === 0;
  }

  /** Everything up to here has an answer. */
  get #answered(): number {
    return (this.#unanswered[0]?.command.number ?? this.#number + 1) - 1;
  }

  say(to: Target): void {
    const text = `${this.name}.${++this.counter}`;
    this.world.said.set(text, { from: this.name, to });
    this.#send({ type: "say", number: ++this.#number, to, text }, text);
  }

  /** Changes one of its own messages, as this server numbers them. */
  edit(): void {
    const own = this.#own.get(this.#store) ?? [];
    if (!this.#isReady || own.length === 0) return;
    const { seq, text } = this.world.random.pick(own.slice(-10));
    const changed = `${text}e${this.counter}`;
    this.#send({ type: "edit", number: ++this.#number, of: seq, store: this.#store, text: changed }, changed);
  }

  join(room: string): void {
    if (this.#isReady) this.command({ type: "join", ref: 1, room });
  }

  leaveRoom(room: string): void {
    if (!this.rooms.delete(room) || !this.#isReady) return;
    this.command({ type: "leaveRoom", ref: 1, room });
  }

  #send(command: NumberedCommand, text: string): void {
    const message = { command, text };
    this.#unanswered.push(message);
    if (this.#isReady) this.#give(message);
  }

  #give({ command, text }: UnansweredCommand): void {
    const { server, sent } = this;
    if (!sent.has(text)) sent.set(text, new Map());
    const servers = sent.get(text)!;
    if (!servers.has(server!)) servers.set(server!, this.#begunAt);
    this.command(command);
  }

  protected begin(): void {
    this.command({ type: "authenticated", name: this.name });
  }

  protected ended(): void {
    this.#isReady = false;
  }

  protected event(event: Event): void {
    if (event instanceof Entries) return this.#entries(event.entries);
    switch (event.type) {
      case "welcome": {
        const store = this.server!.store.snapshot.id;
        const after = this.#told.get(store);
        const known = after === undefined ? {} : { store, after };
        return this.command({ type: "resume", client: this.client, answered: this.#answered, ...known });
      }
      case "begun":
        this.#store = event.store;
        for (const { number, why } of event.refused) this.#refused(number, why);
        this.#confirm(event.accepted);
        this.#isReady = true;
        this.#begunAt = this.server!.store.snapshot.last;
        for (const message of this.#unanswered) this.#give(message);
        return;
      case "joined":
        return void this.rooms.add(event.room);
      case "sent":
        return this.#confirm(event.upTo);
      case "notSent":
        return this.#refused(event.number, event.why);
      case "received":
        return this.#received(event.by, event.upTo);
      case "turnedAway":
      case "closing":
        return this.cut();
    }
  }

  #entries(entries: readonly Entry[]): void {
    for (const { seq, type, from, to, text, client, number, of } of entries) {
      const told = this.#told.get(this.#store) ?? 0;
      if (seq <= told) this.world.problems.push(`${this.name} was told ${seq} after ${told}`);
      this.#told.set(this.#store, seq);
      if (from === this.name && client === this.client) this.#confirm(number!);
      const failed = type === "failure" && this.#own.get(this.#store)?.find((own) => own.seq === of);
      if (failed) this.world.failed.add(failed.text);
      if (type !== "message") continue;
      if (from === this.name) {
        const own = this.#own.get(this.#store) ?? [];
        own.push({ seq, text, to: "user" in to ? to.user : "" });
        this.#own.set(this.#store, own);
      }
      const before = this.shown.get(text);
      // A client recognises what it has by the sender's client and its number there; what handouts say has none.
      const isRecognised = before?.store !== this.#store && (client !== undefined || this.roams > 0);
      if (before && !isRecognised) this.world.problems.push(`${this.name} was told ${text} twice at ${this.#store}`);
      if (before) continue;
      this.shown.set(text, { store: this.#store });
      this.order.push(text);
      this.see(text, from, to);
    }
    if (this.#acks) return;
    this.#acks = true;
    this.world.time.in(this.world.random.whole(1, 60), () => {
      this.#acks = false;
      const told = this.#told.get(this.#store);
      if (told !== undefined) this.command({ type: "acknowledge", seq: told });
    });
  }

  #confirm(upTo: number): void {
    while (this.#unanswered[0] && this.#unanswered[0].command.number <= upTo) {
      this.world.confirmed.add(this.#unanswered.shift()!.text);
    }
  }

  #refused(number: number, why: string): void {
    const at = this.#unanswered.findIndex(({ command }) => command.number === number);
    if (at < 0) return;
    const [message] = this.#unanswered.splice(at, 1);
    // A server that a client has gone over to may not know yet what the other one was told.
    if (!/cannot keep|the disk|not a room|from another server/.test(why)) {
      this.world.problems.push(`${message!.text} was refused: ${why}`);
    }
    this.world.failed.add(message!.text);
  }

  #received(by: string, upTo: number): void {
    for (const { seq, text, to } of this.#own.get(this.#store) ?? []) {
      if (to !== by || seq > upTo || this.world.shown.get(by)?.has(text) || this.world.failed.has(text)) continue;
      this.world.problems.push(`${this.name} was told that ${by} has ${text}, who does not have it`);
    }
  }
}

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

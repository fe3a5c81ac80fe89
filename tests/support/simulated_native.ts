import type { Command } from "../../lib/chat/command.ts";
import type { Entry, Target } from "../../lib/chat/entry.ts";
import { Entries, type Event } from "../../lib/chat/event.ts";
import { REACTIONS, reactionText } from "../../lib/chat/reactions.ts";
import { reactionTo, withdrawalOf, WITHDRAWN } from "./simulated_texts.ts";
import { Program } from "./simulated_program.ts";
import type { SimulatedServer } from "./simulated_server.ts";

type NumberedCommand = Extract<Command, { type: "say" | "edit" | "withdraw" | "react" }>;

/** Something that a client says, until the server has answered it. */
interface UnansweredCommand {
  readonly text: string;
  readonly command: NumberedCommand;
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
  /** What it shows of the messages that it was told, by the store that numbers them. */
  readonly #views = new Map<string, Map<number, string>>();
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

  /** What it shows of the messages that its server has told it, by their numbers there. */
  get view(): ReadonlyMap<number, string> {
    return this.#view;
  }

  get #view(): Map<number, string> {
    const view = this.#views.get(this.#store) ?? new Map<number, string>();
    this.#views.set(this.#store, view);
    return view;
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

  /** Edits or withdraws one of its own messages, as this server numbers them. */
  change(): void {
    const own = this.#own.get(this.#store) ?? [];
    if (!this.#isReady || own.length === 0) return;
    const { random } = this.world;
    const { seq, text } = random.pick(own.slice(-10));
    const about = { number: ++this.#number, of: seq, store: this.#store };
    if (random.chance(0.1)) {
      this.world.withdrawn.add(text);
      return this.#send({ type: "withdraw", ...about }, withdrawalOf(text));
    }
    const changed = `${text}e${this.counter}`;
    this.#send({ type: "edit", ...about, text: changed }, changed);
  }

  /** Puts a mark to a message that it was told, or takes it back. */
  react(): void {
    const view = [...this.#view].filter(([, text]) => text !== WITHDRAWN).slice(-10);
    if (!this.#isReady || view.length === 0) return;
    const { random } = this.world;
    const [seq, text] = random.pick(view);
    const mark = reactionText(random.pick(REACTIONS.slice(0, 2)), random.chance(0.4));
    const about = { number: ++this.#number, of: seq, store: this.#store };
    this.#send({ type: "react", ...about, text: mark }, reactionTo(text));
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
      if (type === "edit" && this.#view.has(of!)) this.#view.set(of!, text);
      if (type === "withdrawal" && this.#view.has(of!)) this.#view.set(of!, WITHDRAWN);
      if (type !== "message") continue;
      this.#view.set(seq, text);
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
    if (!/cannot keep|the disk|not a room|from another server|was withdrawn|that you can see/.test(why)) {
      this.world.problems.push(`${message!.text} was refused: ${why}`);
    }
    this.world.failed.add(message!.text);
  }

  #received(by: string, upTo: number): void {
    const { failed, withdrawn } = this.world;
    for (const { seq, text, to } of this.#own.get(this.#store) ?? []) {
      if (to !== by || seq > upTo || this.world.shown.get(by)?.has(text)) continue;
      if (failed.has(text) || withdrawn.has(text)) continue;
      this.world.problems.push(`${this.name} was told that ${by} has ${text}, who does not have it`);
    }
  }
}

import type { ScryptSecret } from "./accounts.ts";
import type { Course } from "./delivery_cursor.ts";
import type { Delivery } from "./outcome.ts";
import type { Challenge, Message } from "./event.ts";
import type { KeptMessage } from "./store.ts";

/** What names a session for as long as the server runs. */
export type SessionId = number;

/** What a handout session has been told and has not answered yet. */
export interface Owed {
  readonly message: Message;
  /** Whoever waits to hear of it; kept messages of our own doors have nobody. */
  readonly delivery: Delivery | undefined;
  /** When the message was said, for the receipt's time. */
  readonly said: number;
}

/** Somebody on the way in. */
export interface Login {
  readonly name: string;
  /** Whether the right answer opens; not when a decoy was tried. */
  readonly counts: boolean;
  /** Whether it is only asked for: nobody comes in. */
  readonly asks?: boolean;
  readonly proving?: {
    readonly nonce: string;
    readonly challenge: Challenge;
    readonly by: Proof;
    readonly answered: boolean;
  } | undefined;
}

/** What a proof is checked against. */
export type Proof =
  | { readonly type: "password"; readonly secret: ScryptSecret | { readonly type: "plain"; readonly password: string } }
  /** `fresh`: nobody has the name yet. */
  | { readonly type: "key"; readonly key: Uint8Array; readonly fresh: boolean };

/** The hub's view of one session. */
export class Presence {
  name: string | undefined;
  /** A handout session knows only what its handout has; a guest is in the lobby, and no more; the others speak our own protocol. */
  kind: "handout" | "native" | "guest" = "handout";
  /** Whether it can be told messages. */
  ready = false;
  login: Login | undefined;
  /** What a guest is called. */
  visitor = "";
  /** Of a native session, and of a handout session for which something was kept. */
  course: Course | undefined;
  /** The last message of the lobby that it has taken. */
  lobbyTaken = 0;
  #owes: Map<number, Owed> | undefined;

  constructor(readonly id: SessionId, readonly address: string, readonly brief = false) {}

  /** What it has been told and has neither taken nor missed; the first is under way, the others stand behind it. */
  get owes(): Map<number, Owed> {
    return this.#owes ??= new Map();
  }

  get owing(): number {
    return this.#owes?.size ?? 0;
  }
}

/** A kept message that a sender at a handout door wants to hear of. */
export interface Awaited {
  readonly delivery: Delivery;
  /** No longer than this. */
  readonly until: number;
  readonly kept: KeptMessage;
}

/** One user who is online, with all their sessions. */
export class Person {
  /** At most one: the handout knows no second. */
  handout: Presence | undefined;
  readonly natives: Presence[] = [];
  /** Up to where their clients have everything. */
  acked = 0;
  /** The first message or notice of their own that they were told and have not acknowledged; Infinity when there is none. */
  privateFrom = Infinity;
  /** The last of them. */
  privateUpTo = 0;
  /** Senders at handout doors who wait for the acknowledgement of a kept message, by its number. */
  readonly awaited = new Map<number, Awaited>();

  constructor(
    readonly name: string,
    /** Since when they are online. */
    readonly since: number,
  ) {}

  get gone(): boolean {
    return this.handout === undefined && this.natives.length === 0;
  }

  /** Whether any session of theirs can be told kept messages. */
  get listens(): boolean {
    return this.natives.some((presence) => presence.ready);
  }
}

/** Who is online, in the order in which they came. */
export class People {
  readonly #persons = new Map<string, Person>();
  readonly #natives = new Set<Presence>();
  readonly #handouts = new Set<Presence>();
  readonly #guests = new Set<Presence>();

  get size(): number {
    return this.#persons.size;
  }

  get names(): IterableIterator<string> {
    return this.#persons.keys();
  }

  get all(): IterableIterator<Person> {
    return this.#persons.values();
  }

  /** Every session that speaks our own protocol. */
  get natives(): ReadonlySet<Presence> {
    return this.#natives;
  }

  /** Every session at a handout door. */
  get handouts(): ReadonlySet<Presence> {
    return this.#handouts;
  }

  /** Every session that is in the lobby without a name; what each is called is in `visitor`. */
  get guests(): ReadonlySet<Presence> {
    return this.#guests;
  }

  get(name: string | undefined): Person | undefined {
    return name === undefined ? undefined : this.#persons.get(name);
  }

  /** A session is online under its name; true when the user was not online before. */
  enter(presence: Presence, now: number): boolean {
    const known = this.#persons.get(presence.name!);
    const person = known ?? new Person(presence.name!, now);
    this.#persons.set(person.name, person);
    if (presence.kind === "native") this.#addNative(person, presence);
    else {
      person.handout = presence;
      this.#handouts.add(presence);
    }
    return !known;
  }

  /** A handout session speaks our own protocol from now on. */
  become(presence: Presence): void {
    const person = this.get(presence.name)!;
    person.handout = undefined;
    this.#handouts.delete(presence);
    presence.kind = "native";
    this.#addNative(person, presence);
  }

  /** A session is a guest. */
  visit(presence: Presence): void {
    presence.kind = "guest";
    this.#guests.add(presence);
  }

  /** A session is gone; its user, when it was the last. */
  leave(presence: Presence): Person | undefined {
    this.#guests.delete(presence);
    const person = this.get(presence.name);
    if (!person) return undefined;
    this.#natives.delete(presence);
    this.#handouts.delete(presence);
    if (person.handout === presence) person.handout = undefined;
    const at = person.natives.indexOf(presence);
    if (at >= 0) person.natives.splice(at, 1);
    if (!person.gone) return undefined;
    this.#persons.delete(person.name);
    return person;
  }

  #addNative(person: Person, presence: Presence): void {
    person.natives.push(presence);
    this.#natives.add(presence);
  }
}

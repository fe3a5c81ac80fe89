import type { ScryptSecret } from "./accounts.ts";
import type { DeliveryCursor } from "./delivery_cursor.ts";
import type { PendingOutcome } from "./outcome.ts";
import type { Challenge, Message } from "./event.ts";
import type { StoredMessage } from "./store.ts";

/** What names a session for as long as the server runs. */
export type SessionId = number;

/** What a handout session has been told and has not answered yet. */
export interface PendingReceipt {
  readonly message: Message;
  /** Whoever waits to hear of it; kept messages of our own doors have nobody. */
  readonly delivery: PendingOutcome | undefined;
  /** When the message was said, for the receipt's time. */
  readonly said: number;
}

/** Somebody on the way in. */
export interface PendingLogin {
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
export class Session {
  name: string | undefined;
  /** A handout session knows only what its handout has; a guest is in the lobby, and no more; the others speak our own protocol. */
  kind: "handout" | "native" | "guest" = "handout";
  /** Whether it can be told messages. */
  ready = false;
  login: PendingLogin | undefined;
  /** What a guest is called. */
  visitor = "";
  /** Of a native session, and of a handout session for which something was kept. */
  cursor: DeliveryCursor | undefined;
  /** The last message of the lobby that it has taken. */
  lobbyAcknowledged = 0;
  #owes: Map<number, PendingReceipt> | undefined;

  constructor(readonly id: SessionId, readonly address: string, readonly brief = false) {}

  /** What it has been told and has neither taken nor missed; the first is under way, the others stand behind it. */
  get owes(): Map<number, PendingReceipt> {
    return this.#owes ??= new Map();
  }

  get owing(): number {
    return this.#owes?.size ?? 0;
  }
}

/** A kept message that a sender at a handout door wants to hear of. */
export interface AwaitedReceipt {
  readonly delivery: PendingOutcome;
  /** No longer than this. */
  readonly until: number;
  readonly kept: StoredMessage;
}

/** One user who is online, with all their sessions. */
export class User {
  /** At most one: the handout knows no second. */
  handout: Session | undefined;
  readonly natives: Session[] = [];
  /** Up to where their clients have everything. */
  acked = 0;
  /** The first message or notice of their own that they were told and have not acknowledged; Infinity when there is none. */
  privateFrom = Infinity;
  /** The last of them. */
  privateUpTo = 0;
  /** Senders at handout doors who wait for the acknowledgement of a kept message, by its number. */
  readonly awaited = new Map<number, AwaitedReceipt>();

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
    return this.natives.some((session) => session.ready);
  }
}

/** Who is online, in the order in which they came. */
export class OnlineUsers {
  readonly #users = new Map<string, User>();
  readonly #natives = new Set<Session>();
  readonly #handouts = new Set<Session>();
  readonly #guests = new Set<Session>();

  get size(): number {
    return this.#users.size;
  }

  get names(): IterableIterator<string> {
    return this.#users.keys();
  }

  get all(): IterableIterator<User> {
    return this.#users.values();
  }

  /** Every session that speaks our own protocol. */
  get natives(): ReadonlySet<Session> {
    return this.#natives;
  }

  /** Every session at a handout door. */
  get handouts(): ReadonlySet<Session> {
    return this.#handouts;
  }

  /** Every session that is in the lobby without a name; what each is called is in `visitor`. */
  get guests(): ReadonlySet<Session> {
    return this.#guests;
  }

  get(name: string | undefined): User | undefined {
    return name === undefined ? undefined : this.#users.get(name);
  }

  /** A session is online under its name; true when the user was not online before. */
  enter(session: Session, now: number): boolean {
    const known = this.#users.get(session.name!);
    const user = known ?? new User(session.name!, now);
    this.#users.set(user.name, user);
    if (session.kind === "native") this.#addNative(user, session);
    else {
      user.handout = session;
      this.#handouts.add(session);
    }
    return !known;
  }

  /** A handout session speaks our own protocol from now on. */
  become(session: Session): void {
    const user = this.get(session.name)!;
    user.handout = undefined;
    this.#handouts.delete(session);
    session.kind = "native";
    this.#addNative(user, session);
  }

  /** A session is a guest. */
  visit(session: Session): void {
    session.kind = "guest";
    this.#guests.add(session);
  }

  /** A session is gone; its user, when it was the last. */
  leave(session: Session): User | undefined {
    this.#guests.delete(session);
    const user = this.get(session.name);
    if (!user) return undefined;
    this.#natives.delete(session);
    this.#handouts.delete(session);
    if (user.handout === session) user.handout = undefined;
    const at = user.natives.indexOf(session);
    if (at >= 0) user.natives.splice(at, 1);
    if (!user.gone) return undefined;
    this.#users.delete(user.name);
    return user;
  }

  #addNative(user: User, session: Session): void {
    user.natives.push(session);
    this.#natives.add(session);
  }
}

import type { Credential } from "./accounts.ts";
import type { Entry } from "./entry.ts";
import type { DeliveryCursor } from "./delivery_cursor.ts";
import type { PendingOutcome } from "./outcome.ts";
import type { Challenge, Message, SessionId } from "./event.ts";
import { NameIndex } from "./name_index.ts";
import { OnlineNames } from "./online_names.ts";
import type { KnownUser, Producer } from "./roster.ts";

/** A message that a handout session was sent and has not confirmed yet. */
export interface PendingReceipt {
  readonly message: Message;
  /** The outcome that its sender waits for; none for messages of native sessions. */
  readonly outcome: PendingOutcome | undefined;
  /** When the message was sent, to time its receipt. */
  readonly said: number;
}

/** A login in progress. */
export interface PendingLogin {
  readonly name: string;
  /** Whether the secret that is verified is a decoy: then the login fails whatever the outcome. */
  readonly isDecoy: boolean;
  /** Whether the password is only checked: the session does not go online. */
  readonly checkOnly?: boolean;
  readonly proof?: {
    readonly nonce: string;
    readonly challenge: Challenge;
    readonly by: Credential;
    readonly answered: boolean;
  } | undefined;
}

/** A session, as the hub knows it. */
export class Session {
  name: string | undefined;
  /** Handout sessions have what their handout has, native ones have everything, guests have only the lobby. */
  kind: "handout" | "native" | "guest" = "handout";
  /** Whether it can receive messages. */
  ready = false;
  login: PendingLogin | undefined;
  /**
   * Whether nothing proves its name. Such a session is told what is said while it is there and acknowledges each private message
   * by itself; its receiver's confirmation of what is said in the lobby is not waited for.
   */
  unproven = false;
  /** The name of a guest. */
  guestName = "";
  /** Whether a guest has been told that it says too much. */
  refused = false;
  /** Of a native session, and of a handout session that messages were stored for. */
  cursor: DeliveryCursor | undefined;
  /** The newest entry of the lobby when a handout session began: it is told only what comes after. */
  lobbyAt = 0;
  /** The client of the user that a native session is. */
  producer: Producer | undefined;
  #owes: Map<number, PendingReceipt> | undefined;

  constructor(readonly id: SessionId, readonly address: string, readonly oneShot = false) {}

  /** Messages that it has neither confirmed nor missed. The first one was sent; the others wait. */
  get owes(): Map<number, PendingReceipt> {
    return this.#owes ??= new Map();
  }

  get owing(): number {
    return this.#owes?.size ?? 0;
  }
}

/** A stored message from a handout session that waits for its outcome. */
export interface AwaitedReceipt {
  readonly outcome: PendingOutcome;
  /** When it counts as failed. */
  readonly until: number;
  /** The private message, which is forgotten when it fails. */
  readonly forgets: Entry | undefined;
}

/** A user who is online, with all their sessions. */
export class User {
  /** At most one: the handout allows one login per name. */
  handout: Session | undefined;
  readonly natives: Session[] = [];
  /** The user as the roster has it; undefined while nothing of the user is stored. */
  known: KnownUser | undefined;
  /** Stored messages from handout sessions that wait for this user's acknowledgement, by number. */
  readonly awaited = new Map<number, AwaitedReceipt>();

  constructor(
    readonly name: string,
    /** When the user came online. */
    readonly since: number,
  ) {}

  get gone(): boolean {
    return this.handout === undefined && this.natives.length === 0;
  }

  /** Whether nothing proves the user's name; this holds for all of the user's sessions or for none. */
  get isUnproven(): boolean {
    return this.natives[0]?.unproven ?? false;
  }

  /** Whether any of the user's sessions receives stored messages, or will as soon as it has said where it goes on. */
  get listens(): boolean {
    return this.natives.length > 0;
  }
}

/** The users who are online, in the order in which they came, and the guests. */
export class OnlineUsers {
  readonly #users = new Map<string, User>();
  readonly #natives = new Set<Session>();
  readonly #handouts = new Set<Session>();
  readonly #guests = new Set<Session>();
  /** All names as a list, while they do not change; all names and those of guests in order, once they are asked for. */
  #list: OnlineNames | undefined;
  #sorted: NameIndex | undefined;
  #sortedGuests: NameIndex | undefined;

  get size(): number {
    return this.#users.size;
  }

  /** The names of all users online. */
  get list(): OnlineNames {
    return this.#list ??= new OnlineNames(this.#users.keys());
  }

  /** The first `limit` names of users and guests after `after`, and whether there are more; names of guests may be the same. */
  page(after: string, limit: number): { names: readonly string[]; more: boolean } {
    this.#sorted ??= new NameIndex(this.#users.keys());
    this.#sortedGuests ??= new NameIndex([...this.#guests].map(({ guestName }) => guestName));
    const [users, guests] = [this.#sorted.page(after, limit), this.#sortedGuests.page(after, limit)];
    const names = [...new Set([...users.names, ...guests.names])].sort();
    return { names: names.slice(0, limit), more: users.more || guests.more || names.length > limit };
  }

  get all(): IterableIterator<User> {
    return this.#users.values();
  }

  /** All sessions of the native protocol. */
  get natives(): ReadonlySet<Session> {
    return this.#natives;
  }

  /** All sessions of the handout's protocols. */
  get handouts(): ReadonlySet<Session> {
    return this.#handouts;
  }

  /** All guests: sessions without a login, which are in the lobby as `guestName`. */
  get guests(): ReadonlySet<Session> {
    return this.#guests;
  }

  get(name: string | undefined): User | undefined {
    return name === undefined ? undefined : this.#users.get(name);
  }

  /** Adds a session under its name; true if the user was not online before. */
  enter(session: Session, now: number): boolean {
    const known = this.#users.get(session.name!);
    const user = known ?? new User(session.name!, now);
    this.#users.set(user.name, user);
    if (!known) {
      this.#list = undefined;
      this.#sorted?.add(user.name);
    }
    if (session.kind === "native") this.#addNative(user, session);
    else {
      user.handout = session;
      this.#handouts.add(session);
    }
    return !known;
  }

  /** Makes a handout session a native one. */
  switchToNative(session: Session): void {
    const user = this.get(session.name)!;
    user.handout = undefined;
    this.#handouts.delete(session);
    session.kind = "native";
    this.#addNative(user, session);
  }

  /** Adds a session as a guest. */
  enterAsGuest(session: Session): void {
    session.kind = "guest";
    this.#guests.add(session);
    this.#sortedGuests = undefined;
  }

  /** Removes a session; returns its user if it was their last. */
  leave(session: Session): User | undefined {
    if (this.#guests.delete(session)) this.#sortedGuests = undefined;
    const user = this.get(session.name);
    if (!user) return undefined;
    this.#natives.delete(session);
    this.#handouts.delete(session);
    if (user.handout === session) user.handout = undefined;
    const at = user.natives.indexOf(session);
    if (at >= 0) user.natives.splice(at, 1);
    if (!user.gone) return undefined;
    this.#users.delete(user.name);
    this.#list = undefined;
    this.#sorted?.remove(user.name);
    return user;
  }

  #addNative(user: User, session: Session): void {
    user.natives.push(session);
    this.#natives.add(session);
  }
}

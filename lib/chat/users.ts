import type { Credential } from "./accounts.ts";
import type { Effect } from "./effect.ts";
import type { Entry } from "./entry.ts";
import type { DeliveryCursor } from "./delivery_cursor.ts";
import type { PendingOutcome } from "./outcome.ts";
import type { Challenge, Message, SessionId } from "./event.ts";
import { Elsewhere, type PersonElsewhere } from "./elsewhere.ts";
import { NameIndex } from "./name_index.ts";
import { OnlineNames } from "./online_names.ts";
import type { Attempt } from "./login_queue.ts";
import { LOBBY } from "./names.ts";
import type { KnownUser, Producer } from "./entities.ts";

const NO_GUESTS: ReadonlySet<Session> = new Set();

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
  /** For the password of a user who is logged in already: gets the result, undefined if the session ends first. */
  readonly then?: (right: boolean | undefined) => Effect[];
  /** Its place among the logins, once there is something to check. */
  readonly attempt?: Attempt;
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
  /** Handout sessions have what their handout has, native ones have everything, guests have only one room. */
  kind: "handout" | "native" | "guest" = "handout";
  /** Whether it can receive messages. */
  ready = false;
  login: PendingLogin | undefined;
  /**
   * Whether nothing proves its name. Such a session is told what is said while it is there and acknowledges each private message
   * by itself; its receiver's confirmation of what is said in the lobby is not waited for.
   */
  unproven = false;
  /** Whether it is told who is writing. */
  takesTyping = false;
  /** The name of a guest, its room, and what the name looks like where it was chosen. */
  guestName = "";
  guestRoom: string = LOBBY;
  guestLook: string | undefined;
  /** Whether a guest has been told that it says too much. */
  refused = false;
  /** Of a native session, and of a handout session that messages were stored for. */
  cursor: DeliveryCursor | undefined;
  /** Messages of others that the client of a native session has acknowledged. */
  confirmed = 0;
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
  /** Stored messages from handout sessions that wait for this user's acknowledgement, by number; undefined without any. */
  awaited: Map<number, AwaitedReceipt> | undefined;

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
  /** All names as a list, while they do not change; all names, and those of each room's guests, in order, once they are asked for. */
  #list: OnlineNames | undefined;
  #sorted: NameIndex | undefined;
  readonly #sortedGuests = new Map<string, NameIndex>();
  readonly #guestsByRoom = new Map<string, Set<Session>>();
  /** Who is online at other servers; undefined where there are none. */
  elsewhere: Elsewhere | undefined;

  get size(): number {
    return this.#users.size;
  }

  /** The names of all users online. */
  get list(): OnlineNames {
    return this.#list ??= new OnlineNames(this.#names());
  }

  /** Whether a user is online, here or at another server. */
  isOnline(name: string): boolean {
    return this.#users.has(name) || (this.elsewhere?.has(name) ?? false);
  }

  /** These users are online at another server now, and no others; returns who has come and gone. */
  replaceElsewhere(server: string, people: readonly PersonElsewhere[]): { came: string[]; went: string[] } {
    this.elsewhere ??= new Elsewhere();
    const { came, went } = this.elsewhere.replace(server, people);
    const [online, offline] = [came, went].map((names) => names.filter((name) => !this.#users.has(name)));
    if (online!.length + offline!.length > 0) this.#list = this.#sorted = undefined;
    return { came: online!, went: offline! };
  }

  /** The names of all users online, of other servers too. */
  #names(): Iterable<string> {
    return this.elsewhere ? new Set([...this.#users.keys(), ...this.elsewhere.names]) : this.#users.keys();
  }

  /**
   * The first `limit` names after `after` of a room's members and guests, and whether there are more; names may be the same.
   * Without `members`, all users online count as members.
   */
  page(room: string, members: NameIndex | undefined, after: string, limit: number): { names: string[]; more: boolean } {
    const inside = members ?? (this.#sorted ??= new NameIndex(this.#names()));
    const [users, guests] = [inside.page(after, limit), this.#guestNames(room).page(after, limit)];
    const names = [...new Set([...users.names, ...guests.names])].sort();
    return { names: names.slice(0, limit), more: users.more || guests.more || names.length > limit };
  }

  isGuestIn(room: string, name: string): boolean {
    return this.#guestNames(room).has(name);
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

  /** All guests: sessions without a login, which are in one room as `guestName`. */
  get guests(): ReadonlySet<Session> {
    return this.#guests;
  }

  guestsIn(room: string): ReadonlySet<Session> {
    return this.#guestsByRoom.get(room) ?? NO_GUESTS;
  }

  /** How many rooms have guests. */
  get guestRooms(): number {
    return this.#guestsByRoom.size;
  }

  get(name: string | undefined): User | undefined {
    return name === undefined ? undefined : this.#users.get(name);
  }

  /** Adds a session under its name; true if the user was not online before, at any server. */
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
    return !known && !this.elsewhere?.has(user.name);
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
  enterAsGuest(session: Session, name: string, room: string, look?: string): void {
    session.kind = "guest";
    session.guestName = name;
    session.guestRoom = room;
    session.guestLook = look;
    this.#guests.add(session);
    this.#sortedGuests.delete(room);
    const others = this.#guestsByRoom.get(room);
    if (others) others.add(session);
    else this.#guestsByRoom.set(room, new Set([session]));
  }

  /** Removes a session; returns its user if it was their last. */
  leave(session: Session): User | undefined {
    if (this.#guests.delete(session)) this.#guestLeaves(session);
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
    if (!this.elsewhere?.has(user.name)) this.#sorted?.remove(user.name);
    return user;
  }

  #guestNames(room: string): NameIndex {
    const known = this.#sortedGuests.get(room);
    if (known) return known;
    const names = new NameIndex([...this.guestsIn(room)].map(({ guestName }) => guestName));
    // It is forgotten when a guest leaves, so a room without guests is not remembered.
    if (this.guestsIn(room).size > 0) this.#sortedGuests.set(room, names);
    return names;
  }

  #guestLeaves(session: Session): void {
    this.#sortedGuests.delete(session.guestRoom);
    const others = this.#guestsByRoom.get(session.guestRoom)!;
    others.delete(session);
    if (others.size === 0) this.#guestsByRoom.delete(session.guestRoom);
  }

  #addNative(user: User, session: Session): void {
    user.natives.push(session);
    this.#natives.add(session);
  }
}

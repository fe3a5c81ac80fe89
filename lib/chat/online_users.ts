import { Elsewhere, type PersonElsewhere } from "./elsewhere.ts";
import { NameIndex } from "./name_index.ts";
import { OnlineNames } from "./online_names.ts";
import { type Session, User } from "./users.ts";

const NO_GUESTS: ReadonlySet<Session> = new Set();

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
    user.natives = user.natives.filter((each) => each !== session);
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
    user.natives = [...user.natives, session];
    this.#natives.add(session);
  }
}

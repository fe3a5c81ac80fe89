import type { Target } from "./entry.ts";
import { NameIndex } from "./name_index.ts";
import { LOBBY } from "./names.ts";
import type { RecordId } from "./record_id.ts";
import type { Snapshot, Write } from "./store.ts";
import { WaitingBytes } from "./waiting_bytes.ts";

/** A user whose name was ever mentioned. */
export interface KnownUser {
  readonly id: number;
  readonly name: string;
  /** Otherwise the name was only mentioned by others. */
  registered: boolean;
  key: Uint8Array | undefined;
  /** Up to where one of the user's clients has everything. */
  acked: number;
  /** Bytes of private messages that the user's clients do not have; changed by `Roster.wait`. */
  waitingBytes: number;
  /** The newest of what each other server has recorded of the user, where nothing that was said here since names it. */
  newestElsewhere: readonly RecordId[] | undefined;
  /** By the other user's number; undefined without any. */
  pairs: Map<number, Pair> | undefined;
  readonly rooms: Map<number, Room>;
  readonly producers: Map<string, Producer>;
  /** Networks from which the user has logged in; what was used longest ago is first. */
  readonly networks: Set<string>;
  /** Rooms that the user has made since the server began. */
  roomsMade: number;
}

/** In place of a key: the name was registered without anything that proves it. A real key has 32 bytes. */
export const UNPROVEN_KEY: Uint8Array = new Uint8Array(0);

/** Whether nothing proves the name of a user. */
export function isUnproven({ key }: Pick<KnownUser, "key">): boolean {
  return key?.length === 0;
}

/** What a member sees of a room: entries after `since`; those up to `read` were read. */
export interface Membership {
  readonly since: number;
  read: number;
}

export interface Room {
  readonly id: number;
  readonly name: string;
  /** Whether only its members find it in lists: its name is what lets others in. */
  readonly unlisted: boolean;
  /** The newest entry in it; 0 when nothing was ever said. */
  last: number;
  /** Whether something was or is just being said in it. */
  used: boolean;
  readonly members: Map<KnownUser, Membership>;
}

/** The conversation of two users. */
export interface Pair {
  readonly id: number;
  readonly users: readonly [KnownUser, KnownUser];
  /** Up to where each has received what the other said. */
  readonly received: [number, number];
  readonly read: [number, number];
  /** What waits for each; made when something does. */
  readonly waiting: [WaitingBytes | undefined, WaitingBytes | undefined];
}

/** One client of a user. */
export interface Producer {
  readonly user: KnownUser;
  readonly client: string;
  /** The highest number that was taken, and the highest that is committed. */
  number: number;
  committed: number;
  /** Numbers that were refused, and why; the oldest go first. Undefined without any. */
  refused: Map<number, string> | undefined;
  /** The client knows what has become of everything up to here; other servers know of all refusals up to there. */
  answered: number;
  refusalsShared: number;
}

export type Conversation = Room | Pair;

/** What a server does not know of a client when it begins. */
const UNKNOWN = { answered: 0, refusalsShared: 0 } as const;
/** So many clients of one user are remembered; one that comes back after as many others counts as new. */
const PRODUCERS = 64;
/** Refusals of one client that are remembered: more than can be under way on a connection. */
export const REFUSALS = 1024;

/**
 * Every user and room, and their cursors. It is all in memory; what changes is pushed into `writes`, in an
 * order in which the store can write it.
 */
export class Roster {
  readonly #users = new Map<string, KnownUser>();
  readonly #usersById = new Map<number, KnownUser>();
  readonly #rooms = new Map<string, Room>();
  /** The rooms in the order of their numbers, which is that in which they were made. */
  readonly #roomList: Room[] = [];
  /** The names of members in order, of rooms where they were asked for. */
  readonly #memberNames = new Map<Room, NameIndex>();
  readonly #conversations = new Map<number, Conversation>();
  #lastUser = 0;
  #lastConversation = 0;
  #heldByKey = 0;
  #unproven = 0;
  #waitingBytes = 0;
  #writes: Write[] = [];

  constructor(snapshot: Pick<Snapshot, "users" | "rooms" | "pairs" | "producers" | "sharing">) {
    for (const { id, name, key, registered, acked, networks } of snapshot.users) {
      this.#addUser({ ...blank(id, name), key, registered, acked, networks: new Set(networks) });
    }
    for (const { id, name, unlisted, last, members } of snapshot.rooms) {
      const room = this.#addRoom(id, name, last, unlisted);
      for (const { user, since, read } of members) this.#enter(room, this.#usersById.get(user)!, since, read);
    }
    for (const { id, users, received, read, waiting } of snapshot.pairs) {
      const [one, other] = users.map((user) => this.#usersById.get(user)!) as [KnownUser, KnownUser];
      const pair: Pair = {
        id,
        users: [one, other],
        received: [...received],
        read: [...read],
        waiting: [undefined, undefined],
      };
      this.#addPair(pair);
      for (const side of [0, 1] as const) {
        const { bytes, upTo } = waiting[side];
        if (bytes === 0) continue;
        pair.waiting[side] = new WaitingBytes(bytes, upTo);
        this.wait(pair.users[side], bytes);
      }
    }
    for (const { user, client, number, refused } of snapshot.producers) {
      const known = this.#usersById.get(user)!;
      const reasons = refused.length > 0 ? new Map(refused.map(({ number, why }) => [number, why])) : undefined;
      known.producers.set(client, { user: known, client, number, committed: number, refused: reasons, ...UNKNOWN });
    }
    for (const { user, id } of snapshot.sharing?.newestElsewhere ?? []) {
      const known = this.#usersById.get(user)!;
      known.newestElsewhere = [...known.newestElsewhere ?? [], id];
    }
    if (!this.#rooms.has(LOBBY)) this.#makeRoom(LOBBY);
  }

  /** What is to be written since the last call. */
  takeWrites(): Write[] {
    const writes = this.#writes;
    this.#writes = [];
    return writes;
  }

  get hasWrites(): boolean {
    return this.#writes.length > 0;
  }

  /** How many names are held by a key. */
  get heldByKey(): number {
    return this.#heldByKey;
  }

  /** How many names are registered that nothing proves. */
  get unproven(): number {
    return this.#unproven;
  }

  /** Bytes of private messages that wait for all users together. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** So many more bytes, or fewer, wait for a user. */
  wait(user: KnownUser, bytes: number): void {
    user.waitingBytes += bytes;
    this.#waitingBytes += bytes;
  }

  user(name: string): KnownUser | undefined {
    return this.#users.get(name);
  }

  get users(): Iterable<KnownUser> {
    return this.#users.values();
  }

  /** The user of this name, made if need be. */
  mention(name: string): KnownUser {
    const known = this.#users.get(name);
    if (known) return known;
    const user = blank(++this.#lastUser, name);
    this.#addUser(user);
    this.#writes.push({ type: "user", id: user.id, name });
    return user;
  }

  /** The user is one of the lobby from now on; a user without a proof joins it like any other room. */
  register(name: string, key: Uint8Array | undefined, time: number, last: number): KnownUser {
    const user = this.mention(name);
    if (!user.registered || (key && !user.key)) {
      const hadKey = user.key !== undefined;
      user.registered = true;
      user.key ??= key;
      if (!hadKey) this.#countKey(user);
      this.#writes.push({ type: "register", user: user.id, key: user.key, time });
    }
    if (!isUnproven(user)) this.join(this.room(LOBBY)!, user, last);
    return user;
  }

  /** Another key holds the name of a user. */
  replaceKey(user: KnownUser, key: Uint8Array, time: number): void {
    if (isUnproven(user)) this.#unproven--;
    else if (user.key) this.#heldByKey--;
    user.key = key;
    this.#countKey(user);
    this.#writes.push({ type: "register", user: user.id, key, time });
  }

  /** The user has logged in from a network; of more than `most`, the one that was used longest ago is forgotten. */
  cameFrom(user: KnownUser, network: string, most: number): void {
    const { networks } = user;
    let last;
    for (last of networks);
    if (last === network) return;
    networks.delete(network);
    networks.add(network);
    this.#writes.push({ type: "network", user: user.id, network });
    for (const oldest of networks) {
      if (networks.size <= most) break;
      networks.delete(oldest);
      this.#writes.push({ type: "forgetNetwork", user: user.id, network: oldest });
    }
  }

  room(name: string): Room | undefined {
    return this.#rooms.get(name);
  }

  get rooms(): ReadonlyMap<string, Room> {
    return this.#rooms;
  }

  /** The first `limit` rooms that are seen of those made after the room `after`, or of all, and whether there are more. */
  roomPage(after: string, limit: number, isSeen = (_: Room) => true): { rooms: Room[]; more: boolean } {
    const last = this.#rooms.get(after);
    const rooms: Room[] = [];
    for (let at = last ? this.#roomsUpTo(last.id) : 0; at < this.#roomList.length; at++) {
      const room = this.#roomList[at]!;
      if (!isSeen(room)) continue;
      if (rooms.length === limit) return { rooms, more: true };
      rooms.push(room);
    }
    return { rooms, more: false };
  }

  /** The names of a room's members, in order. */
  memberNames(room: Room): NameIndex {
    let names = this.#memberNames.get(room);
    if (!names) this.#memberNames.set(room, names = new NameIndex([...room.members.keys()].map(({ name }) => name)));
    return names;
  }

  makeRoom(name: string, unlisted = false): Room {
    return this.#rooms.get(name) ?? this.#makeRoom(name, unlisted);
  }

  conversation(id: number): Conversation | undefined {
    return this.#conversations.get(id);
  }

  join(room: Room, user: KnownUser, last: number): void {
    if (room.members.has(user)) return;
    this.#enter(room, user, last, last);
    this.#writes.push({ type: "join", room: room.id, user: user.id, since: last });
  }

  /** A room without members in which nothing was said is removed. */
  leave(room: Room, user: KnownUser): void {
    if (!room.members.delete(user)) return;
    this.#memberNames.get(room)?.remove(user.name);
    user.rooms.delete(room.id);
    this.#writes.push({ type: "leave", room: room.id, user: user.id });
    if (room.used || room.members.size > 0 || room.name === LOBBY) return;
    this.#rooms.delete(room.name);
    this.#roomList.splice(this.#roomsUpTo(room.id) - 1, 1);
    this.#memberNames.delete(room);
    this.#conversations.delete(room.id);
    this.#writes.push({ type: "dropRoom", id: room.id });
  }

  pair(one: KnownUser, other: KnownUser): Pair | undefined {
    return one.pairs?.get(other.id);
  }

  makePair(one: KnownUser, other: KnownUser): Pair {
    const known = this.pair(one, other);
    if (known) return known;
    const pair: Pair = {
      id: ++this.#lastConversation,
      users: [one, other],
      received: [0, 0],
      read: [0, 0],
      waiting: [undefined, undefined],
    };
    this.#addPair(pair);
    this.#writes.push({ type: "pair", id: pair.id, users: [one.id, other.id] });
    return pair;
  }

  /** The client of a user, new or known. */
  producer(user: KnownUser, client: string): Producer {
    const known = user.producers.get(client);
    if (known) return known;
    for (const oldest of user.producers.keys()) {
      if (user.producers.size < PRODUCERS) break;
      user.producers.delete(oldest);
    }
    const producer: Producer = { user, client, number: 0, committed: 0, refused: undefined, ...UNKNOWN };
    user.producers.set(client, producer);
    return producer;
  }

  /** Where a message of a user goes; undefined when it never went there. */
  find(from: KnownUser, to: Target): Conversation | undefined {
    if ("room" in to) return this.room(to.room);
    const other = this.user(to.user);
    return other && this.pair(from, other);
  }

  #addUser(user: KnownUser): void {
    this.#users.set(user.name, user);
    this.#usersById.set(user.id, user);
    this.#lastUser = Math.max(this.#lastUser, user.id);
    this.#countKey(user);
  }

  #countKey(user: KnownUser): void {
    if (isUnproven(user)) this.#unproven++;
    else if (user.key) this.#heldByKey++;
  }

  #makeRoom(name: string, unlisted = false): Room {
    const room = this.#addRoom(++this.#lastConversation, name, 0, unlisted);
    this.#writes.push({ type: "room", id: room.id, name, unlisted });
    return room;
  }

  #addRoom(id: number, name: string, last: number, unlisted: boolean): Room {
    const room: Room = { id, name, unlisted, last, used: last > 0, members: new Map() };
    this.#rooms.set(name, room);
    this.#roomList.splice(this.#roomsUpTo(id), 0, room);
    this.#addConversation(room);
    return room;
  }

  /** How many rooms have this number or a smaller one. */
  #roomsUpTo(id: number): number {
    let [low, high] = [0, this.#roomList.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#roomList[middle]!.id <= id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #addPair(pair: Pair): void {
    const [one, other] = pair.users;
    (one.pairs ??= new Map()).set(other.id, pair);
    (other.pairs ??= new Map()).set(one.id, pair);
    this.#addConversation(pair);
  }

  #addConversation(conversation: Conversation): void {
    this.#conversations.set(conversation.id, conversation);
    this.#lastConversation = Math.max(this.#lastConversation, conversation.id);
  }

  #enter(room: Room, user: KnownUser, since: number, read: number): void {
    room.members.set(user, { since, read });
    this.#memberNames.get(room)?.add(user.name);
    user.rooms.set(room.id, room);
  }
}

/** The place of a user in a pair. */
export function sideOf(pair: Pair, user: KnownUser): 0 | 1 {
  return pair.users[0] === user ? 0 : 1;
}

function blank(id: number, name: string): KnownUser {
  return {
    id,
    name,
    registered: false,
    key: undefined,
    acked: 0,
    waitingBytes: 0,
    newestElsewhere: undefined,
    pairs: undefined,
    rooms: new Map(),
    producers: new Map(),
    networks: new Set(),
    roomsMade: 0,
  };
}

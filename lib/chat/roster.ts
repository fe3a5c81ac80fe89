import type { Target } from "./entry.ts";
import { type Conversation, isUnproven, type KnownUser, type Pair, type Producer, type Room } from "./entities.ts";
import { LOBBY } from "./names.ts";
import { Rooms } from "./rooms.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Write } from "./store.ts";
import { WaitingBytes } from "./waiting_bytes.ts";

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
  readonly rooms = new Rooms();
  readonly #users = new Map<string, KnownUser>();
  readonly #usersById = new Map<number, KnownUser>();
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
      for (const { user, since, read } of members) this.rooms.enter(room, this.#usersById.get(user)!, since, read);
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
      const newestRefused = Math.max(0, ...refused.map(({ number }) => number));
      const numbers = { number, committed: number, refused: reasons, newestRefused, ...UNKNOWN };
      known.producers.set(client, { user: known, client, ...numbers });
    }
    for (const { user, id } of snapshot.sharing?.newestElsewhere ?? []) {
      const known = this.#usersById.get(user)!;
      known.newestElsewhere = [...known.newestElsewhere ?? [], id];
    }
    if (!this.room(LOBBY)) this.#makeRoom(LOBBY);
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
    return this.rooms.byName.get(name);
  }

  makeRoom(name: string, unlisted = false): Room {
    return this.room(name) ?? this.#makeRoom(name, unlisted);
  }

  conversation(id: number): Conversation | undefined {
    return this.#conversations.get(id);
  }

  join(room: Room, user: KnownUser, last: number): void {
    if (room.members.has(user)) return;
    this.rooms.enter(room, user, last, last);
    this.#writes.push({ type: "join", room: room.id, user: user.id, since: last });
  }

  /** A room without members in which nothing was said is removed. */
  leave(room: Room, user: KnownUser): void {
    if (!this.rooms.leave(room, user)) return;
    this.#writes.push({ type: "leave", room: room.id, user: user.id });
    if (room.used || room.members.size > 0 || room.name === LOBBY) return;
    this.rooms.remove(room);
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
    const numbers = { number: 0, committed: 0, refused: undefined, newestRefused: 0, ...UNKNOWN };
    const producer: Producer = { user, client, ...numbers };
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
    this.rooms.add(room);
    this.#addConversation(room);
    return room;
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

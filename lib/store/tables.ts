import { LOBBY } from "../chat/names.ts";
import type { Answer, StoredEntry, StoredMessage, Target } from "../chat/store.ts";
import { Series } from "./series.ts";

/** What a shelf holds of one name. */
export interface Person {
  readonly name: string;
  /** Otherwise only mentioned by others. */
  added: boolean;
  key: Uint8Array | undefined;
  acked: number;
  readonly rooms: Map<Room, Member>;
  /** Private messages and notices to them. */
  readonly inbox: Series<StoredEntry>;
  /** Of those, what waits. */
  readonly waiting: Series<StoredEntry>;
  /** Private messages from them to others. */
  readonly sent: Series<StoredEntry>;
  readonly answers: Map<string, Answer>;
}

/** From where on somebody in a room sees, and up to where they have seen. */
export interface Member {
  readonly since: number;
  readonly seen: number;
}

/** What a shelf holds of one room. */
export interface Room {
  readonly name: string;
  /** Rooms made later have greater ones. */
  readonly order: number;
  readonly members: Set<string>;
  readonly messages: Series<StoredMessage>;
}

/** A refusal, numbered among its like. */
export interface Refusal {
  readonly seq: number;
  readonly from: string;
  readonly id: string;
  readonly why: string;
  readonly time: number;
}

/** Everything a `MemoryStore` keeps, and how to take each change back. */
export class Tables {
  last = 0;
  refused = 0;
  #roomsMade = 0;
  readonly people = new Map<string, Person>();
  readonly rooms = new Map<string, Room>();
  readonly entries = new Map<number, StoredEntry>();
  readonly refusals = new Series<Refusal>((refusal) => refusal.time);
  /** What two users said to each other. */
  readonly #pairs = new Map<string, Series<StoredMessage>>();
  /** What takes back each change since the last `keepChanges`, the last change at the end. */
  #undo: (() => void)[] = [];

  get changed(): boolean {
    return this.#undo.length > 0;
  }

  keepChanges(): void {
    this.#undo = [];
  }

  undoChanges(): void {
    while (this.#undo.length > 0) this.#undo.pop()!();
  }

  /** Makes a change that `back` takes back. */
  change(change: () => void, back: () => void): void {
    change();
    this.#undo.push(back);
  }

  /** Whoever has this name, mentioned now if never before. */
  person(name: string): Person {
    const known = this.people.get(name);
    if (known) return known;
    const [inbox, waiting, sent] = [new Series<StoredEntry>(), new Series<StoredEntry>(), new Series<StoredEntry>()];
    const person = {
      ...{ name, added: false, key: undefined, acked: 0, rooms: new Map(), inbox, waiting, sent },
      answers: new Map(),
    };
    // Nobody can tell whether a name was mentioned: this is never taken back.
    this.people.set(name, person);
    return person;
  }

  /** The room of this name, made if need be. */
  room(name: string): Room {
    const known = this.rooms.get(name);
    if (known) return known;
    const room = { name, order: this.#roomsMade++, members: new Set<string>(), messages: new Series<StoredMessage>() };
    this.change(() => this.rooms.set(name, room), () => this.rooms.delete(name));
    return room;
  }

  /** Drops a room in which nobody and nothing is; the lobby stays. */
  dropIfEmpty(room: Room): void {
    if (room.name === LOBBY || room.members.size > 0 || room.messages.size > 0) return;
    this.change(() => this.rooms.delete(room.name), () => this.rooms.set(room.name, room));
  }

  enter(room: Room, person: Person): void {
    if (room.members.has(person.name)) return;
    const member = { since: this.last, seen: this.last };
    this.change(() => put(room, person, member), () => take(room, person));
  }

  leave(room: Room, person: Person): void {
    const member = person.rooms.get(room);
    if (!member) return;
    this.change(() => take(room, person), () => put(room, person, member));
    this.dropIfEmpty(room);
  }

  /** Puts an entry on every list it belongs to. */
  add(kept: StoredEntry): void {
    this.change(() => this.#add(kept), () => this.#delete(kept));
  }

  /** Takes an entry from every list it is on. */
  delete(kept: StoredEntry): void {
    this.change(() => this.#delete(kept), () => this.#add(kept));
    if (kept.type === "message" && "room" in kept.to) this.dropIfEmpty(this.room(kept.to.room));
  }

  wait(kept: StoredEntry): void {
    const { waiting } = this.receiver(kept)!;
    this.change(() => waiting.add(kept), () => waiting.delete(kept));
  }

  unwait(kept: StoredEntry): void {
    const { waiting } = this.receiver(kept)!;
    this.change(() => waiting.delete(kept), () => waiting.add(kept));
  }

  /** Whom an entry may wait for; nobody for a message to a room. */
  receiver(kept: StoredEntry): Person | undefined {
    if (kept.type !== "message") return this.person(kept.owner);
    return "user" in kept.to ? this.person(kept.to.user) : undefined;
  }

  /** The messages of a conversation; undefined when there was none. */
  messages(between: readonly [string, string]): Series<StoredMessage> | undefined {
    return this.#pairs.get(pairKey(between));
  }

  #add(kept: StoredEntry): void {
    this.entries.set(kept.seq, kept);
    this.receiver(kept)?.inbox.add(kept);
    if (kept.type !== "message") return;
    const sender = this.person(kept.from);
    this.#conversation(kept.from, kept.to).add(kept);
    if ("user" in kept.to && kept.to.user !== kept.from) sender.sent.add(kept);
    if (kept.id !== undefined) sender.answers.set(kept.id, { type: "sent", seq: kept.seq, time: kept.time });
  }

  #delete(kept: StoredEntry): void {
    this.entries.delete(kept.seq);
    this.receiver(kept)?.inbox.delete(kept);
    if (kept.type !== "message") return;
    const sender = this.person(kept.from);
    this.#conversation(kept.from, kept.to).delete(kept);
    sender.sent.delete(kept);
    if (kept.id !== undefined) sender.answers.delete(kept.id);
  }

  #conversation(from: string, to: Target): Series<StoredMessage> {
    if ("room" in to) return this.rooms.get(to.room)!.messages;
    const key = pairKey([from, to.user]);
    const known = this.#pairs.get(key);
    if (known) return known;
    const messages = new Series<StoredMessage>();
    this.#pairs.set(key, messages);
    return messages;
  }
}

function put(room: Room, person: Person, member: Member): void {
  room.members.add(person.name);
  person.rooms.set(room, member);
}

function take(room: Room, person: Person): void {
  room.members.delete(person.name);
  person.rooms.delete(room);
}

function pairKey([one, other]: readonly [string, string]): string {
  // A line break is in no name.
  return one < other ? `${one}\n${other}` : `${other}\n${one}`;
}

import { LOBBY } from "../chat/names.ts";
import type { StoredUser } from "../chat/store.ts";
import type { Database } from "./database.ts";

/** Somebody whose name was ever mentioned. */
export interface Person {
  readonly id: number;
  readonly name: string;
  /** Otherwise only mentioned by others. */
  added: boolean;
  key: Uint8Array | undefined;
  acked: number;
}

/** A room. */
export interface Room {
  readonly id: number;
  readonly name: string;
  /** Who is in it, sorted, when it was asked for. */
  members: string[] | undefined;
}

/** What somebody may see of a room. */
export interface Membership {
  readonly room: number;
  readonly since: number;
  readonly seen: number;
}

interface PersonRow {
  readonly id: number;
  readonly name: string;
  readonly added: number | null;
  readonly key: Uint8Array | null;
  readonly acked: number;
}

/** The people and rooms of a database, by name and by number; those asked for once stay at hand. */
export class Roster {
  readonly #database: Database;
  readonly #people = new Map<string, Person>();
  readonly #peopleById = new Map<number, Person>();
  #rooms: Map<string, Room> | undefined;
  readonly #roomsById = new Map<number, Room>();
  readonly #select;
  readonly #change;

  constructor(database: Database) {
    this.#database = database;
    const person = "SELECT id, name, added, key, acked FROM people";
    this.#select = {
      person: database.prepare<PersonRow>(`${person} WHERE name = ?`),
      personById: database.prepare<PersonRow>(`${person} WHERE id = ?`),
      users: database.prepare<{ name: string }>("SELECT name FROM people WHERE added IS NOT NULL"),
      rooms: database.prepare<{ id: number; name: string }>("SELECT id, name FROM rooms ORDER BY id"),
      members: database.prepare<{ name: string }>(
        "SELECT name FROM members JOIN people ON people.id = person WHERE room = ?",
      ),
      memberships: database.prepare<Membership>(
        "SELECT room, since, seen FROM members WHERE person = ? ORDER BY room",
      ),
      membership: database.prepare<Membership>("SELECT room, since, seen FROM members WHERE person = ? AND room = ?"),
      inhabited: database.prepare(
        "SELECT 1 FROM entries INDEXED BY entries_conversation WHERE conversation = ? LIMIT 1",
      ),
    };
    this.#change = {
      mention: database.prepare("INSERT INTO people (name) VALUES (?)"),
      add: database.prepare("UPDATE people SET added = ?, key = ? WHERE id = ?"),
      key: database.prepare("UPDATE people SET key = ? WHERE id = ?"),
      acked: database.prepare("UPDATE people SET acked = ? WHERE id = ?"),
      make: database.prepare("INSERT INTO rooms (name) VALUES (?)"),
      drop: database.prepare("DELETE FROM rooms WHERE id = ?"),
      join: database.prepare("INSERT INTO members (person, room, joined, since, seen) VALUES (?, ?, ?, ?, ?)"),
      leave: database.prepare("DELETE FROM members WHERE person = ? AND room = ?"),
      seen: database.prepare("UPDATE members SET seen = ? WHERE person = ? AND room = ?"),
    };
  }

  /** Whoever has this name; undefined when it was never mentioned. */
  person(name: string): Person | undefined {
    return this.#people.get(name) ?? this.#cached(this.#select.person.get(name));
  }

  /** Whoever has this name, mentioned now if never before. */
  mention(name: string): Person {
    const known = this.person(name);
    if (known) return known;
    this.#database.begin();
    const id = this.#change.mention.run(name);
    return this.#cached({ id, name, added: null, key: null, acked: 0 })!;
  }

  /** Whoever has this number. */
  personOf(id: number): Person {
    return this.#peopleById.get(id) ?? this.#cached(this.#select.personById.get(id))!;
  }

  user(name: string): StoredUser | undefined {
    const person = this.person(name);
    return person?.added ? { name, key: person.key, acked: person.acked } : undefined;
  }

  users(): string[] {
    return this.#select.users.all().map(({ name }) => name).sort();
  }

  addUser(name: string, key: Uint8Array | undefined, time: number, last: number): void {
    const person = this.mention(name);
    if (!person.added) {
      this.#database.begin();
      this.#change.add.run(time, key ?? null, person.id);
      person.added = true;
      person.key = key?.slice();
    } else if (!person.key && key) {
      this.#database.begin();
      this.#change.key.run(key, person.id);
      person.key = key.slice();
    }
    this.join(LOBBY, name, time, last);
  }

  acknowledge(person: Person, seq: number): void {
    this.#database.begin();
    this.#change.acked.run(seq, person.id);
    person.acked = seq;
  }

  rooms(): string[] {
    return [...this.#allRooms().keys()];
  }

  room(name: string): Room | undefined {
    return this.#allRooms().get(name);
  }

  /** The room of this name, made if need be. */
  make(name: string): Room {
    const known = this.room(name);
    if (known) return known;
    this.#database.begin();
    const room = { id: this.#change.make.run(name), name, members: [] };
    this.#allRooms().set(name, room);
    this.#roomsById.set(room.id, room);
    return room;
  }

  roomOf(id: number): Room {
    this.#allRooms();
    return this.#roomsById.get(id)!;
  }

  members(name: string): string[] {
    const room = this.room(name);
    if (!room) return [];
    room.members ??= this.#select.members.all(room.id).map(({ name }) => name).sort();
    return room.members.slice();
  }

  roomsOf(name: string): string[] {
    const person = this.person(name);
    return person ? this.memberships(person).map(({ room }) => this.roomOf(room).name) : [];
  }

  /** In the order of `rooms`. */
  memberships(person: Person): Membership[] {
    return this.#select.memberships.all(person.id);
  }

  join(roomName: string, name: string, time: number, last: number): void {
    const room = this.make(roomName);
    const person = this.mention(name);
    if (this.#select.membership.get(person.id, room.id)) return;
    this.#database.begin();
    this.#change.join.run(person.id, room.id, time, last, last);
    room.members = undefined;
  }

  leave(roomName: string, name: string): void {
    const room = this.room(roomName);
    const person = this.person(name);
    if (!room || !person || !this.#select.membership.get(person.id, room.id)) return;
    this.#database.begin();
    this.#change.leave.run(person.id, room.id);
    room.members = undefined;
    this.dropIfEmpty(room);
  }

  seen(roomName: string, name: string, seq: number): void {
    const room = this.room(roomName);
    const person = this.person(name);
    const membership = room && person && this.#select.membership.get(person.id, room.id);
    if (!membership || seq <= membership.seen) return;
    this.#database.begin();
    this.#change.seen.run(seq, person.id, room.id);
  }

  /** Drops a room in which nobody and nothing is; the lobby stays. */
  dropIfEmpty(room: Room): void {
    if (room.name === LOBBY || this.members(room.name).length > 0 || this.#select.inhabited.get(room.id)) return;
    this.#database.begin();
    this.#change.drop.run(room.id);
    this.#allRooms().delete(room.name);
    this.#roomsById.delete(room.id);
  }

  /** Has nothing at hand any more: the database may know otherwise. */
  forget(): void {
    this.#people.clear();
    this.#peopleById.clear();
    this.#rooms = undefined;
    this.#roomsById.clear();
  }

  #allRooms(): Map<string, Room> {
    if (this.#rooms) return this.#rooms;
    const rooms = this.#select.rooms.all().map(({ id, name }): Room => ({ id, name, members: undefined }));
    for (const room of rooms) this.#roomsById.set(room.id, room);
    return this.#rooms = new Map(rooms.map((room) => [room.name, room]));
  }

  #cached(row: PersonRow | undefined): Person | undefined {
    if (!row) return undefined;
    const { id, name, acked } = row;
    const person = { id, name, added: row.added !== null, key: row.key ?? undefined, acked };
    this.#people.set(name, person);
    this.#peopleById.set(id, person);
    return person;
  }
}

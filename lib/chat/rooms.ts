import type { KnownUser, Room } from "./entities.ts";
import { NameIndex } from "./name_index.ts";

/** The rooms, by name and in the order of their numbers, in which they were created; and the members of each in order. */
export class Rooms {
  readonly #byName = new Map<string, Room>();
  readonly #list: Room[] = [];
  /** The names of members in order, of rooms where they were asked for. */
  readonly #memberNames = new Map<Room, NameIndex>();

  get byName(): ReadonlyMap<string, Room> {
    return this.#byName;
  }

  /** The first `limit` rooms that are seen of those made after the room `after`, or of all, and whether there are more. */
  page(after: string, limit: number, isSeen = (_: Room) => true): { rooms: Room[]; more: boolean } {
    const last = this.#byName.get(after);
    const rooms: Room[] = [];
    for (let at = last ? this.#upTo(last.id) : 0; at < this.#list.length; at++) {
      const room = this.#list[at]!;
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

  add(room: Room): void {
    this.#byName.set(room.name, room);
    this.#list.splice(this.#upTo(room.id), 0, room);
  }

  remove(room: Room): void {
    this.#byName.delete(room.name);
    this.#list.splice(this.#upTo(room.id) - 1, 1);
    this.#memberNames.delete(room);
  }

  enter(room: Room, user: KnownUser, since: number, read: number): void {
    room.members.set(user, { since, read });
    this.#memberNames.get(room)?.add(user.name);
    user.rooms.set(room.id, room);
  }

  /** False if the user was no member. */
  leave(room: Room, user: KnownUser): boolean {
    if (!room.members.delete(user)) return false;
    this.#memberNames.get(room)?.remove(user.name);
    user.rooms.delete(room.id);
    return true;
  }

  /** How many rooms have this number or a smaller one. */
  #upTo(id: number): number {
    let [low, high] = [0, this.#list.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#list[middle]!.id <= id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

import type { OnlineUsers, Session } from "./users.ts";
import { LOBBY } from "./names.ts";
import type { MessageStore } from "./store.ts";

/** Who is in which room, and which sessions are told of what is said there: remembered as long as neither changes. */
export class Audience {
  readonly #sessions = new Map<string, readonly Session[]>();
  readonly #members = new Map<string, ReadonlySet<string>>();

  constructor(readonly store: MessageStore, readonly people: OnlineUsers) {}

  /** Whether a user is in a room. */
  isIn(name: string, room: string): boolean {
    return room === LOBBY || this.members(room).has(name);
  }

  /** Who is in a room that not everybody is in. */
  members(room: string): ReadonlySet<string> {
    let members = this.#members.get(room);
    if (!members) {
      members = new Set(this.store.members(room));
      // Rooms that are not there can be asked for without end.
      if (members.size > 0) this.#members.set(room, members);
    }
    return members;
  }

  /** The native sessions of whoever is in a room. */
  of(room: string): readonly Session[] {
    let audience = this.#sessions.get(room);
    if (!audience) {
      audience = room === LOBBY
        ? [...this.people.natives].filter(({ ready }) => ready)
        : this.store.members(room).flatMap((name) => this.people.get(name)?.natives ?? []);
      this.#sessions.set(room, audience);
    }
    return audience;
  }

  /** Who is in a room has changed. */
  changed(room: string): void {
    this.#sessions.delete(room);
    this.#members.delete(room);
  }

  /** Sessions have come or gone. */
  moved(): void {
    this.#sessions.clear();
  }

  /** Forgets everything. */
  recall(): void {
    this.#sessions.clear();
    this.#members.clear();
  }
}

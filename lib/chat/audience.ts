import type { OnlineUsers, Session } from "./users.ts";
import { LOBBY } from "./names.ts";
import type { MessageStore } from "./store.ts";

/** Caches the members of each room and the native sessions that receive its messages. */
export class Audience {
  readonly #sessions = new Map<string, readonly Session[]>();
  readonly #members = new Map<string, ReadonlySet<string>>();

  constructor(readonly store: MessageStore, readonly people: OnlineUsers) {}

  /** Whether a user is in a room. */
  isIn(name: string, room: string): boolean {
    return room === LOBBY || this.members(room).has(name);
  }

  /** The members of a room other than the lobby. */
  members(room: string): ReadonlySet<string> {
    let members = this.#members.get(room);
    if (!members) {
      members = new Set(this.store.members(room));
      // Not for rooms that do not exist: clients can ask for any number of those.
      if (members.size > 0) this.#members.set(room, members);
    }
    return members;
  }

  /** The native sessions of a room's members. */
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

  /** The members of a room have changed. */
  membersChanged(room: string): void {
    this.#sessions.delete(room);
    this.#members.delete(room);
  }

  /** A session has come or gone. */
  sessionsChanged(): void {
    this.#sessions.clear();
  }

  /** Drops the whole cache. */
  clear(): void {
    this.#sessions.clear();
    this.#members.clear();
  }
}

import { textFault } from "../core/text.ts";
import type { Limits } from "../core/limits.ts";
import type { Accounts } from "./accounts.ts";
import type { Audience } from "./audience.ts";
import type { NativeCommand } from "./command.ts";
import { type Effect, tell } from "./effect.ts";
import type { Event, UserState } from "./event.ts";
import { LOBBY, nameFault } from "./names.ts";
import type { OnlineUsers, Session } from "./users.ts";
import type { MessageStore, StoredMessage, Target } from "./store.ts";

/** Messages in a page of history at most. */
const HISTORY_PAGE = 1000;
/** Messages read at once, until a page has this many characters: reading too many long texts delays everybody. */
const HISTORY_STEP = 100;
const HISTORY_CHARACTERS = 48 * 1024;

/** Answers queries about users, rooms and history, and changes the membership of rooms. */
export class Queries {
  constructor(
    readonly store: MessageStore,
    readonly people: OnlineUsers,
    readonly audience: Audience,
    readonly accounts: () => Accounts,
    readonly limits: Pick<Limits, "rooms" | "textBytes">,
  ) {}

  /** The reason why a text cannot be sent there; undefined if it can. */
  fault(from: string, to: Target, text: string): string | undefined {
    if (text === "") return "an empty text is not sent";
    const tooLong = textFault(text, this.limits.textBytes);
    if (tooLong !== undefined) return tooLong;
    if ("user" in to) return this.#known(to.user) ? undefined : `there is no user ${JSON.stringify(to.user)}`;
    if (this.audience.isIn(from, to.room)) return undefined;
    return `${JSON.stringify(to.room)} is not a room that you are in`;
  }

  answer(
    asker: Session,
    command: Extract<NativeCommand, { type: "users" | "rooms" | "inRoom" | "join" | "leaveRoom" | "history" }>,
    now: number,
  ): Effect[] {
    const { ref } = command;
    switch (command.type) {
      case "users":
        return [tell(asker.id, { type: "users", ref, users: this.#users() })];
      case "rooms": {
        const rooms = this.store.rooms().map((name) => {
          const members = this.store.members(name);
          return { name, members: members.length, joined: members.includes(asker.name!) };
        });
        return [tell(asker.id, { type: "rooms", ref, rooms })];
      }
      case "inRoom":
        return [tell(asker.id, this.#inRoom(asker.name!, ref, command.room))];
      case "join":
        return this.#join(asker, ref, command.room, now);
      case "leaveRoom":
        return this.#leave(asker, ref, command.room);
      case "history":
        return this.#history(asker, command);
    }
  }

  /** The members of a room; for the lobby, the users online and the guests. */
  #inRoom(asker: string, ref: number, room: string): Event {
    if (!this.audience.isIn(asker, room)) {
      return { type: "denied", ref, why: `${JSON.stringify(room)} is not a room that you are in` };
    }
    if (room !== LOBBY) {
      const users = this.store.members(room).map((name) => ({ name, online: this.people.get(name) !== undefined }));
      return { type: "inRoom", ref, room, users };
    }
    const guests = [...this.people.guests].map(({ guestName }) => guestName).sort();
    const users = [...[...this.people.names].sort(), ...guests].map((name) => ({ name, online: true }));
    return { type: "inRoom", ref, room, users };
  }

  #join(asker: Session, ref: number, room: string, now: number): Effect[] {
    const why = this.store.rooms().includes(room) ? undefined : nameFault(room) ?? this.#full();
    if (why) return [tell(asker.id, { type: "denied", ref, why })];
    if (!this.audience.isIn(asker.name!, room)) {
      this.store.join(room, asker.name!, now);
      this.audience.membersChanged(room);
    }
    return [tell(asker.id, { type: "joined", ref, room, members: this.store.members(room).length })];
  }

  #leave(asker: Session, ref: number, room: string): Effect[] {
    const why = room === LOBBY
      ? "everybody is in the lobby; nobody can leave it"
      : this.audience.isIn(asker.name!, room)
      ? undefined
      : `${JSON.stringify(room)} is not a room that you are in`;
    if (why) return [tell(asker.id, { type: "denied", ref, why })];
    this.store.leave(room, asker.name!);
    this.audience.membersChanged(room);
    return [tell(asker.id, { type: "left", ref, room })];
  }

  #history(asker: Session, { ref, of, before, limit }: Extract<NativeCommand, { type: "history" }>): Effect[] {
    if ("room" in of && !this.audience.isIn(asker.name!, of.room)) {
      return [tell(asker.id, { type: "denied", ref, why: `${JSON.stringify(of.room)} is not a room that you are in` })];
    }
    const most = Math.min(Math.max(1, limit), HISTORY_PAGE);
    const where = "room" in of ? of : { between: [asker.name!, of.user] as const };
    const messages: StoredMessage[] = [];
    let more = true;
    for (let characters = 0; more && messages.length < most && characters < HISTORY_CHARACTERS;) {
      const count = Math.min(HISTORY_STEP, most - messages.length);
      const found = this.store.history(where, messages[0]?.seq ?? before ?? Infinity, count + 1);
      more = found.length > count;
      if (more) found.shift();
      messages.unshift(...found);
      for (const { text } of found) characters += text.length;
    }
    return [tell(asker.id, { type: "history", ref, messages, more })];
  }

  /** All users, sorted by name. */
  #users(): UserState[] {
    const names = new Set([...this.store.users(), ...this.accounts().names]);
    return [...names].sort().map((name) => ({ name, online: this.people.get(name) !== undefined }));
  }

  #known(name: string): boolean {
    return this.people.get(name) !== undefined || this.accounts().has(name) || this.store.user(name) !== undefined;
  }

  #full(): string | undefined {
    return this.store.rooms().length < this.limits.rooms
      ? undefined
      : `there are ${this.limits.rooms} rooms, the most allowed`;
  }
}

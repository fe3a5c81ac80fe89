import type { SessionId } from "./event.ts";
import type { Audience } from "./audience.ts";
import type { OnlineUsers } from "./users.ts";
import { LOBBY } from "./names.ts";

/** A user who is online. */
export interface UserView {
  readonly name: string;
  readonly since: number;
  readonly sessions: readonly SessionId[];
}

/** A room, the number of its members, and of those online. Everybody online and all guests count for the lobby. */
export interface RoomView {
  readonly name: string;
  readonly members: number;
  readonly online: number;
}

/** A snapshot of the chat for monitoring. */
export interface ChatView {
  /** In the order in which they came. */
  readonly people: readonly UserView[];
  readonly guests: readonly { readonly name: string; readonly session: SessionId }[];
  /** The lobby, then the others in the order in which they were made, as many as were asked for. */
  readonly rooms: readonly RoomView[];
  /** The number of all rooms. */
  readonly roomCount: number;
}

/** Takes a snapshot with at most `rooms` rooms. Without an audience there is no store, and only the lobby. */
export function chatView(people: OnlineUsers, audience: Audience | undefined, rooms: number): ChatView {
  const present = people.size + people.guests.size;
  const names = audience?.store.rooms() ?? [LOBBY];
  return {
    people: [...people.all].map(({ name, since, handout, natives }) => ({
      name,
      since,
      sessions: (handout ? [handout, ...natives] : natives).map(({ id }) => id),
    })),
    guests: [...people.guests].map(({ guestName, id }) => ({ name: guestName, session: id })),
    rooms: names.slice(0, rooms).map((name) => {
      if (name === LOBBY) return { name, members: present, online: present };
      const members = audience!.members(name);
      let online = 0;
      for (const each of members) if (people.get(each)) online++;
      return { name, members: members.size, online };
    }),
    roomCount: names.length,
  };
}

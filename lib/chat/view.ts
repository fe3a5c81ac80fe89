import type { SessionId } from "./event.ts";
import type { OnlineUsers } from "./online_users.ts";
import { LOBBY } from "./names.ts";
import type { Roster } from "./roster.ts";

/** A user who is online. */
export interface UserView {
  readonly name: string;
  readonly since: number;
  readonly sessions: readonly SessionId[];
}

/** A room that is listed, the number of its members, and of those online. All who are online and its guests count for the lobby. */
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

/** Takes a snapshot with at most `rooms` rooms. */
export function chatView(online: OnlineUsers, roster: Roster, rooms: number): ChatView {
  const present = online.size + online.guestsIn(LOBBY).size;
  return {
    people: [...online.all].map(({ name, since, handout, natives }) => ({
      name,
      since,
      sessions: (handout ? [handout, ...natives] : natives).map(({ id }) => id),
    })),
    guests: [...online.guests].map(({ guestName, id }) => ({ name: guestName, session: id })),
    rooms: [...roster.rooms.byName.values()].filter(({ unlisted }) => !unlisted).slice(0, rooms).map(
      ({ name, members }) => {
        if (name === LOBBY) return { name, members: present, online: present };
        let there = 0;
        for (const member of members.keys()) if (online.get(member.name)) there++;
        return { name, members: members.size, online: there };
      },
    ),
    roomCount: roster.rooms.byName.size,
  };
}

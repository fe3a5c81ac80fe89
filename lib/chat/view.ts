import type { Audience } from "./audience.ts";
import type { OnlineUsers, SessionId } from "./users.ts";
import { LOBBY } from "./names.ts";

/** A user who is online. */
export interface UserView {
  readonly name: string;
  readonly since: number;
  readonly sessions: readonly SessionId[];
}

/** A room: how many are in it, and of those online. Guests are in the lobby, which has no other members. */
export interface RoomView {
  readonly name: string;
  readonly members: number;
  readonly online: number;
}

/** The chat as somebody sees it who only looks on. */
export interface View {
  /** As they came. */
  readonly people: readonly UserView[];
  readonly guests: readonly { readonly name: string; readonly session: SessionId }[];
  /** The lobby first, the others in the order in which they were made, as many as were asked for. */
  readonly rooms: readonly RoomView[];
  /** How many there are. */
  readonly roomCount: number;
}

/** Looks on; without an audience nothing is kept, and there is only the lobby. */
export function view(people: OnlineUsers, audience: Audience | undefined, rooms: number): View {
  const present = people.size + people.guests.size;
  const names = audience?.store.rooms() ?? [LOBBY];
  return {
    people: [...people.all].map(({ name, since, handout, natives }) => ({
      name,
      since,
      sessions: (handout ? [handout, ...natives] : natives).map(({ id }) => id),
    })),
    guests: [...people.guests].map(({ visitor, id }) => ({ name: visitor, session: id })),
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

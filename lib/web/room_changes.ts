import type { RoomChange, RoomState } from "../chat/event.ts";
import { LOBBY } from "../chat/names.ts";
import type { ServerEvent } from "./chat_event.ts";
import { keyOf } from "./conversation.ts";
import { opened } from "./reading_changes.ts";
import { changeConversation, type State } from "./state.ts";

export function leftRoom(state: State, room: string): State {
  const key = keyOf({ room });
  const conversations = new Map(state.conversations);
  conversations.delete(key);
  const members = Math.max(0, (state.rooms.get(room)?.members ?? 1) - 1);
  const after = withRoom({ ...state, conversations }, room, { members, joined: false });
  if (state.open !== key) return after;
  return after.rooms.get(LOBBY)?.joined ? opened(after, { room: LOBBY }) : { ...after, open: undefined, members: [] };
}

export function withRoom(state: State, name: string, room: Omit<RoomState, "name">): State {
  return { ...state, rooms: new Map(state.rooms).set(name, room) };
}

/** A room is new, or has other members; the user may have come or gone by another client. */
export function roomChanged(state: State, { name, members, joined }: RoomChange): State {
  const before = state.rooms.get(name);
  if (joined === false && before?.joined) {
    return leftRoom(withRoom(state, name, { members: members + 1, joined: true }), name);
  }
  const after = withRoom(state, name, { members, joined: joined ?? before?.joined ?? false });
  return joined ? changeConversation(after, { room: name }, (each) => each) : after;
}

export function withPresence(
  people: State["people"],
  { online, offline }: Extract<ServerEvent, { type: "presence" }>,
): State["people"] {
  const all = new Map(people);
  for (const name of online) all.set(name, true);
  for (const name of offline) all.set(name, false);
  return all;
}

/** The members of the open room: those of the lobby come and go, others stay members. */
export function membersAfter(
  state: State,
  { online, offline }: Extract<ServerEvent, { type: "presence" }>,
): State["members"] {
  const { members, open } = state;
  if (members.length === 0) return members;
  const [came, went] = [new Set(online), new Set(offline)];
  if (open !== keyOf({ room: LOBBY })) {
    return members.map((each) => {
      const isOnline = came.has(each.name) || (each.online && !went.has(each.name));
      return isOnline === each.online ? each : { ...each, online: isOnline };
    });
  }
  const rest = members.filter(({ name }) => !went.has(name) && !came.has(name));
  return [...rest, ...online.map((name) => ({ name, online: true }))].sort((a, b) => a.name < b.name ? -1 : 1);
}

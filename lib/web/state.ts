import { LOBBY } from "../chat/names.ts";
import type { Target } from "../chat/entry.ts";
import type { RoomState, UserState } from "../chat/event.ts";
import type { ClientEvent } from "../protocols/native/client_event.ts";
import type { OutgoingMessage } from "../protocols/native/outgoing.ts";
import {
  changed,
  type Conversation,
  emptyConversation,
  keyOf,
  lastPlace,
  pendingMessage,
  receivedMessage,
  withHistory,
  withMessage,
} from "./conversation.ts";
import type { FileView } from "./file_view.ts";

export type Connection =
  | { readonly state: "connecting" | "open" | "elsewhere" }
  | { readonly state: "lost"; readonly retryAt: number };

/** What the page learns from the server. */
export type ServerEvent =
  | Exclude<ClientEvent, { type: "online" | "offline" }>
  | { readonly type: "presence"; readonly online: readonly string[]; readonly offline: readonly string[] };

/** Everything that changes the state: the server's events, and the person's. */
export type ChatEvent =
  | ServerEvent
  /** The page belongs to this user; "" after logging out. */
  | { readonly type: "user"; readonly name: string }
  | { readonly type: "connection"; readonly connection: Connection }
  /** The user has written a message. */
  | { readonly type: "written"; readonly message: OutgoingMessage }
  | { readonly type: "opened"; readonly target: Target }
  | { readonly type: "closed" }
  /** Whether the page is visible and has the focus. */
  | { readonly type: "visible"; readonly visible: boolean }
  | { readonly type: "draft"; readonly target: Target; readonly text: string }
  | { readonly type: "unread"; readonly target: Target; readonly count: number }
  | { readonly type: "loading"; readonly key: string }
  | { readonly type: "file"; readonly file: FileView }
  | { readonly type: "fileForgotten"; readonly id: string }
  | { readonly type: "notice"; readonly text: string }
  | { readonly type: "noticeExpired" };

/** The whole state of the chat. */
export interface State {
  /** "" before the login. */
  readonly user: string;
  readonly connection: Connection;
  readonly conversations: ReadonlyMap<string, Conversation>;
  /** The key of the open conversation. */
  readonly open: string | undefined;
  readonly visible: boolean;
  /** All users by name, and whether they are online. */
  readonly people: ReadonlyMap<string, boolean>;
  readonly rooms: ReadonlyMap<string, Omit<RoomState, "name">>;
  /** The members of the open room, once they are known. */
  readonly members: readonly UserState[];
  /** File offers by their ids. */
  readonly files: ReadonlyMap<string, FileView>;
  /** A short text for the user. */
  readonly notice: string;
}

export const INITIAL: State = {
  user: "",
  connection: { state: "connecting" },
  conversations: new Map(),
  open: undefined,
  visible: true,
  people: new Map(),
  rooms: new Map(),
  members: [],
  files: new Map(),
  notice: "",
};

/** The state after an event; what has not changed is the same object as before. */
export function reduce(state: State, event: ChatEvent): State {
  switch (event.type) {
    case "user":
      // Another user sees nothing of the one before.
      return event.name === state.user ? state : { ...INITIAL, visible: state.visible, user: event.name };
    case "connection":
      return { ...state, connection: event.connection };
    case "loggedIn":
      return loggedIn(state, event);
    case "message":
      return received(state, event);
    case "written":
      return changeConversation(
        state,
        event.message.to,
        (each) => withMessage(each, pendingMessage(event.message, state.user)),
      );
    case "sent":
    case "stored": {
      const { id, seq, time } = event;
      return changeConversation(state, event.to, (each) => {
        const before = each.messages.findLast(({ key }) => key === id)?.state;
        const place = seq === undefined ? {} : { at: seq, ...(time === undefined ? {} : { time }) };
        return changed(each, id, { ...place, state: before === "sending" ? "sent" : before });
      });
    }
    case "delivered":
      return changeKnown(state, keyOf({ user: event.to }), (each) => changed(each, event.id, { state: "delivered" }));
    case "failed":
      return failed(state, event);
    case "presence":
      return { ...state, people: withPresence(state.people, event) };
    case "users":
      return { ...state, people: new Map(event.users.map(({ name, online }) => [name, online])) };
    case "rooms":
      return { ...state, rooms: new Map(event.rooms.map(({ name, ...room }) => [name, room])) };
    case "inRoom":
      return state.open === keyOf({ room: event.room }) ? { ...state, members: event.users } : state;
    case "joined":
      return opened(withRoom(state, event.room, { members: event.members, joined: true }), { room: event.room });
    case "left":
      return leftRoom(state, event.room);
    case "history": {
      const earlier = event.messages.map((message) => receivedMessage(message, message.from === state.user));
      return changeConversation(state, event.of, (each) => withHistory(each, earlier, event.more));
    }
    case "denied":
      return denied(state, event);
    case "opened":
      return opened(state, event.target);
    case "closed":
      return { ...state, open: undefined, members: [] };
    case "visible":
      return markRead({ ...state, visible: event.visible });
    case "draft":
      return changeConversation(state, event.target, (each) => ({ ...each, draft: event.text }));
    case "unread":
      return changeConversation(state, event.target, (each) => ({ ...each, unread: event.count }));
    case "loading":
      return changeKnown(state, event.key, (each) => ({ ...each, loading: true }));
    case "file":
      return { ...state, files: new Map(state.files).set(event.file.id, event.file) };
    case "fileForgotten": {
      const files = new Map(state.files);
      files.delete(event.id);
      return { ...state, files };
    }
    case "notice":
      return { ...state, notice: event.text };
    case "noticeExpired":
      return state.notice === "" ? state : { ...state, notice: "" };
    case "elsewhere":
      return { ...state, connection: { state: "elsewhere" } };
    case "conversations":
    case "edited":
    case "withdrawn":
    case "received":
    case "read":
    case "found":
    case "versions":
      return state;
    case "closing":
      return { ...state, notice: "The server is shutting down. This page reconnects when it is back." };
  }
}

/** The open conversation. */
export function openConversation({ open, conversations }: State): Conversation | undefined {
  return open === undefined ? undefined : conversations.get(open);
}

/** The number of unread messages in all conversations. */
export function unreadCount({ conversations }: State): number {
  let unread = 0;
  for (const conversation of conversations.values()) unread += conversation.unread;
  return unread;
}

function loggedIn(state: State, { rooms, storeChanged }: Extract<ClientEvent, { type: "loggedIn" }>): State {
  const conversations = new Map(state.conversations);
  for (const [key, each] of conversations) {
    const pending = each.messages.filter(({ at }) => at === Infinity);
    if ("room" in each.target && !rooms.includes(each.target.room)) {
      if (pending.length === 0 && each.draft === "") conversations.delete(key);
    } else if (storeChanged && each.messages.length > 0) {
      // The numbers of another store mean nothing here.
      conversations.set(key, { ...each, messages: pending, more: true, loading: false });
    }
  }
  const all = new Map(state.rooms);
  for (const [name, room] of all) if (room.joined && !rooms.includes(name)) all.set(name, { ...room, joined: false });
  for (const name of rooms) {
    all.set(name, { members: all.get(name)?.members ?? 0, joined: true });
    const key = keyOf({ room: name });
    if (!conversations.has(key)) conversations.set(key, emptyConversation({ room: name }));
  }
  const open = state.open !== undefined && conversations.has(state.open) ? state.open : undefined;
  return { ...state, conversations, rooms: all, open, connection: { state: "open" }, notice: "" };
}

function received(state: State, { message, own }: Extract<ClientEvent, { type: "message" }>): State {
  const target = "room" in message.to || own ? message.to : { user: message.from };
  const key = keyOf(target);
  const before = state.conversations.get(key) ?? emptyConversation(target);
  const after = withMessage(before, { ...receivedMessage(message, own), state: own ? "sent" : undefined });
  if (after === before) return state;
  const isRead = own || (state.open === key && state.visible);
  const newFrom = after.unread === 0 ? message.seq : after.newFrom;
  const conversation = isRead ? after : { ...after, unread: after.unread + 1, newFrom };
  return { ...state, conversations: new Map(state.conversations).set(key, conversation) };
}

function failed(state: State, { id, to, why }: Extract<ClientEvent, { type: "failed" }>): State {
  if (!to || id === undefined) return state;
  return changeKnown(state, keyOf(to), (each) => {
    // A message that the server has not stored has no number: it stays where it is.
    const place = each.messages.find(({ key }) => key === id)?.at;
    const at = place === Infinity ? lastPlace(each) : place;
    return at === undefined ? each : changed(each, id, { at, state: "failed", why });
  });
}

function denied(state: State, { why, question }: Extract<ClientEvent, { type: "denied" }>): State {
  if (question?.type !== "history") return { ...state, notice: why };
  // History that the server refuses is not requested again; after a lost connection it is.
  const isOpen = state.connection.state === "open";
  return changeKnown(state, keyOf(question.of), (each) => ({ ...each, loading: false, more: each.more && !isOpen }));
}

function opened(state: State, target: Target): State {
  const key = keyOf(target);
  const known = state.conversations.has(key) ? state : changeConversation(state, target, (each) => each);
  if (state.open === key) return markRead(known);
  // The mark of new messages lasts for one visit.
  const unmarked = state.open === undefined
    ? known
    : changeKnown(known, state.open, (each) => each.newFrom === undefined ? each : { ...each, newFrom: undefined });
  return markRead({ ...unmarked, open: key, members: [] });
}

/** Marks the open conversation as read while the page is visible. */
function markRead(state: State): State {
  if (state.open === undefined || !state.visible) return state;
  return changeKnown(state, state.open, (each) => each.unread === 0 ? each : { ...each, unread: 0 });
}

function leftRoom(state: State, room: string): State {
  const key = keyOf({ room });
  const conversations = new Map(state.conversations);
  conversations.delete(key);
  const members = Math.max(0, (state.rooms.get(room)?.members ?? 1) - 1);
  const after = withRoom({ ...state, conversations }, room, { members, joined: false });
  if (state.open !== key) return after;
  return after.rooms.get(LOBBY)?.joined ? opened(after, { room: LOBBY }) : { ...after, open: undefined, members: [] };
}

function withRoom(state: State, name: string, room: Omit<RoomState, "name">): State {
  return { ...state, rooms: new Map(state.rooms).set(name, room) };
}

function withPresence(
  people: State["people"],
  { online, offline }: Extract<ServerEvent, { type: "presence" }>,
): State["people"] {
  const all = new Map(people);
  for (const name of online) all.set(name, true);
  for (const name of offline) all.set(name, false);
  return all;
}

/** Changes a conversation, which is created if need be. */
function changeConversation(state: State, target: Target, change: (conversation: Conversation) => Conversation): State {
  const key = keyOf(target);
  const conversation = change(state.conversations.get(key) ?? emptyConversation(target));
  return { ...state, conversations: new Map(state.conversations).set(key, conversation) };
}

/** Changes a conversation if there is one. */
function changeKnown(state: State, key: string, change: (conversation: Conversation) => Conversation): State {
  const before = state.conversations.get(key);
  const after = before && change(before);
  if (!after || after === before) return state;
  return { ...state, conversations: new Map(state.conversations).set(key, after) };
}

import { LOBBY } from "../chat/names.ts";
import type { Target } from "../chat/entry.ts";
import { withReaction } from "../chat/reactions.ts";
import { mentions } from "../core/rich_text.ts";
import type { ConversationView, RoomChange, RoomState, UserState } from "../chat/event.ts";
import type { ClientEvent, ClientQuestion, ShownMessage } from "../protocols/native/client_event.ts";
import type { OutgoingMessage } from "../protocols/native/outgoing.ts";
import {
  canChange,
  canReply,
  changed,
  changedAt,
  type Conversation,
  emptyConversation,
  keyOf,
  lastPlace,
  type Message,
  messageAt,
  othersAfter,
  pendingMessage,
  readUpTo,
  receivedMessage,
  receivedUpTo,
  sentState,
  UNKNOWN,
  unreadMentions,
  windowAround,
  withdrawnAt,
  withHistory,
  withMessage,
} from "./conversation.ts";
import type { FileView } from "./file_view.ts";
import { capitalized } from "./format.ts";

export type Connection =
  | { readonly state: "connecting" | "open" | "elsewhere" }
  /** The server has ended the session, and why; the page does not reconnect by itself. */
  | { readonly state: "ended"; readonly why: string }
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
  /** A message that has failed is not shown any more: it was said again. */
  | { readonly type: "dropped"; readonly key: string; readonly message: string }
  | { readonly type: "opened"; readonly target: Target }
  | { readonly type: "closed" }
  /** Whether the page is visible and has the focus. */
  | { readonly type: "visible"; readonly visible: boolean }
  | { readonly type: "draft"; readonly target: Target; readonly text: string }
  /** The server is told up to where the user has read a conversation. */
  | { readonly type: "reported"; readonly key: string; readonly upTo: number }
  /** History is requested: before the messages that are shown, or after them. */
  | { readonly type: "loading"; readonly key: string; readonly later?: boolean }
  /** The user goes to a message, or back to the newest ones. */
  | { readonly type: "jumped"; readonly target: Target; readonly to: number }
  | { readonly type: "latest" }
  /** The user does not want to see the earlier texts of a message any more. */
  | { readonly type: "versionsHidden"; readonly at: number }
  /** The user edits an own message, or does not any more. */
  | { readonly type: "editing"; readonly editing: Editing | undefined }
  /** The user replies to a message of the open conversation, or does not any more. */
  | { readonly type: "replying"; readonly to: Message | undefined }
  | { readonly type: "searched"; readonly text: string; readonly question: SearchQuestion }
  | { readonly type: "searchFailed"; readonly text: string; readonly why: string }
  | { readonly type: "file"; readonly file: FileView }
  | { readonly type: "fileForgotten"; readonly id: string }
  /** The conversations that the user has muted. */
  | { readonly type: "muted"; readonly keys: ReadonlySet<string> }
  /** The user has seen what is new in the open conversation. */
  | { readonly type: "seen" }
  | { readonly type: "notice"; readonly text: string }
  | { readonly type: "noticeExpired" };

export interface Editing {
  readonly at: number;
  readonly text: string;
}

type SearchQuestion = Extract<ClientQuestion, { type: "search" }>;

/** What the user searches for, and what was found. */
export interface Search {
  readonly text: string;
  /** The last question about it; undefined when the text is no question. */
  readonly question: SearchQuestion | undefined;
  readonly hits: readonly ShownMessage[];
  readonly more: boolean;
  readonly pending: boolean;
  readonly why: string;
}

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
  /** Whether this session was told up to where the user has read; before that nothing counts as read. */
  readonly overview: boolean;
  /** Whether the server can search. */
  readonly searches: boolean;
  readonly search: Search | undefined;
  /** The message that the user has gone to. */
  readonly goal: { readonly key: string; readonly at: number } | undefined;
  /** The own message that the user edits. */
  readonly editing: Editing | undefined;
  /** The message to which the user replies. */
  readonly replying: Message | undefined;
  /** Whether messages can reply to others here. */
  readonly replies: boolean;
  /** The keys of conversations that do not call the user. */
  readonly muted: ReadonlySet<string>;
  /** The marks that can be put to messages here. */
  readonly reactions: readonly string[];
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
  overview: false,
  searches: false,
  search: undefined,
  goal: undefined,
  editing: undefined,
  replying: undefined,
  replies: false,
  muted: new Set(),
  reactions: [],
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
        return changed(each, id, {
          ...place,
          state: before !== "sending" && before !== "sent" ? before : sentState(each, seq ?? Infinity),
        });
      });
    }
    case "delivered":
      return changeKnown(state, keyOf({ user: event.to }), (each) => changed(each, event.id, { state: "delivered" }));
    case "failed":
      return failed(state, event);
    case "presence":
      return { ...state, people: withPresence(state.people, event), members: membersAfter(state, event) };
    case "users":
      return { ...state, people: new Map(event.users.map(({ name, online }) => [name, online])) };
    case "roomChanges":
      return event.rooms.reduce(roomChanged, state);
    case "rooms":
      return { ...state, rooms: new Map(event.rooms.map(({ name, ...room }) => [name, room])) };
    case "inRoom":
      return state.open === keyOf({ room: event.room }) ? { ...state, members: event.users } : state;
    case "joined":
      return opened(withRoom(state, event.room, { members: event.members, joined: true }), { room: event.room });
    case "left":
      return leftRoom(state, event.room);
    case "history":
      return markRead(changeKnown(state, keyOf(event.of), (each) => withHistory(each, event, state.user)));
    case "denied":
      return denied(state, event);
    case "dropped":
      return changeKnown(state, event.key, (each) => ({
        ...each,
        messages: each.messages.filter(({ key, state }) => key !== event.message || state !== "failed"),
      }));
    case "opened":
      return opened(state, event.target);
    case "closed":
      return { ...state, open: undefined, members: [], editing: undefined, replying: undefined, goal: undefined };
    case "visible":
      return markRead({ ...state, visible: event.visible });
    case "draft":
      return changeConversation(state, event.target, (each) => ({ ...each, draft: event.text }));
    case "reported":
      return changeKnown(state, event.key, (each) => ({ ...each, reported: Math.max(each.reported, event.upTo) }));
    case "loading":
      return changeKnown(state, event.key, (each) => loading(each, event.later ?? false));
    case "editing":
      return { ...state, editing: event.editing, replying: undefined };
    case "replying":
      return { ...state, replying: event.to, editing: undefined };
    case "jumped":
      return jumped(state, event);
    case "latest":
      return state.open === undefined ? state : markRead(
        changeKnown({ ...state, goal: undefined }, state.open, (each) => ({ ...each, window: undefined })),
      );
    case "searched": {
      const { text, question } = event;
      const hits = question.before === undefined ? [] : state.search?.hits ?? [];
      return { ...state, search: { text, question, hits, more: false, pending: true, why: "" } };
    }
    case "searchFailed": {
      const { text, why } = event;
      return { ...state, search: { text, question: undefined, hits: [], more: false, pending: false, why } };
    }
    case "file":
      return { ...state, files: new Map(state.files).set(event.file.id, event.file) };
    case "fileForgotten": {
      const files = new Map(state.files);
      files.delete(event.id);
      return { ...state, files };
    }
    case "muted":
      return { ...state, muted: event.keys };
    case "seen":
      return state.open === undefined
        ? state
        : changeKnown(state, state.open, (each) => ({ ...each, newAfter: undefined }));
    case "notice":
      return { ...state, notice: capitalized(event.text) };
    case "noticeExpired":
      return state.notice === "" ? state : { ...state, notice: "" };
    case "elsewhere":
      return { ...state, connection: { state: "elsewhere" } };
    case "conversations":
      return markRead(event.list.reduce(withOverview, { ...state, overview: true }));
    case "edited":
      return changeMessage(state, event, {
        text: event.text,
        change: "edited",
        mentions: !event.own && mentions(event.text, state.user),
        earlier: undefined,
      });
    case "withdrawn":
      return changeMessage(state, event, { text: "", change: "withdrawn", earlier: undefined, reactions: undefined });
    case "reacted": {
      const { of, from, to, text, own } = event;
      return changeKnown(state, keyOf("room" in to || own ? to : { user: from }), (each) => {
        const reactions = messageAt(each, of)?.reactions ?? [];
        return changedAt(each, of, { reactions: withReaction(reactions, from, text) });
      });
    }
    case "received":
      return changeKnown(state, keyOf({ user: event.by }), (each) => receivedUpTo(each, event.upTo));
    case "read":
      return changeKnown(state, keyOf(event.of), (each) => ({
        ...withNewAfter(state, readUpTo(each, event.upTo)),
        reported: Math.max(each.reported, event.upTo),
      }));
    case "found": {
      const { search } = state;
      if (search?.question !== event.question) return state;
      const hits = [...search.hits, ...event.messages];
      return { ...state, search: { ...search, hits, more: event.more, pending: false } };
    }
    case "versions":
      return changeEverywhere(state, event.of, ({ change }) => ({
        // The last one is what it says now.
        earlier: change === "withdrawn" ? event.texts : event.texts.slice(0, -1),
      }));
    case "newPassword":
    case "ticket":
      return state;
    case "versionsHidden":
      return changeEverywhere(state, event.at, () => ({ earlier: undefined }));
    case "closing":
      if (event.why !== undefined) return { ...state, connection: { state: "ended", why: event.why } };
      return { ...state, notice: "The server is shutting down. This page reconnects when it is back." };
  }
}

/** The open conversation. */
export function openConversation({ open, conversations }: State): Conversation | undefined {
  return open === undefined ? undefined : conversations.get(open);
}

/** The last own message of the open conversation that can be changed, before a place. */
export function editableBefore(state: State, place: number): Editing | undefined {
  const open = openConversation(state);
  return (open?.window ?? open)?.messages.findLast((each) => each.at < place && canChange(each));
}

/** The last message of another user in the open conversation, before a place, that can be replied to. */
export function repliableBefore(state: State, place: number): Message | undefined {
  if (!state.replies) return undefined;
  const open = openConversation(state);
  return (open?.window ?? open)?.messages.findLast((each) => each.at < place && !each.own && canReply(each));
}

/** The number of unread messages in all conversations; of muted ones, those that mention the user. */
export function unreadCount({ conversations, muted }: State): number {
  let unread = 0;
  for (const each of conversations.values()) unread += muted.has(each.key) ? unreadMentions(each) : each.unread;
  return unread;
}

function loggedIn(state: State, event: Extract<ClientEvent, { type: "loggedIn" }>): State {
  const { rooms, storeChanged, searches, replies = false, reactions = [] } = event;
  const conversations = new Map(state.conversations);
  for (const [key, each] of conversations) {
    const pending = each.messages.filter(({ at }) => at === Infinity);
    if ("room" in each.target && !rooms.includes(each.target.room)) {
      if (pending.length === 0 && each.draft === "") conversations.delete(key);
    } else if (storeChanged) {
      // The numbers of another store mean nothing here.
      conversations.set(key, { ...each, ...UNKNOWN, messages: pending });
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
  const goal = storeChanged ? undefined : state.goal;
  const replying = storeChanged ? undefined : state.replying;
  const connection = { state: "open" } as const;
  const known = { goal, replying, searches, replies, reactions };
  return { ...state, ...known, conversations, rooms: all, open, connection, overview: false, notice: "" };
}

function received(state: State, { message, own }: Extract<ClientEvent, { type: "message" }>): State {
  const target = "room" in message.to || own ? message.to : { user: message.from };
  const key = keyOf(target);
  const before = state.conversations.get(key) ?? emptyConversation(target);
  const after = withMessage(before, receivedMessage(message, own, before, state.user));
  if (after === before) return state;
  const conversations = new Map(state.conversations).set(key, after);
  // The server's count has those up to `last`.
  if (own || message.seq <= Math.max(after.read, after.last)) return markRead({ ...state, conversations });
  if (isSeen(state, after)) return markRead({ ...state, conversations });
  // What came while there was no connection may have been read elsewhere: the overview follows.
  const newAfter = state.overview && after.unread === 0 ? message.seq - 1 : after.newAfter;
  conversations.set(key, { ...after, unread: after.unread + 1, newAfter });
  return { ...state, conversations };
}

/** What the server says of a conversation, and what came since. */
function withOverview(state: State, view: ConversationView): State {
  return changeConversation(state, view.of, (each) => {
    const read = Math.max(each.read, view.read);
    // What was read here while there was no connection is not known there yet.
    const unread = each.read > view.read || view.read >= view.last
      ? othersAfter(each, read)
      : view.unread + othersAfter(each, view.last);
    const known = { ...each, last: view.last, read, reported: view.read, unread };
    return receivedUpTo(withNewAfter(state, unread > 0 ? { ...known, newAfter: read } : known), view.received);
  });
}

/** What was read on another device is not new here any more, unless it is in front of the user. */
function withNewAfter(state: State, conversation: Conversation): Conversation {
  const { key, unread, read } = conversation;
  if (key === state.open) return conversation;
  return { ...conversation, newAfter: unread > 0 ? read : undefined };
}

function failed(state: State, { id, seq, to, why }: Extract<ClientEvent, { type: "failed" }>): State {
  if (!to) return state;
  return changeKnown(state, keyOf(to), (each) => {
    if (seq !== undefined) return changedAt(each, seq, { state: "failed", why });
    if (id === undefined) return each;
    // A message that the server has not stored has no number: it stays where it is, between two others.
    const place = each.messages.find(({ key }) => key === id)?.at;
    const at = place === Infinity ? lastPlace(each) + 0.5 : place;
    return at === undefined ? each : changed(each, id, { at, state: "failed", why });
  });
}

function loading(conversation: Conversation, later: boolean): Conversation {
  const { window } = conversation;
  if (!window) return { ...conversation, loading: true };
  return { ...conversation, window: later ? { ...window, loadingAfter: true } : { ...window, loading: true } };
}

function jumped(state: State, { target, to }: Extract<ChatEvent, { type: "jumped" }>): State {
  const there = opened(state, target);
  const key = keyOf(target);
  return changeKnown({ ...there, goal: { key, at: to } }, key, (each) => {
    const isHere = each.completeFrom !== undefined && to >= each.completeFrom;
    return { ...each, window: isHere ? undefined : windowAround(to) };
  });
}

/** Changes a message that was edited or withdrawn. */
function changeMessage(
  state: State,
  { of, from, to, own }: Extract<ClientEvent, { type: "edited" | "withdrawn" }>,
  change: Partial<Message>,
): State {
  const target = "room" in to || own ? to : { user: from };
  const isWithdrawn = change.change === "withdrawn";
  const after = changeKnown(
    state,
    keyOf(target),
    (each) => changedAt(isWithdrawn && !own ? withdrawnAt(each, of) : each, of, change),
  );
  const { editing, replying } = after;
  if (!isWithdrawn || (editing?.at !== of && replying?.at !== of)) return after;
  return {
    ...after,
    editing: editing?.at === of ? undefined : editing,
    replying: replying?.at === of ? undefined : replying,
  };
}

/** Changes the message at a place, in whatever conversation it is. */
function changeEverywhere(state: State, at: number, change: (message: Message) => Partial<Message>): State {
  for (const [key, each] of state.conversations) {
    const message = messageAt(each, at);
    if (message) return changeKnown(state, key, (found) => changedAt(found, at, change(message)));
  }
  return state;
}

function denied(state: State, { why, question }: Extract<ClientEvent, { type: "denied" }>): State {
  if (question?.type === "search" && state.search?.question === question) {
    return { ...state, search: { ...state.search, pending: false, why } };
  }
  if (question?.type !== "history") return { ...state, notice: capitalized(why) };
  // History that the server refuses is not requested again; after a lost connection it is.
  const isOpen = state.connection.state === "open";
  return changeKnown(state, keyOf(question.of), (each) => {
    const { window } = each;
    if (question.after === undefined && (!window || question.before !== window.from)) {
      return { ...each, loading: false, more: each.more && !isOpen };
    }
    // The newest messages are still there.
    return { ...each, window: undefined };
  });
}

function opened(state: State, target: Target): State {
  const key = keyOf(target);
  const known = state.conversations.has(key) ? state : changeConversation(state, target, (each) => each);
  if (state.open === key) return markRead(known);
  // The mark of new messages lasts for one visit, and so does a place in history.
  const left = state.open === undefined
    ? known
    : changeKnown(known, state.open, (each) => ({ ...each, newAfter: undefined, window: undefined }));
  return markRead({ ...left, open: key, members: [], goal: undefined, editing: undefined, replying: undefined });
}

/** Whether the user sees the newest messages of a conversation. */
function isSeen(state: State, { key, window }: Conversation): boolean {
  return state.overview && state.visible && state.open === key && window === undefined;
}

/** The open conversation is read while the page is visible. */
function markRead(state: State): State {
  const open = openConversation(state);
  if (!open || !isSeen(state, open)) return state;
  const upTo = Math.max(lastPlace(open), open.last);
  return changeKnown(state, open.key, (each) => readUpTo(each, upTo));
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

/** The members of the open room: those of the lobby come and go, others stay members. */
function membersAfter(state: State, { online, offline }: Extract<ServerEvent, { type: "presence" }>): State["members"] {
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

/** A room is new, or has other members; the user may have come or gone by another client. */
function roomChanged(state: State, { name, members, joined }: RoomChange): State {
  const before = state.rooms.get(name);
  if (joined === false && before?.joined) {
    return leftRoom(withRoom(state, name, { members: members + 1, joined: true }), name);
  }
  const after = withRoom(state, name, { members, joined: joined ?? before?.joined ?? false });
  return joined ? changeConversation(after, { room: name }, (each) => each) : after;
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

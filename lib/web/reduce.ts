import { withReaction } from "../chat/reactions.ts";
import { mentions } from "../core/rich_text.ts";
import type { ClientEvent } from "../protocols/native/client_event.ts";
import type { ChatEvent } from "./chat_event.ts";
import {
  changed,
  changedAt,
  emptyConversation,
  keyOf,
  messageAt,
  readUpTo,
  receivedUpTo,
  sentState,
  UNKNOWN,
  withMessage,
} from "./conversation.ts";
import { capitalized } from "./format.ts";
import { withHistory } from "./history_pages.ts";
import { pendingMessage } from "./message.ts";
import { changeEverywhere, changeMessage, failed, received } from "./message_changes.ts";
import { jumped, loading, markRead, opened, withNewAfter, withOverview } from "./reading_changes.ts";
import { leftRoom, membersAfter, roomChanged, withPresence, withRoom } from "./room_changes.ts";
import { changeConversation, changeKnown, INITIAL, type State } from "./state.ts";
import { chatTexts } from "./texts.ts";

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
    // The panel of members follows `roomChanges`.
    case "membersChanged":
      return state;
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
    case "servers":
      return { ...state, servers: event };
    case "versionsHidden":
      return changeEverywhere(state, event.at, () => ({ earlier: undefined }));
    case "closing":
      if (event.why !== undefined) return { ...state, connection: { state: "ended", why: event.why } };
      return { ...state, notice: chatTexts.shutDown };
  }
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

import type { Target } from "../chat/entry.ts";
import type { ConversationView } from "../chat/event.ts";
import type { ChatEvent } from "./chat_event.ts";
import { type Conversation, keyOf, lastPlace, othersAfter, readUpTo, receivedUpTo } from "./conversation.ts";
import { windowAround } from "./history_pages.ts";
import { changeConversation, changeKnown, openConversation, type State } from "./state.ts";

export function opened(state: State, target: Target): State {
  const key = keyOf(target);
  const known = state.conversations.has(key) ? state : changeConversation(state, target, (each) => each);
  if (state.open === key) return markRead(known);
  // The mark of new messages lasts for one visit, and so does a place in history.
  const left = state.open === undefined
    ? known
    : changeKnown(known, state.open, (each) => ({ ...each, newAfter: undefined, window: undefined }));
  return markRead({ ...left, open: key, members: [], goal: undefined, editing: undefined, replying: undefined });
}

export function jumped(state: State, { target, to }: Extract<ChatEvent, { type: "jumped" }>): State {
  const there = opened(state, target);
  const key = keyOf(target);
  return changeKnown({ ...there, goal: { key, at: to } }, key, (each) => {
    const isHere = each.completeFrom !== undefined && to >= each.completeFrom;
    return { ...each, window: isHere ? undefined : windowAround(to) };
  });
}

export function loading(conversation: Conversation, later: boolean): Conversation {
  const { window } = conversation;
  if (!window) return { ...conversation, loading: true };
  return { ...conversation, window: later ? { ...window, loadingAfter: true } : { ...window, loading: true } };
}

/** Whether the user sees the newest messages of a conversation. */
export function isSeen(state: State, { key, window }: Conversation): boolean {
  return state.overview && state.visible && state.open === key && window === undefined;
}

/** The open conversation is read while the page is visible. */
export function markRead(state: State): State {
  const open = openConversation(state);
  if (!open || !isSeen(state, open)) return state;
  const upTo = Math.max(lastPlace(open), open.last);
  return changeKnown(state, open.key, (each) => readUpTo(each, upTo));
}

/** What the server says of a conversation, and what came since. */
export function withOverview(state: State, view: ConversationView): State {
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
export function withNewAfter(state: State, conversation: Conversation): Conversation {
  const { key, unread, read } = conversation;
  if (key === state.open) return conversation;
  return { ...conversation, newAfter: unread > 0 ? read : undefined };
}

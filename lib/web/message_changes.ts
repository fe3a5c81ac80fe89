import type { ClientEvent } from "../protocols/native/client_event.ts";
import {
  changed,
  changedAt,
  emptyConversation,
  keyOf,
  lastPlace,
  messageAt,
  receivedMessage,
  withdrawnAt,
  withMessage,
} from "./conversation.ts";
import type { Message } from "./message.ts";
import { isSeen, markRead } from "./reading_changes.ts";
import { changeKnown, type State } from "./state.ts";

export function received(state: State, { message, own }: Extract<ClientEvent, { type: "message" }>): State {
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

export function failed(state: State, { id, seq, to, why }: Extract<ClientEvent, { type: "failed" }>): State {
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

/** Changes a message that was edited or withdrawn. */
export function changeMessage(
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
export function changeEverywhere(state: State, at: number, change: (message: Message) => Partial<Message>): State {
  for (const [key, each] of state.conversations) {
    const message = messageAt(each, at);
    if (message) return changeKnown(state, key, (found) => changedAt(found, at, change(message)));
  }
  return state;
}

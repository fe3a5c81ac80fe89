import type { Target } from "../chat/entry.ts";
import { isPlainLabel } from "../chat/names.ts";
import { mentions } from "../core/rich_text.ts";
import type { ShownMessage } from "../protocols/native/client_event.ts";
import { idOf } from "../protocols/native/outgoing.ts";
import type { Message } from "./message.ts";

/** Messages around a place in history, away from the newest ones. */
export interface HistoryWindow {
  readonly messages: readonly Message[];
  /** No message from `from` to `upTo` is missing. */
  readonly from: number;
  readonly upTo: number;
  /** Whether there may be earlier ones, and later ones; and whether they are requested. */
  readonly more: boolean;
  readonly loading: boolean;
  readonly moreAfter: boolean;
  readonly loadingAfter: boolean;
}

/** The messages with one person or in one room. */
export interface Conversation {
  readonly key: string;
  readonly target: Target;
  /** In the order of their places. */
  readonly messages: readonly Message[];
  /** No message from here on is missing; undefined before any history was loaded. */
  readonly completeFrom: number | undefined;
  /** The newest entry that the server has counted. */
  readonly last: number;
  /** Up to where the user has read, and up to where the server knows that. */
  readonly read: number;
  readonly reported: number;
  readonly unread: number;
  /** Up to where the other user has received what this one said. */
  readonly received: number;
  /** The messages behind this place are new to the user on this visit. */
  readonly newAfter: number | undefined;
  /** Whether there may be earlier messages. */
  readonly more: boolean;
  readonly loading: boolean;
  readonly draft: string;
  /** What is shown instead of the newest messages. */
  readonly window: HistoryWindow | undefined;
}

/** Cap on messages in memory; beyond it the oldest are dropped, and loaded again as history. */
const MAX_MESSAGES = 12_000;
const KEPT_MESSAGES = 10_000;

export function keyOf(target: Target): string {
  return "user" in target ? `user ${target.user}` : `room ${target.room}`;
}

/** The conversation with this key. */
export function targetOf(key: string): Target | undefined {
  const [, kind, name] = /^(room|user) (.*)$/s.exec(key) ?? [];
  return name === undefined ? undefined : kind === "room" ? { room: name } : { user: name };
}

/** The name of the person or the room. */
export function nameOf(target: Target): string {
  return "user" in target ? target.user : target.room;
}

export function emptyConversation(target: Target): Conversation {
  return { key: keyOf(target), target, draft: "", ...UNKNOWN, messages: [] };
}

/** Whether it is with a peer that has another program: no files, and nothing is confirmed. */
export function isPlain(target: Target): boolean {
  return "user" in target && isPlainLabel(target.user);
}

/** The state of an own message with this place, or of one that was sent to a peer. */
export function sentState({ target, received }: Conversation, at: number): "sent" | "delivered" | "unconfirmed" {
  if (isPlain(target)) return "unconfirmed";
  return "user" in target && at <= received ? "delivered" : "sent";
}

/** What is known of a conversation of a store that was not seen yet. */
export const UNKNOWN = {
  completeFrom: undefined,
  last: 0,
  read: 0,
  reported: 0,
  unread: 0,
  received: 0,
  newAfter: undefined,
  more: true,
  loading: false,
  window: undefined,
} as const;

/** A message from the server. */
export function receivedMessage(said: ShownMessage, own: boolean, conversation: Conversation, user: string): Message {
  const { seq, from, text, time, client, number, edited, withdrawn, failed, reply, reactions } = said;
  const id = said.id ?? (client === undefined || number === undefined ? undefined : idOf(client, number));
  const state = own || isPlain(conversation.target) ? sentState(conversation, seq) : undefined;
  return {
    key: own && id !== undefined ? id : `#${seq}`,
    at: seq,
    from,
    own,
    text: withdrawn ? "" : text,
    time,
    state: own && failed !== undefined ? "failed" : state,
    why: failed,
    change: withdrawn ? "withdrawn" : edited ? "edited" : undefined,
    mentions: !own && !withdrawn && mentions(text, user),
    reply,
    reactions,
    earlier: undefined,
  };
}

/** Adds a message; the same conversation when it is there already. */
export function withMessage(conversation: Conversation, message: Message): Conversation {
  const { messages } = conversation;
  for (let i = messages.length - 1; i >= 0; i--) {
    const known = messages[i]!;
    if (known.at === message.at && message.at !== Infinity) return conversation;
    if (known.key === message.key) return settled(conversation, known, message);
    // Only pending messages can be out of order.
    if (known.at < message.at && message.at !== Infinity && !message.own) break;
  }
  const all = placed(messages, message);
  if (all.length <= MAX_MESSAGES) return { ...conversation, messages: all };
  const kept = all.slice(-KEPT_MESSAGES);
  return { ...conversation, messages: kept, completeFrom: Math.ceil(kept[0]!.at), more: true };
}

/** A pending message has its place. */
function settled(conversation: Conversation, known: Message, { at, time, state, why, change }: Message): Conversation {
  return changed(conversation, known.key, {
    at,
    time,
    state: known.state === "delivered" ? known.state : state,
    why,
    change,
  });
}

/** The message at a place, if it is loaded. */
export function messageAt({ messages, window }: Conversation, at: number): Message | undefined {
  return foundAt(messages, at) ?? (window && foundAt(window.messages, at));
}

/** The message at a place; the messages are in the order of their places. */
function foundAt(messages: readonly Message[], at: number): Message | undefined {
  for (let low = 0, high = messages.length - 1; low <= high;) {
    const middle = low + high >> 1;
    const found = messages[middle]!;
    if (found.at === at) return found;
    if (found.at < at) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}

/** Changes one message and moves it to its place. */
export function changed(conversation: Conversation, key: string, change: Partial<Message>): Conversation {
  const { messages } = conversation;
  const i = messages.findLastIndex((message) => message.key === key);
  if (i < 0) return conversation;
  return { ...conversation, messages: placed(messages.toSpliced(i, 1), { ...messages[i]!, ...change }) };
}

/** Changes the message at a place, wherever it is shown. */
export function changedAt(conversation: Conversation, at: number, change: Partial<Message>): Conversation {
  const apply = (messages: readonly Message[]) => {
    const i = messages.findLastIndex((message) => message.at === at);
    return i < 0 ? messages : messages.with(i, { ...messages[i]!, ...change });
  };
  const messages = apply(conversation.messages);
  const { window } = conversation;
  const inWindow = window ? apply(window.messages) : [];
  if (messages === conversation.messages && (!window || inWindow === window.messages)) return conversation;
  return { ...conversation, messages, window: window && { ...window, messages: inWindow } };
}

/** The other user has received everything up to a place, but for what failed. */
export function receivedUpTo(conversation: Conversation, upTo: number): Conversation {
  if (upTo <= conversation.received) return conversation;
  const mark = (messages: readonly Message[]) =>
    messages.map((each) => each.state === "sent" && each.at <= upTo ? { ...each, state: "delivered" as const } : each);
  const { window } = conversation;
  return {
    ...conversation,
    received: upTo,
    messages: mark(conversation.messages),
    window: window && { ...window, messages: mark(window.messages) },
  };
}

/** The user has read up to a place. */
export function readUpTo(conversation: Conversation, upTo: number): Conversation {
  if (upTo <= conversation.read) return conversation;
  return { ...conversation, read: upTo, unread: othersAfter(conversation, upTo) };
}

/** How many messages of others are behind a place, but for those withdrawn. */
export function othersAfter({ messages }: Conversation, place: number): number {
  let count = 0;
  for (let i = messages.length - 1; i >= 0 && messages[i]!.at > place; i--) {
    const { own, change } = messages[i]!;
    if (!own && change !== "withdrawn") count++;
  }
  return count;
}

/** How many of the loaded messages behind what was read mention the user. */
export function unreadMentions({ messages, read, unread }: Conversation): number {
  let count = 0;
  for (let i = messages.length - 1; unread > 0 && i >= 0 && messages[i]!.at > read; i--) {
    if (messages[i]!.mentions && messages[i]!.change !== "withdrawn") count++;
  }
  return count;
}

/** A message of another user is withdrawn: it does not wait to be read. */
export function withdrawnAt(conversation: Conversation, at: number): Conversation {
  const { read, last, unread } = conversation;
  const known = messageAt(conversation, at);
  const isUnread = at > read && (known ? !known.own && known.change !== "withdrawn" : at <= last);
  return isUnread ? { ...conversation, unread: Math.max(0, unread - 1) } : conversation;
}

/** The highest sequence number; 0 when there is none. */
export function lastPlace({ messages }: Conversation): number {
  // A message that was refused stands between two numbers.
  return Math.floor(messages.findLast(({ at }) => at !== Infinity)?.at ?? 0);
}

function placed(messages: readonly Message[], message: Message): Message[] {
  let i = messages.length;
  while (i > 0 && messages[i - 1]!.at > message.at) i--;
  return messages.toSpliced(i, 0, message);
}

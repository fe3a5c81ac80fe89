import { isPlainLabel } from "../chat/names.ts";
import type { Target } from "../chat/entry.ts";
import type { Reaction } from "../chat/reactions.ts";
import { mentions } from "../core/rich_text.ts";
import type { ClientEvent, ShownMessage } from "../protocols/native/client_event.ts";
import { readAttachment } from "../protocols/transfer/attachment.ts";
import { readOffer } from "../protocols/transfer/offer.ts";
import { idOf, type OutgoingMessage } from "../protocols/native/outgoing.ts";

/** A message as it is shown. */
export interface Message {
  /** Distinguishes it from all others of its conversation. */
  readonly key: string;
  /** Its place: its sequence number; Infinity while it has none, which puts it behind all others. */
  readonly at: number;
  readonly from: string;
  readonly own: boolean;
  readonly text: string;
  readonly time: number;
  /** Of the user's own messages; those of peers with another program, which confirms nothing, are "unconfirmed" both ways. */
  readonly state: "sending" | "sent" | "delivered" | "failed" | "unconfirmed" | undefined;
  /** The reason of a failure. */
  readonly why: string | undefined;
  readonly change: "edited" | "withdrawn" | undefined;
  /** Whether it is another user's and mentions this one. */
  readonly mentions?: boolean | undefined;
  /** The place of the message to which it replies. */
  readonly reply?: number | undefined;
  readonly reactions?: readonly Reaction[] | undefined;
  /** The texts that it had before, once the user has asked for them. */
  readonly earlier: readonly { readonly text: string; readonly time: number }[] | undefined;
}

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

type HistoryPage = Extract<ClientEvent, { type: "history" }>;

/** Cap on messages in memory; beyond it the oldest are dropped, and loaded again as history. */
const MAX_MESSAGES = 12_000;
const KEPT_MESSAGES = 10_000;

export function keyOf(target: Target): string {
  return "user" in target ? `user ${target.user}` : `room ${target.room}`;
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

/** A message of the user that the server has not answered yet. */
export function pendingMessage({ id, text, time, reply }: OutgoingMessage, user: string): Message {
  return {
    key: id,
    at: Infinity,
    from: user,
    own: true,
    text,
    time,
    state: "sending",
    why: undefined,
    change: undefined,
    reply,
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

/** Adds a page of history, to the newest messages or to the window that it was requested for. */
export function withHistory(conversation: Conversation, page: HistoryPage, user: string): Conversation {
  const added = page.messages.map((each) => receivedMessage(each, each.from === user, conversation, user));
  const { window } = conversation;
  const { before, after } = page.question ?? {};
  if (after !== undefined) {
    if (!window?.loadingAfter || after !== window.upTo) return conversation;
    const messages = [...window.messages, ...added];
    const upTo = added.at(-1)?.at ?? window.upTo;
    return joined({
      ...conversation,
      window: { ...window, messages, upTo, moreAfter: page.more, loadingAfter: false },
    });
  }
  if (window?.loading && before === window.from) {
    const messages = [...added, ...window.messages];
    const from = added[0]?.at ?? window.from;
    return joined({ ...conversation, window: { ...window, messages, from, more: page.more, loading: false } });
  }
  if (!conversation.loading || before !== conversation.completeFrom) return conversation;
  // The page has every message between its first one and the place before which it was requested.
  const completeFrom = page.more && added.length > 0 ? added[0]!.at : 0;
  return {
    ...merged(conversation, added.filter(({ at }) => at >= completeFrom), completeFrom),
    more: page.more,
    loading: false,
  };
}

/** A window on the messages before and after a place, which are requested. */
export function windowAround(place: number): HistoryWindow {
  return {
    messages: [],
    from: place + 1,
    upTo: place,
    more: true,
    loading: true,
    moreAfter: true,
    loadingAfter: true,
  };
}

/** Once a window reaches the newest messages, it is one with them. */
function joined(conversation: Conversation): Conversation {
  const { window, completeFrom } = conversation;
  if (!window || window.loading || window.loadingAfter) return conversation;
  if (window.moreAfter && (completeFrom === undefined || window.upTo < completeFrom)) return conversation;
  const from = window.more ? window.from : 0;
  const isInside = completeFrom !== undefined && completeFrom <= from;
  const whole = merged(conversation, window.messages, isInside ? completeFrom : from);
  return { ...whole, more: isInside ? conversation.more : window.more, window: undefined };
}

/** Adds messages to the newest ones; those before `completeFrom` may have gaps between them and are dropped. */
function merged(conversation: Conversation, added: readonly Message[], completeFrom: number): Conversation {
  const byKey = new Map<string, Message>();
  const places = new Set<number>();
  for (const message of conversation.messages) {
    if (message.at < completeFrom && message.state !== "failed") continue;
    byKey.set(message.key, message);
    if (message.at !== Infinity) places.add(message.at);
  }
  for (const message of added) {
    const pending = byKey.get(message.key);
    if (pending?.at === Infinity || (!pending && !places.has(message.at))) byKey.set(message.key, message);
  }
  const messages = [...byKey.values()].sort((a, b) => a.at === b.at ? 0 : a.at - b.at);
  return { ...conversation, messages, completeFrom };
}

/** Whether the user can edit or withdraw a message; the offer of a file ends by other means. */
export function canChange({ state, change, text }: Message): boolean {
  return (state === "sent" || state === "delivered") && change !== "withdrawn" && readOffer(text) === undefined &&
    readAttachment(text) === undefined;
}

/** Whether another message can reply to it: the server has it, and there is something to reply to. */
export function canReply({ at, state, change }: Message): boolean {
  return Number.isSafeInteger(at) && at > 0 && state !== "failed" && change !== "withdrawn";
}

/** Whether a user has put this mark to a message. */
export function hasReacted({ reactions }: Message, mark: string, user: string): boolean {
  return reactions?.some((each) => each.mark === mark && each.by.includes(user)) ?? false;
}

/** The message at a place, if it is loaded. */
export function messageAt({ messages, window }: Conversation, at: number): Message | undefined {
  const isIt = (message: Message) => message.at === at;
  return messages.findLast(isIt) ?? window?.messages.findLast(isIt);
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
  const { messages, window, read, last, unread } = conversation;
  const isIt = (message: Message) => message.at === at;
  const known = messages.findLast(isIt) ?? window?.messages.findLast(isIt);
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

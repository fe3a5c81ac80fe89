import type { Target } from "../chat/entry.ts";
import type { ShownMessage } from "../protocols/native/client_event.ts";
import type { OutgoingMessage } from "../protocols/native/outgoing.ts";

/** A message as it is shown. */
export interface Message {
  /** Distinguishes it from all others of its conversation. */
  readonly key: string;
  /** Its place: its sequence number; Infinity while it has none, which puts it behind all others. */
  readonly at: number;
  readonly id: string | undefined;
  readonly from: string;
  readonly own: boolean;
  readonly text: string;
  readonly time: number;
  /** Of the user's own messages; undefined when nothing is known about delivery. */
  readonly state: "sending" | "sent" | "delivered" | "failed" | undefined;
  /** The reason of a failure. */
  readonly why: string | undefined;
}

/** The messages with one person or in one room. */
export interface Conversation {
  readonly key: string;
  readonly target: Target;
  /** In the order of their places. */
  readonly messages: readonly Message[];
  readonly unread: number;
  /** The place of the first message that was unread when the conversation was opened. */
  readonly newFrom: number | undefined;
  /** Whether there may be earlier messages. */
  readonly more: boolean;
  readonly loading: boolean;
  readonly draft: string;
}

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
  const key = keyOf(target);
  return { key, target, messages: [], unread: 0, newFrom: undefined, more: true, loading: false, draft: "" };
}

/** A message from the server. */
export function receivedMessage({ seq, from, text, time, id }: ShownMessage, own: boolean): Message {
  const key = own && id !== undefined ? id : `#${seq}`;
  return { key, at: seq, id, from, own, text, time, state: undefined, why: undefined };
}

/** A message of the user that the server has not answered yet. */
export function pendingMessage({ id, text, time }: OutgoingMessage, user: string): Message {
  return { key: id, at: Infinity, id, from: user, own: true, text, time, state: "sending", why: undefined };
}

/** Adds a message; the same conversation when it is there already. */
export function withMessage(conversation: Conversation, message: Message): Conversation {
  const { messages } = conversation;
  for (let i = messages.length - 1; i >= 0; i--) {
    const known = messages[i]!;
    if (known.key === message.key) {
      if (known.at === message.at) return conversation;
      return changed(conversation, message.key, { at: message.at, time: message.time, state: "sent" });
    }
    // Only pending messages can be out of order.
    if (known.at < message.at && message.at !== Infinity && !message.own) break;
  }
  const all = placed(messages, message);
  if (all.length <= MAX_MESSAGES) return { ...conversation, messages: all };
  return { ...conversation, messages: all.slice(-KEPT_MESSAGES), more: true };
}

/** Adds earlier messages. */
export function withHistory(conversation: Conversation, earlier: readonly Message[], more: boolean): Conversation {
  const known = new Set(conversation.messages.map(({ key }) => key));
  const added = earlier.filter(({ key }) => !known.has(key));
  const messages = [...added, ...conversation.messages].sort((a, b) => a.at === b.at ? 0 : a.at - b.at);
  return { ...conversation, messages, more, loading: false };
}

/** Changes one message and moves it to its place. */
export function changed(conversation: Conversation, key: string, change: Partial<Message>): Conversation {
  const { messages } = conversation;
  const i = messages.findLastIndex((message) => message.key === key);
  if (i < 0) return conversation;
  return { ...conversation, messages: placed(messages.toSpliced(i, 1), { ...messages[i]!, ...change }) };
}

/** The highest sequence number; 0 when there is none. */
export function lastPlace({ messages }: Conversation): number {
  return messages.findLast(({ at }) => at !== Infinity)?.at ?? 0;
}

/** The sequence number before which history continues; undefined when there is none. */
export function firstNumber({ messages }: Conversation): number | undefined {
  // A failed message may stand in front of all, at place 0.
  return messages.find(({ at }) => at > 0 && at !== Infinity)?.at;
}

function placed(messages: readonly Message[], message: Message): Message[] {
  let i = messages.length;
  while (i > 0 && messages[i - 1]!.at > message.at) i--;
  return messages.toSpliced(i, 0, message);
}

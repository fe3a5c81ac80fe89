import type { ClientEvent } from "../protocols/native/client_event.ts";
import { type Conversation, type HistoryWindow, receivedMessage } from "./conversation.ts";
import type { Message } from "./message.ts";

type HistoryPage = Extract<ClientEvent, { type: "history" }>;

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
  const { messages: known } = conversation;
  const [first] = known;
  // As a page of history is, but for a pending message, which may be in it.
  const areEarlier = first !== undefined && first.at >= completeFrom && (added.at(-1)?.at ?? 0) < first.at;
  if (areEarlier && known.at(-1)!.at !== Infinity) {
    return { ...conversation, messages: [...added, ...known], completeFrom };
  }
  const byKey = new Map<string, Message>();
  const places = new Set<number>();
  for (const message of known) {
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

import type { Target } from "../chat/entry.ts";
import type { ConversationView } from "../chat/event.ts";

/** Conversations, and unread messages of each, that are remembered. */
const CONVERSATIONS = 10_000;
const MESSAGES = 1000;

interface Conversation {
  readonly to: Target;
  /** Up to where the user has read it. */
  read: number;
  /** Up to where it was shown here. */
  shown: number;
  /** Unread messages of others that were shown here, in order. */
  unread: number[];
  /** Unread messages of others that were never shown here: another device has received them. */
  elsewhere: number;
  /** The newest message at login. */
  last: number;
}

/**
 * The unread messages of each conversation: those that the server reports at login, and those that arrive later.
 *
 * 1. No message is counted twice, in whichever order the server's count and the messages come.
 * 2. Reading on another device lowers the count.
 */
export class UnreadMessages {
  /** The latest conversation last. */
  readonly #conversations = new Map<string, Conversation>();

  /** Conversations with unread messages that were never shown here, but for `here`; the latest first. */
  counts(here: Target | undefined): readonly { readonly name: string; readonly count: number }[] {
    const open = here && keyOf(here);
    return [...this.#conversations].reverse().flatMap(([key, { to, elsewhere }]) =>
      elsewhere === 0 || key === open ? [] : [{ name: "user" in to ? to.user : to.room, count: elsewhere }]
    );
  }

  /** Up to where a conversation is read; undefined where nothing is known of it. */
  readUpTo(of: Target): number | undefined {
    return this.#conversations.get(keyOf(of))?.read;
  }

  /** Unread messages of a conversation that were never shown here. */
  elsewhere(of: Target): number {
    return this.#conversations.get(keyOf(of))?.elsewhere ?? 0;
  }

  /** A message of another user was shown. */
  message(of: Target, seq: number): void {
    const key = keyOf(of);
    const conversation = this.#conversation(of);
    conversation.shown = Math.max(conversation.shown, seq);
    if (seq <= conversation.read) return;
    // The server has counted it before it came.
    if (seq <= conversation.last && conversation.elsewhere > 0) conversation.elsewhere--;
    conversation.unread.push(seq);
    if (conversation.unread.length > MESSAGES) conversation.unread.shift();
    this.#conversations.delete(key);
    this.#conversations.set(key, conversation);
  }

  /** A message of another user is withdrawn: it does not wait to be read. */
  withdrawn(of: Target, seq: number): void {
    const conversation = this.#conversations.get(keyOf(of));
    if (!conversation || seq <= conversation.read) return;
    const { unread, last } = conversation;
    if (unread.includes(seq)) conversation.unread = unread.filter((each) => each !== seq);
    else if (seq <= last && conversation.elsewhere > 0) conversation.elsewhere--;
  }

  /** The newest page of a conversation was shown, up to here. */
  shown(of: Target, seq: number): void {
    const conversation = this.#conversation(of);
    conversation.elsewhere = 0;
    conversation.shown = Math.max(conversation.shown, seq);
  }

  /** The server's report on a conversation at login. */
  told({ of, last, read, unread }: ConversationView): void {
    const conversation = this.#conversation(of);
    this.read(of, read);
    conversation.last = last;
    const counted = conversation.unread.filter((seq) => seq <= last).length;
    conversation.elsewhere = Math.max(0, unread - counted);
  }

  /** The user has read a conversation up to here, on whatever device. */
  read(of: Target, upTo: number): void {
    const conversation = this.#conversation(of);
    if (upTo <= conversation.read) return;
    conversation.read = upTo;
    const { unread, last } = conversation;
    // Messages that were never shown here are older than those that were.
    if (upTo >= Math.min(unread[0] ?? Infinity, last)) conversation.elsewhere = 0;
    conversation.unread = unread.filter((seq) => seq > upTo);
  }

  /** The user reads a conversation here; up to where, if that is news for the server. */
  readHere(of: Target): number | undefined {
    const conversation = this.#conversations.get(keyOf(of));
    if (!conversation) return undefined;
    conversation.unread = [];
    conversation.elsewhere = 0;
    if (conversation.shown <= conversation.read) return undefined;
    return conversation.read = conversation.shown;
  }

  #conversation(to: Target): Conversation {
    const key = keyOf(to);
    let conversation = this.#conversations.get(key);
    if (!conversation) {
      conversation = { to, read: 0, shown: 0, unread: [], elsewhere: 0, last: 0 };
      this.#conversations.set(key, conversation);
      for (const oldest of this.#conversations.keys()) {
        if (this.#conversations.size <= CONVERSATIONS) break;
        this.#conversations.delete(oldest);
      }
    }
    return conversation;
  }
}

function keyOf(to: Target): string {
  return "user" in to ? `→ ${to.user}` : to.room;
}

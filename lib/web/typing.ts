import type { Target } from "../chat/entry.ts";
import { sanitized } from "../core/text.ts";
import type { ServerEvent } from "./chat_event.ts";
import { keyOf } from "./conversation.ts";
import { chatTexts } from "./texts.ts";

/** Between two signals that the user is writing, in ms. */
const SIGNAL_MS = 3000;
/** How long a signal counts, in ms: longer than the time until the next. */
const COUNTS_MS = 5000;
/** Users who are shown by name, and cap on those who are remembered in a conversation. */
const NAMED = 3;
const REMEMBERED = 20;

/** Who is writing in which conversation, by signals that nothing keeps. Times are in ms. */
export class Typing {
  /** By conversation and user: until when. */
  readonly #until = new Map<string, Map<string, number>>();
  #sentAt = -Infinity;
  #sentTo = "";

  /** The user has changed what is in the field: whether to signal that now. */
  isDue(to: Target, text: string, now: number): boolean {
    // A command is for the page.
    if (text.trim() === "" || text.startsWith("/")) return false;
    const key = keyOf(to);
    if (key === this.#sentTo && now - this.#sentAt < SIGNAL_MS) return false;
    [this.#sentTo, this.#sentAt] = [key, now];
    return true;
  }

  /** The user has sent what was in the field: the next text is signalled at once. */
  sent(): void {
    this.#sentTo = "";
  }

  /** A signal has come. */
  heard(from: string, to: Target, now: number): void {
    const names = this.#until.get(conversationOf(from, to)) ?? new Map<string, number>();
    this.#until.set(conversationOf(from, to), names);
    if (names.size < REMEMBERED || names.has(from)) names.set(from, now + COUNTS_MS);
  }

  /** What else the server says: a user who has said it, or has left, is not writing it any more. */
  received(event: ServerEvent): void {
    if (event.type === "message") {
      const { from, to } = event.message;
      this.#until.get(conversationOf(from, to))?.delete(from);
    } else if (event.type === "presence") {
      for (const names of this.#until.values()) for (const name of event.offline) names.delete(name);
    }
  }

  /** Nothing is known any more. */
  clear(): void {
    this.#until.clear();
  }

  /** The names of those who are writing in a conversation; "more" where there are too many. */
  namesIn(key: string | undefined, now: number): readonly string[] | "more" {
    for (const [each, names] of this.#until) {
      for (const [name, until] of names) if (until <= now) names.delete(name);
      if (names.size === 0) this.#until.delete(each);
    }
    const names = [...this.#until.get(key ?? "")?.keys() ?? []].map(sanitized);
    return names.length > NAMED ? "more" : names;
  }

  /** Whether something is to be forgotten. */
  get isWaiting(): boolean {
    return this.#until.size > 0;
  }
}

/** A private signal belongs to the conversation with its sender. */
function conversationOf(from: string, to: Target): string {
  return keyOf("room" in to ? to : { user: from });
}

/** Who is writing, in words. */
export function typingText(names: readonly string[] | "more"): string {
  if (names === "more") return chatTexts.severalTyping;
  const [first, second, third] = names;
  if (first === undefined) return "";
  if (second === undefined) return chatTexts.oneTyping(first);
  return third === undefined ? chatTexts.twoTyping(first, second) : chatTexts.threeTyping(first, second, third);
}

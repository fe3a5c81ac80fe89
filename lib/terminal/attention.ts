import type { Target } from "../chat/entry.ts";
import type { ShownMessage } from "../protocols/native/client_event.ts";
import type { ChatState } from "./chat_state.ts";

/** After the last key a terminal counts as attended for so long: a page of text is read in that time. */
const ATTENDED_MS = 120_000;

/**
 * Whether somebody sits at the terminal, and so what is read and what is new. A script has no reader and marks nothing as read:
 * what it shows may go to a file.
 */
export class Attention {
  #keyAt = -Infinity;
  /** Whether the first missed message, and the first that came while nobody was there, was shown. */
  #missed = false;
  #absent = false;

  constructor(readonly interactive: boolean) {}

  /** A key was pressed, or the user has logged in. */
  key(now: number): void {
    this.#keyAt = now;
    this.#absent = false;
  }

  isPresent(now: number): boolean {
    return this.interactive && now - this.#keyAt < ATTENDED_MS;
  }

  /** Whether a message of somebody else is the first that is new: said before the login, or while nobody was there. */
  isFirstNew({ time }: ShownMessage, { since }: ChatState, now: number): boolean {
    if (!this.interactive) return false;
    const missed = !this.#missed && time < since;
    const absent = !this.#absent && !this.isPresent(now);
    this.#missed = true;
    if (absent) this.#absent = true;
    return missed || absent;
  }

  /** Up to where a conversation is read that is open on the screen; undefined where that is not news. */
  read(of: Target | undefined, state: ChatState, now: number): number | undefined {
    return of && this.isPresent(now) ? state.unread.readHere(of) : undefined;
  }
}

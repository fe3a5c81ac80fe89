import type { Target } from "../chat/entry.ts";
import type { ClientEvent, ClientQuestion, ShownMessage } from "../protocols/native/client_event.ts";
import { type ChatState, sameTarget } from "./chat_state.ts";

/** A terminal counts as attended for this long after the last key: enough to read a page of text. */
const ATTENDED_MS = 120_000;
/** Unread messages that are shown when a conversation is opened, and read ones before them. */
const UNREAD_SHOWN = 48;
const READ_SHOWN = 2;

/**
 * Decides which messages the user has read, and which are new.
 *
 * 1. The messages of the open conversation on the screen count as read while the user is at the terminal. Before that, the
 *    server must have reported the unread messages, and those that were never on this screen must have been requested and shown.
 * 2. A script marks nothing as read, since its output may go to a file.
 */
export class Reading {
  #keyAt = -Infinity;
  /** Whether the server has told what is unread. */
  #isTold = false;
  /** Whether unread messages of the open conversation were asked for and did not come yet. */
  #isAsking = false;
  /** Whether a message that came before the login was shown, and one that came while the user was away. */
  #shownMissed = false;
  #shownAbsent = false;

  constructor(readonly interactive: boolean, readonly state: ChatState) {}

  /** A chat without a server begins. */
  begin(now: number): void {
    this.key(now);
    this.#isTold = true;
  }

  loggedIn(again: boolean, now: number): void {
    if (!again) this.key(now);
    this.#isTold = this.#isAsking = false;
  }

  /** A key was pressed. */
  key(now: number): void {
    this.#keyAt = now;
    this.#shownAbsent = false;
  }

  /** The server tells what is unread. */
  told(): void {
    this.#isTold = true;
  }

  /** Whether a message of another user is the first that is new: said before the login, or while the user was away. */
  isFirstNew({ time }: ShownMessage, now: number): boolean {
    if (!this.interactive) return false;
    const isMissed = !this.#shownMissed && time < this.state.since;
    const isAbsent = !this.#shownAbsent && !this.#isAttended(now);
    this.#shownMissed = true;
    this.#shownAbsent ||= isAbsent;
    return isMissed || isAbsent;
  }

  /** The question for unread messages of the open conversation that were never on this screen. */
  question(): Extract<ClientQuestion, { type: "history" }> | undefined {
    const { here, unread } = this.state;
    const count = here && this.interactive && !this.#isAsking ? unread.elsewhere(here) : 0;
    if (!here || count === 0) return undefined;
    this.#isAsking = true;
    return { type: "history", of: here, limit: Math.min(count, UNREAD_SHOWN) + READ_SHOWN };
  }

  /** The question is answered, or denied. */
  answered(): void {
    this.#isAsking = false;
  }

  /** A page of history was shown. */
  pageShown({ of, messages }: Extract<ClientEvent, { type: "history" }>): void {
    if (sameTarget(of, this.state.here)) this.state.unread.shown(of, messages.at(-1)?.seq ?? 0);
  }

  /** The open conversation, and up to where it is read, where that is news for the server. */
  read(now: number): { readonly of: Target; readonly upTo: number } | undefined {
    const { here, unread } = this.state;
    if (!here || !this.#isTold || this.#isAsking || !this.#isAttended(now)) return undefined;
    const upTo = unread.readHere(here);
    return upTo === undefined ? undefined : { of: here, upTo };
  }

  #isAttended(now: number): boolean {
    return this.interactive && now - this.#keyAt < ATTENDED_MS;
  }
}

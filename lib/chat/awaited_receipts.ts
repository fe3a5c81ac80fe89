import { type PendingOutcome, settled } from "./outcome.ts";
import type { Effect } from "./effect.ts";
import type { Session, User } from "./users.ts";
import type { OnlineUsers } from "./users.ts";
import type { MessageStore, StoredMessage } from "./store.ts";

/** A sender at a handout door, and how long they wait. */
export interface WaitingSender {
  readonly delivery: PendingOutcome;
  readonly until: number;
}

/**
 * Senders at handout doors who wait for people with sessions of our own: such a sender has one answer, soon. A private message
 * that they were told has failed is forgotten.
 */
export class AwaitedReceipts {
  /** Who is waited for. */
  readonly #users = new Set<User>();

  constructor(readonly store: MessageStore, readonly people: OnlineUsers) {}

  /** Has a sender at a handout door wait for a person's clients; a handout session of theirs answers for itself. */
  expect(user: User, kept: StoredMessage, { delivery, until }: WaitingSender): void {
    if (user.listens) {
      delivery.expect();
      user.awaited.set(kept.seq, { delivery, until, kept });
      this.#users.add(user);
    } else if (!user.handout?.ready) {
      delivery.expect();
      delivery.miss();
    }
  }

  /** Those who wait for a person at a handout door hear that it has everything up to `seq`. */
  heard(user: User, seq: number): Effect[] {
    const effects: Effect[] = [];
    for (const [number, { delivery }] of user.awaited) {
      if (number > seq) break;
      user.awaited.delete(number);
      effects.push(...settled(delivery, "taken"));
    }
    if (user.awaited.size === 0) this.#users.delete(user);
    return effects;
  }

  /** Whoever waits at a handout door for a person hears that one of their sessions, at such a door too, has a message. */
  tookAt(session: Session, seq: number): Effect[] {
    const awaited = this.people.get(session.name)?.awaited.get(seq);
    if (!awaited) return [];
    this.people.get(session.name)!.awaited.delete(seq);
    return settled(awaited.delivery, "taken");
  }

  /** Those who have waited for a person until now hear that it was in vain. */
  miss(user: User, now: number): Effect[] {
    const due = [...user.awaited].filter(([, { until }]) => until <= now);
    // What can fail comes first: then they are still waited for.
    for (const [seq, { kept }] of due) if ("user" in kept.to) this.store.withdraw(seq);
    const effects: Effect[] = [];
    for (const [seq, { delivery }] of due) {
      user.awaited.delete(seq);
      effects.push(...settled(delivery, "missed"));
    }
    if (user.awaited.size === 0) this.#users.delete(user);
    return effects;
  }

  /** Time has passed. */
  tick(now: number): Effect[] {
    return [...this.#users].flatMap((user) => this.miss(user, now));
  }
}

import type { Entry } from "./entry.ts";
import type { PendingOutcome } from "./outcome.ts";
import type { User } from "./users.ts";

/** Handout senders that wait until the native sessions of a user have a message. */
export class AwaitedOutcomes {
  /** Users whose receipts senders wait for. */
  readonly #awaited = new Set<User>();

  /** `forget` is called with a private message that failed for its sender. */
  constructor(readonly forget: (entry: Entry) => void) {}

  /** How many senders wait. */
  get size(): number {
    let count = 0;
    for (const user of this.#awaited) count += user.awaited?.size ?? 0;
    return count;
  }

  /** A sender waits for a user, until then; `forgets`, the message that is lost if the user does not get it. */
  add(user: User, seq: number, outcome: PendingOutcome, until: number, forgets: Entry | undefined): void {
    (user.awaited ??= new Map()).set(seq, { outcome, until, forgets });
    this.#awaited.add(user);
  }

  /** The native sessions of a user have everything up to `seq`. */
  heard(user: User, seq: number): void {
    for (const [number, { outcome }] of user.awaited ?? []) {
      if (number > seq) break;
      user.awaited!.delete(number);
      outcome.settle(true);
    }
    this.#release(user);
  }

  /** A user has one message. */
  has(user: User | undefined, seq: number): void {
    const awaited = user?.awaited?.get(seq);
    if (!user || !awaited) return;
    user.awaited!.delete(seq);
    this.#release(user);
    awaited.outcome.settle(true);
  }

  /** Gives up what was waited for until `now` for one user. */
  miss(user: User, now: number): void {
    for (const [seq, { outcome, until, forgets }] of user.awaited ?? []) {
      if (until > now) continue;
      user.awaited!.delete(seq);
      if (forgets) this.forget(forgets);
      outcome.settle(false, `no receipt from ${user.name}`);
    }
    this.#release(user);
  }

  /** The same for all users. */
  missAll(now: number): void {
    for (const user of this.#awaited) this.miss(user, now);
  }

  /** Most users are never waited for. */
  #release(user: User): void {
    if (user.awaited?.size !== 0) return;
    user.awaited = undefined;
    this.#awaited.delete(user);
  }
}

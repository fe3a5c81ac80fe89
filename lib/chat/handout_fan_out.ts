import type { Outputs } from "../core/machine.ts";
import { visible } from "../core/wire_text.ts";
import type { AwaitedOutcomes } from "./awaited_outcomes.ts";
import type { Effect } from "./effect.ts";
import { type Entry, handoutText, type Target } from "./entry.ts";
import { Message, scopeOf } from "./event.ts";
import type { Draft } from "./log_items.ts";
import { LOBBY } from "./names.ts";
import type { PendingOutcome } from "./outcome.ts";
import { UNTIMED } from "./tally.ts";
import type { OnlineUsers } from "./online_users.ts";
import type { Session, User } from "./users.ts";

/** A message of a handout session, a guest or the operator. */
export interface LiveMessage {
  readonly from: string;
  readonly to: Target;
  readonly text: string;
  /** Undefined for the operator, and for what was said at another server. */
  readonly sayer: Session | undefined;
  readonly outcome: PendingOutcome | undefined;
  /** Whether guests are not told. */
  readonly membersOnly?: boolean;
  /** Whether it is a notice of the operator, which guests of every room are told. */
  readonly isNotice?: boolean;
  /** The other server for whose receipts the sender waits, or all of them. */
  readonly awaits?: string | undefined;
}

export interface HandoutMessage extends LiveMessage {
  readonly until: number;
}

export interface HandoutParts {
  readonly online: OnlineUsers;
  readonly outputs: Outputs<Effect>;
  readonly awaited: AwaitedOutcomes;
}

/** Tells handout sessions and guests entries, and has their handout senders wait for those who answer. */
export class HandoutFanOut {
  readonly #parts: HandoutParts;

  constructor(parts: HandoutParts) {
    this.#parts = parts;
  }

  /** An entry; `live`, if a handout session or a guest said it. */
  tell(entry: Entry, draft: Draft, live: HandoutMessage | undefined): void {
    const { online } = this.#parts;
    const text = handoutText(entry);
    if (text === undefined) return live?.outcome?.settle(true);
    const message = new Message(entry.seq, entry.from, scopeOf(entry.to), text, entry.seq > 0 ? entry : undefined);
    const to: number[] = [];
    if ("user" in entry.to) {
      const receiver = online.get(entry.to.user);
      if (receiver?.handout) {
        const outcome = receiver.listens ? undefined : live?.outcome;
        const isTold = this.#toHandout(receiver.handout, message, to, draft.said, outcome);
        // It comes page by page, with what waits.
        if (!isTold && outcome && receiver.handout.ready) {
          outcome.expect();
          this.#parts.awaited.add(receiver, entry.seq, outcome, live!.until, entry);
        }
      }
      // Another server may be the one that answers.
      if (live?.outcome && live.awaits === undefined) {
        this.#expect(receiver, entry, live, live.outcome, true);
      }
    } else if (!live?.membersOnly) {
      const guests = live?.isNotice ? online.guests : online.guestsIn(entry.to.room);
      for (const guest of guests) if (guest !== draft.sayer) to.push(guest.id);
    }
    if ("room" in entry.to && entry.to.room === LOBBY) {
      for (const handout of online.handouts) {
        if (handout === draft.sayer) continue;
        const user = online.get(handout.name)!;
        const answers = !user.listens && user.name !== entry.from;
        this.#toHandout(handout, message, to, draft.said, answers ? live?.outcome : undefined);
      }
      if (live?.outcome) {
        for (const user of online.all) {
          // Protocols without a proof confirm private messages alone.
          if (user.name !== entry.from && !user.isUnproven) this.#expect(user, entry, live, live.outcome, false);
        }
      }
    }
    if (to.length > 0) this.#parts.outputs.push({ type: "tell", to, event: message });
    // All receivers are counted.
    live?.outcome?.settle(true);
  }

  /** Whether the session is told. */
  #toHandout(
    handout: Session,
    message: Message,
    to: number[],
    said: number,
    outcome: PendingOutcome | undefined,
  ): boolean {
    if (!handout.ready) return false;
    if (message.scope === "one" && message.id > 0) {
      // The messages that wait for the user are on their way page by page, this one with them.
      if (!handout.cursor?.live) return false;
      handout.cursor.told = message.id;
    }
    outcome?.expect();
    handout.owes.set(message.id, { message, outcome, said: Number.isNaN(said) ? UNTIMED : said });
    to.push(handout.id);
    return true;
  }

  /** Has a handout sender wait for a user's native sessions; a handout session of theirs answers for itself. */
  #expect(
    user: User | undefined,
    entry: Entry,
    { until }: HandoutMessage,
    outcome: PendingOutcome,
    isPrivate: boolean,
  ): void {
    if (user?.listens && entry.seq > 0) {
      outcome.expect();
      this.#parts.awaited.add(user, entry.seq, outcome, until, isPrivate ? entry : undefined);
    } else if (!user?.handout?.ready) {
      outcome.expect();
      const name = user?.name ?? ("user" in entry.to ? entry.to.user : "");
      outcome.settle(false, user ? `${name} has no Lb yet` : `${visible(name)} is not online`);
      if (isPrivate && entry.seq > 0) this.#parts.awaited.forget(entry);
    }
  }
}

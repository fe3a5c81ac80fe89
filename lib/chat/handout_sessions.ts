import type { Limits } from "../core/limits.ts";
import type { AwaitedOutcomes } from "./awaited_outcomes.ts";
import type { CatchUp } from "./catch_up.ts";
import { DeliveryCursor } from "./delivery_cursor.ts";
import type { Entry } from "./entry.ts";
import type { FanOut } from "./fan_out.ts";
import type { HandoutMessage } from "./handout_fan_out.ts";
import { LOBBY } from "./names.ts";
import type { PendingOutcome } from "./outcome.ts";
import { type KnownUser, sideOf } from "./entities.ts";
import type { Roster } from "./roster.ts";
import type { Tally } from "./tally.ts";
import type { UserCursors } from "./user_cursors.ts";
import type { OnlineUsers } from "./online_users.ts";
import type { Session, User } from "./users.ts";

/** After its 201 a client may change to our own protocol: the messages that wait for its user are held back for this long. */
const GRACE_MS = 500;

export interface HandoutSessionParts {
  readonly online: OnlineUsers;
  readonly roster: Roster;
  readonly tally: Tally;
  readonly limits: Pick<Limits, "receiptMs">;
  readonly cursors: UserCursors;
  readonly awaited: AwaitedOutcomes;
  readonly catchUp: CatchUp;
  readonly fanOut: FanOut;
  /** Has a message of a handout session kept. */
  readonly keep: (message: HandoutMessage, now: number) => void;
  /** A private message never arrived: its sender is told. */
  readonly fail: (entry: Entry, why: string) => void;
  /** A private message that failed for its sender is told no more. */
  readonly forget: (entry: Entry) => void;
}

/** What handout sessions owe: the confirmation of each message, from its delivery until they confirm it, leave or go native. */
export class HandoutSessions {
  readonly #parts: HandoutSessionParts;
  /** Sessions that are not told yet what waits for them, and when they are. */
  readonly #newcomers = new Map<Session, number>();

  constructor(parts: HandoutSessionParts) {
    this.#parts = parts;
  }

  /** A handout session can be told messages: soon it is told what waits for its user. */
  ready(session: Session, now: number): void {
    this.#newcomers.set(session, now + GRACE_MS);
    session.lobbyAt = this.#parts.roster.room(LOBBY)!.last;
  }

  /** A handout session has confirmed a message, or never will; `sent`, when it may have it all the same. */
  settle(session: Session, id: number, received: boolean, sent: boolean, now: number): void {
    const owed = session.owes.get(id);
    if (!owed) return;
    session.owes.delete(id);
    const { online, tally, roster } = this.#parts;
    const { entry } = owed.message;
    if (received) {
      tally.confirm(owed.said, now);
      this.#parts.awaited.has(online.get(session.name), id);
    }
    owed.outcome?.settle(received, `no receipt from ${session.name}`);
    const known = roster.user(session.name ?? "");
    if (entry && known) {
      if ("room" in entry.to) { if (received) this.#parts.cursors.readLobby(session, known, entry.seq); }
      else this.#settlePrivate(entry, known, session, received, sent, owed.outcome);
    }
    if (session.owing === 0 && session.ready && session.cursor) this.#parts.catchUp.run(session);
  }

  /**
   * A session has left: what it owes is settled. One message at a time goes to a handout session; `underWay`, when the first
   * may have arrived. The others were never sent.
   */
  release(session: Session, underWay: boolean, now: number): void {
    let sent = underWay && session.ready;
    session.ready = false;
    session.cursor = undefined;
    this.#newcomers.delete(session);
    this.#parts.fanOut.audienceChanged();
    for (const id of [...session.owes.keys()]) {
      this.settle(session, id, false, sent, now);
      sent = false;
    }
    const user = this.#parts.online.get(session.name);
    if (user?.natives.every((each) => each === session)) this.#parts.awaited.miss(user, Infinity);
  }

  /**
   * A handout session speaks our own protocol from now on: what it has not confirmed counts as not received. What is kept comes
   * to it by the log, and its senders go on waiting; a private message that was not kept is kept now.
   */
  handOver(session: Session, user: User, now: number): void {
    const { online, limits } = this.#parts;
    const owes = [...session.owes.values()];
    session.owes.clear();
    this.release(session, false, now);
    online.switchToNative(session);
    const until = now + limits.receiptMs;
    for (const { message: { id, from, scope, text, entry }, outcome } of owes) {
      if (!outcome) continue;
      if (entry) {
        this.#parts.awaited.add(user, id, outcome, until, scope === "one" ? entry : undefined);
      } else if (scope === "one") {
        const sayer = online.get(from)?.handout;
        if (sayer) this.#parts.keep({ from, to: { user: user.name }, text, sayer, outcome, until }, now);
      } else outcome.settle(false, `${user.name} continues in the native protocol`);
    }
  }

  /** Tells newcomers what waits for them. */
  tick(now: number): void {
    for (const [session, due] of this.#newcomers) {
      if (due > now) break;
      this.#newcomers.delete(session);
      const known = this.#parts.roster.user(session.name!);
      if (!known) continue;
      session.cursor = new DeliveryCursor(known.acked, "private", Infinity, now);
      this.#parts.catchUp.run(session);
    }
  }

  #settlePrivate(
    entry: Entry,
    known: KnownUser,
    session: Session,
    received: boolean,
    sent: boolean,
    outcome: PendingOutcome | undefined,
  ): void {
    const { roster, online } = this.#parts;
    const sender = roster.user(entry.from);
    const pair = sender && roster.pair(sender, known);
    if (!pair) return;
    if (received) {
      this.#parts.cursors.received(pair, known, entry.seq);
      this.#parts.cursors.readPair(pair, known, entry.seq);
      return;
    }
    // Another client of the user has it, and its sender was told.
    if (entry.seq <= pair.received[sideOf(pair, known)]) return;
    if (outcome) this.#parts.forget(entry);
    // What was never sent waits for the next time; what native sessions of the user can still take is theirs.
    else if (sent && entry.type === "message" && !online.get(session.name)?.listens) {
      this.#parts.fail(entry, `${session.name}'s client did not confirm it`);
    }
  }
}

import { DeliveryCursor } from "./delivery_cursor.ts";
import { type Effect, tell } from "./effect.ts";
import { type Entry, handoutText } from "./entry.ts";
import { Entries, Message } from "./event.ts";
import type { Outputs } from "../core/machine.ts";
import type { RecentLog } from "./log.ts";
import type { Questions } from "./questions.ts";
import { type KnownUser, type Pair, sideOf } from "./entities.ts";
import type { Roster } from "./roster.ts";
import { UNTIMED } from "./tally.ts";
import type { UserCursors } from "./user_cursors.ts";
import type { OnlineUsers } from "./online_users.ts";
import type { Session } from "./users.ts";

/** What a handout session is told at once of what waits for its user. */
const HANDOUT_PAGE = 32;

export interface CatchUpParts {
  readonly log: RecentLog;
  readonly roster: Roster;
  readonly online: OnlineUsers;
  readonly questions: Questions;
  readonly outputs: Outputs<Effect>;
  readonly cursors: UserCursors;
  /** Whether a private message has failed, and that is not in the log yet. */
  readonly isFailing: (seq: number) => boolean;
}

/**
 * Tells sessions what is behind their cursors, page by page: from the recent log where it reaches, else from the store. Those at
 * the end are live, and `Delivery` tells them.
 */
export class CatchUp {
  readonly #parts: CatchUpParts;
  /** The wall clock less the clock of timers. */
  clockOffset = 0;

  constructor(parts: CatchUpParts) {
    this.#parts = parts;
  }

  /** Begins, or begins anew, to tell a native session what concerns its user. */
  begin(session: Session, known: KnownUser, after: number | undefined, now: number): void {
    const { log, questions, cursors } = this.#parts;
    session.cursor = after === undefined
      ? new DeliveryCursor(known.acked, "unreceived", log.last, now)
      : new DeliveryCursor(Math.min(after, log.last), "all", log.last, now);
    // The acknowledgement of what the client has may have been lost with its connection.
    if (after !== undefined && after > known.acked) {
      const upTo = Math.min(after, log.last);
      questions.ask(
        { type: "arrived", user: known.id, after: known.acked, upTo },
        ({ pairs }) => {
          for (const { pair, upTo } of pairs) {
            cursors.received(this.#parts.roster.conversation(pair) as Pair, known, upTo);
          }
          cursors.acked(known, upTo);
        },
        () => {},
      );
    }
  }

  /** Tells a session what it has not been told, as much as it may be told. */
  run(session: Session): void {
    const { log, questions, outputs, online } = this.#parts;
    const { cursor } = session;
    const known = online.get(session.name)?.known;
    if (!cursor || !known) return;
    while (!cursor.live && !cursor.reading) {
      const limit = this.#pageLimit(session, cursor);
      if (limit === 0) return this.fallBehind(session, cursor);
      const filtered = cursor.told < cursor.filteredUpTo;
      const filter = filtered || cursor.filter === "private" ? cursor.filter : "all";
      if (cursor.told < log.floor) {
        cursor.reading = true;
        const upTo = filtered ? Math.min(cursor.filteredUpTo, log.last) : log.last;
        questions.ask(
          { type: "page", user: known.id, after: cursor.told, upTo, limit, filter },
          ({ entries, upTo }) => this.#paged(session, cursor, entries, upTo),
          (why) => outputs.push({ type: "end", session: session.id, why: `what waits cannot be read: ${why}` }),
        );
        return;
      }
      const wants = (entry: Entry) =>
        filter === "all" || (filter === "unreceived" && entry.seq > cursor.filteredUpTo)
          ? this.#concerns(entry, known)
          : this.#waitsFor(entry, known, filter === "private");
      const { entries, upTo } = log.page(cursor.told, limit, wants);
      this.#tellPage(session, cursor, entries);
      cursor.told = upTo;
      cursor.live = upTo === log.last;
      if (!cursor.live) continue;
      cursor.saidBehind = false;
      if (session.kind === "native") outputs.push(tell(session.id, { type: "live", upTo }));
      const { whenLive } = cursor;
      cursor.whenLive = undefined;
      whenLive?.();
    }
  }

  /** The window of a session is closed: what is said from now on waits in the log, and the client is told why. */
  fallBehind(session: Session, cursor: DeliveryCursor): void {
    cursor.live = false;
    if (cursor.saidBehind || session.kind !== "native") return;
    cursor.saidBehind = true;
    const { told, unacked } = cursor;
    this.#parts.outputs.push(tell(session.id, { type: "behind", after: told, unacked }));
  }

  /** Whether the session's acknowledgement counts: it confirms a user's own messages, too. */
  isDelivery({ type, from }: Entry, { name }: Session): boolean {
    return type === "message" && from !== name;
  }

  pairFor(session: Session, entry: Entry): Pair | undefined {
    if (entry.type === "failure" || !("user" in entry.to) || entry.from === session.name) return undefined;
    const { roster } = this.#parts;
    const [sender, receiver] = [roster.user(entry.from), roster.user(entry.to.user)];
    return sender && receiver && roster.pair(sender, receiver);
  }

  #paged(session: Session, cursor: DeliveryCursor, entries: readonly Entry[], upTo: number): void {
    cursor.reading = false;
    if (session.cursor !== cursor) return;
    this.#tellPage(session, cursor, entries.filter(({ seq }) => !this.#parts.isFailing(seq)));
    cursor.told = Math.max(cursor.told, upTo);
    this.run(session);
  }

  #tellPage(session: Session, cursor: DeliveryCursor, entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    const { outputs } = this.#parts;
    if (session.kind !== "native") {
      for (const entry of entries) {
        cursor.told = entry.seq;
        const text = handoutText(entry);
        if (text === undefined) continue;
        const message = new Message(entry.seq, entry.from, "one", text, entry);
        session.owes.set(entry.seq, { message, outcome: undefined, said: UNTIMED });
        outputs.push(tell(session.id, message));
      }
      return;
    }
    for (const entry of entries) {
      cursor.tellOne(
        entry.seq,
        entry.text.length,
        this.isDelivery(entry, session) ? entry.time - this.clockOffset : NaN,
        this.pairFor(session, entry),
      );
    }
    outputs.push(tell(session.id, new Entries(entries)));
  }

  #pageLimit(session: Session, cursor: DeliveryCursor): number {
    if (session.kind === "native") return cursor.room;
    return session.owing === 0 ? HANDOUT_PAGE : 0;
  }

  #concerns(entry: Entry, known: KnownUser): boolean {
    if (entry.from === known.name && "user" in entry.to) return true;
    if ("user" in entry.to) return entry.to.user === known.name && entry.type !== "failure";
    const room = this.#parts.roster.room(entry.to.room);
    const membership = room?.members.get(known);
    return membership !== undefined && entry.seq > membership.since;
  }

  /** Whether something that others said has not been received by any client of the user. */
  #waitsFor(entry: Entry, known: KnownUser, onlyPrivate: boolean): boolean {
    if (entry.from === known.name) return !onlyPrivate && entry.type === "failure";
    if ("room" in entry.to) {
      if (onlyPrivate || !this.#concerns(entry, known)) return false;
      return entry.seq > this.#parts.roster.room(entry.to.room)!.members.get(known)!.read;
    }
    if (entry.to.user !== known.name || entry.type === "failure") return false;
    // Native clients withdraw what they show; a handout's client would show it for good.
    if (onlyPrivate && this.#parts.log.isWithdrawn(entry)) return false;
    const sender = this.#parts.roster.user(entry.from);
    const pair = sender && this.#parts.roster.pair(sender, known);
    return pair !== undefined && entry.seq > pair.received[sideOf(pair, known)] &&
      !this.#parts.log.hasFailed(entry.seq) && !this.#parts.isFailing(entry.seq);
  }
}

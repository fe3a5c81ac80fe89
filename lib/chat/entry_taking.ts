import type { Outputs } from "../core/machine.ts";
import type { Delivery } from "./delivery.ts";
import type { Effect } from "./effect.ts";
import type { Producer } from "./entities.ts";
import { isChange } from "./entry.ts";
import type { Draft, TakenRecord } from "./log_items.ts";
import { PendingOutcome } from "./outcome.ts";
import type { RecordId } from "./record_id.ts";
import { ALL_SERVERS, type EntryRecord } from "./records.ts";
import type { Roster } from "./roster.ts";
import type { TakenRows } from "./taken_rows.ts";

export interface EntryTakingParts {
  readonly rows: TakenRows;
  readonly roster: Roster;
  readonly delivery: Delivery;
  readonly outputs: Outputs<Effect>;
  readonly limits: { readonly receiptMs: number };
  /** This server. */
  readonly self: string;
  readonly now: () => number;
  /** Another server has refused a client's number. */
  readonly refused: (producer: Producer, number: number, why: string) => void;
}

/** Cap on messages taken from other servers while the same client's number was under way here. */
const MAX_TAKEN_TWICE = 1000;

/**
 * Makes entries of the shared log part of this server's.
 *
 * 1. What a client has said under a number becomes one entry, also where it has said it at two servers.
 * 2. Of the edits of a message the one with the latest time counts at all servers, in whatever order they learn of them, and of a
 *    user's reactions with one mark; after its withdrawal nothing changes a message. What does not count has no entry.
 */
export class EntryTaking {
  readonly #parts: EntryTakingParts;
  /** Messages of clients that were taken from another server although their numbers were taken here before. */
  readonly #takenTwice = new Set<string>();

  constructor(parts: EntryTakingParts) {
    this.#parts = parts;
  }

  /** An entry of this server, from its draft. */
  takeOwn(record: TakenRecord, draft: Draft, append: () => void, next: () => void): void {
    draft.record = record;
    const { rows, delivery } = this.#parts;
    const { producer, number } = draft;
    const counts = () => {
      append();
      next();
    };
    const leaveOut = (seq?: number) => {
      rows.write(record, [], () => {}, seq);
      delivery.notWritten(draft);
      if (producer && number !== undefined) delivery.saidElsewhere(producer, number);
      next();
    };
    const said = producer && number !== undefined ? key(draft.from, producer.client, number) : undefined;
    if (said !== undefined && this.#takenTwice.has(said)) {
      // The client has said it again at another server, whose record came first.
      return rows.whenWritten(() =>
        rows.ask(
          { type: "saidAs", user: producer!.user.id, client: producer!.client, number: number! },
          ({ seq }) => {
            this.#takenTwice.delete(said);
            // Without an entry it was a change that did not count; this one has another time.
            if (seq === undefined) this.takeOwn(record, draft, append, next);
            else leaveOut(seq);
          },
        )
      );
    }
    if (!isChange(draft.type)) return counts();
    rows.whenWritten(() => this.#unlessOutdated(record.id, draft, draft.of, counts, leaveOut));
  }

  /** An entry of a server that was told by the exchange. */
  take(record: TakenRecord, entry: EntryRecord, next: () => void, done: () => void): void {
    const { roster, rows, delivery } = this.#parts;
    rows.resolve(entry.of, (of) => {
      const { kind: type, from, text, time, client, number, isGuest } = entry;
      const user = isGuest ? undefined : roster.mention(from);
      const producer = user && client !== undefined ? roster.producer(user, client) : undefined;
      const leaveOut = () => {
        if (producer && number !== undefined) rows.writer.taken(producer, number);
        rows.write(record, [], () => {
          done();
          // The client may have come here since, and said it again.
          if (producer && number !== undefined) delivery.saidElsewhere(producer, number);
        });
        next();
      };
      const append = () => {
        this.#know(record.id, entry, producer);
        if (entry.of && of === undefined && type !== "message") return leaveOut();
        this.#unlessOutdated(record.id, { type, from, text, time }, of, () => {
          this.#append(record, entry, of, producer, done);
          next();
        }, leaveOut);
      };
      if (!producer || number === undefined || number > producer.number) return append();
      rows.whenWritten(() =>
        rows.ask(
          { type: "saidAs", user: user!.id, client: client!, number },
          ({ seq }) => {
            if (seq === undefined) {
              this.#takenTwice.add(key(from, client!, number));
              for (const oldest of this.#takenTwice) {
                if (this.#takenTwice.size <= MAX_TAKEN_TWICE) break;
                this.#takenTwice.delete(oldest);
              }
              return append();
            }
            rows.write(record, [], done, seq);
            next();
          },
        )
      );
    });
  }

  /** Calls back whether a change of a message still counts, among all that is written. */
  #unlessOutdated(
    id: RecordId,
    change: Pick<Draft, "type" | "from" | "text" | "time">,
    of: number | undefined,
    counts: () => void,
    isOutdated: () => void,
  ): void {
    const { type: kind, from, text, time } = change;
    if (of === undefined || time === undefined || !isChange(kind)) return counts();
    const { roster, rows } = this.#parts;
    rows.ask(
      { type: "isOutdated", of, kind, sender: roster.mention(from).id, text, time, id },
      ({ outdated }) => outdated ? isOutdated() : counts(),
    );
  }

  /** Updates the client's highest number and the user's newest records. */
  #know(id: RecordId, { from, number, refused, isGuest }: EntryRecord, producer: Producer | undefined): void {
    if (producer && number !== undefined) {
      for (const refusal of refused ?? []) {
        // What the client has said again here is not refused.
        if (refusal.number > producer.number) this.#parts.refused(producer, refusal.number, refusal.why);
      }
      producer.number = Math.max(producer.number, number);
    }
    if (isGuest || id.server === this.#parts.self) return;
    const user = this.#parts.roster.mention(from);
    const others = user.newestElsewhere?.filter(({ server }) => server !== id.server) ?? [];
    user.newestElsewhere = [...others, id];
  }

  #append(
    record: TakenRecord,
    entry: EntryRecord,
    of: number | undefined,
    producer: Producer | undefined,
    done: () => void,
  ): void {
    const { delivery, limits, self } = this.#parts;
    const { kind: type, from, to, text, time, number, isGuest, isNotice, membersOnly, awaits } = entry;
    const draft: Draft = {
      type,
      from,
      to,
      text,
      of,
      time,
      producer,
      number: producer && number,
      record,
      said: NaN,
      done,
      failed: () => {},
    };
    const isAwaited = record.id.server !== self && (awaits === ALL_SERVERS || awaits === self);
    const outcome = isAwaited ? this.#outcomeOf(record.id) : undefined;
    const until = this.#parts.now() + limits.receiptMs;
    const live = outcome || isNotice || membersOnly
      ? {
        from,
        to,
        text,
        sayer: undefined,
        outcome,
        until,
        isNotice: isNotice ?? false,
        membersOnly: membersOnly ?? false,
      }
      : undefined;
    delivery.take(draft, live, isGuest ?? false);
  }

  /** The outcome of a message at this server, for the sender's server. */
  #outcomeOf({ server, number }: RecordId): PendingOutcome {
    return new PendingOutcome((delivered, why) =>
      this.#parts.outputs.push({
        type: "exchange",
        output: { type: "send", to: server, message: { type: "outcome", number, delivered, why: why ?? "" } },
      })
    );
  }
}

function key(from: string, client: string, number: number): string {
  return `${from} ${client} ${number}`;
}

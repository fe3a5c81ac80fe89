import type { Outputs } from "../core/machine.ts";
import type { Delivery } from "./delivery.ts";
import type { Effect } from "./effect.ts";
import type { Producer } from "./entities.ts";
import type { Draft, TakenRecord } from "./log_items.ts";
import { PendingOutcome } from "./outcome.ts";
import type { Questions } from "./questions.ts";
import type { RecordId } from "./record_id.ts";
import { ALL_SERVERS, type EntryRecord } from "./records.ts";
import type { Roster } from "./roster.ts";
import type { TakenRows } from "./taken_rows.ts";

export interface EntryTakingParts {
  readonly rows: TakenRows;
  readonly roster: Roster;
  readonly questions: Questions;
  readonly delivery: Delivery;
  readonly outputs: Outputs<Effect>;
  readonly limits: { readonly receiptMs: number };
  /** This server. */
  readonly self: string;
  readonly now: () => number;
  /** Another server has refused a client's number. */
  readonly refused: (producer: Producer, number: number, why: string) => void;
}

/** Messages that were taken of other servers while the same client's number was under way here, at most. */
const MAX_TAKEN_TWICE = 1000;

/**
 * Makes entries of the shared log part of this server's. What a client has said under a number becomes one entry, also where it
 * has said it at two servers.
 */
export class EntryTaking {
  readonly #parts: EntryTakingParts;
  /** Messages of clients that were taken from another server although their numbers were taken here before. */
  readonly #takenTwice = new Set<string>();

  constructor(parts: EntryTakingParts) {
    this.#parts = parts;
  }

  /** A message of this server, from its draft. */
  takeOwn(record: TakenRecord, draft: Draft, append: () => void, next: () => void): void {
    draft.record = record;
    const { producer, number } = draft;
    if (!producer || number === undefined || !this.#takenTwice.delete(key(draft.from, producer.client, number))) {
      append();
      return next();
    }
    // The client has said it again at another server, whose record came first.
    this.#parts.rows.whenWritten(() =>
      this.#parts.questions.ask(
        { type: "saidAs", user: producer.user.id, client: producer.client, number },
        ({ seq }) => {
          this.#parts.rows.write(record, [], () => {}, seq);
          this.#parts.delivery.notWritten(draft);
          this.#parts.delivery.saidElsewhere(producer, number);
          next();
        },
        () => this.takeOwn(record, draft, append, next),
      )
    );
  }

  /** A message of a server that was told by the exchange. */
  take(record: TakenRecord, entry: EntryRecord, next: () => void, done: () => void): void {
    this.#parts.rows.resolve(entry.of, (of) => {
      if (entry.of && of === undefined && entry.kind !== "message") {
        this.#parts.rows.write(record, [], done);
        return next();
      }
      const { roster } = this.#parts;
      const { from, client, number, isGuest } = entry;
      const user = isGuest ? undefined : roster.mention(from);
      const producer = user && client !== undefined ? roster.producer(user, client) : undefined;
      const append = () => {
        this.#append(record, entry, of, producer, done);
        next();
      };
      if (!producer || number === undefined || number > producer.number) return append();
      this.#parts.rows.whenWritten(() =>
        this.#parts.questions.ask(
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
            this.#parts.rows.write(record, [], done, seq);
            next();
          },
          () => this.take(record, entry, next, done),
        )
      );
    });
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
    if (producer && number !== undefined) {
      for (const refusal of entry.refused ?? []) {
        // What the client has said again here is not refused.
        if (refusal.number > producer.number) this.#parts.refused(producer, refusal.number, refusal.why);
      }
      producer.number = Math.max(producer.number, number);
    }
    if (!isGuest && record.id.server !== self) {
      const user = this.#parts.roster.mention(from);
      const others = user.newestElsewhere?.filter(({ server }) => server !== record.id.server) ?? [];
      user.newestElsewhere = [...others, record.id];
    }
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

  /** What becomes of a message here, for the server at which its sender waits. */
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

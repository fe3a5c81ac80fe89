import { Fault } from "../core/errors.ts";
import type { Outputs } from "../core/machine.ts";
import type { Delivery } from "./delivery.ts";
import type { Effect } from "./effect.ts";
import type { RecentLog } from "./log.ts";
import type { Draft, TakenRecord } from "./log_items.ts";
import type { LogWriter } from "./log_writer.ts";
import type { NameClaims } from "./name_claims.ts";
import { PendingOutcome } from "./outcome.ts";
import type { Questions } from "./questions.ts";
import type { RecordId } from "./record_id.ts";
import { ALL_SERVERS, decodeRecord, type EntryRecord, type SharedRecord } from "./records.ts";
import { type KnownUser, type Producer, type Room, sideOf } from "./entities.ts";
import type { Roster } from "./roster.ts";
import type { Write } from "./store.ts";

export interface TakingParts {
  readonly writer: LogWriter;
  readonly roster: Roster;
  readonly log: RecentLog;
  readonly questions: Questions;
  readonly delivery: Delivery;
  readonly outputs: Outputs<Effect>;
  readonly names: NameClaims;
  readonly limits: { readonly receiptMs: number };
  /** This server. */
  readonly self: string;
  /** A user is known from now on. */
  readonly registered: (name: string, key: Uint8Array | undefined, now: number) => void;
  /** A room has other members, or one more. */
  readonly membersChanged: (room: Room, user: KnownUser, joined: boolean) => void;
  /** Another server has refused a client's number. */
  readonly refused: (producer: Producer, number: number, why: string) => void;
}

/** Messages that were taken of other servers while the same client's number was under way here, at most. */
const MAX_TAKEN_TWICE = 1000;

/**
 * Makes records part of this server's chat, one after the other. Each is written once with the number that its server gave it;
 * what it changes is in the same batch.
 */
export class RecordTaking {
  readonly #parts: TakingParts;
  /** Messages of clients that were taken from another server although their numbers were taken here before. */
  readonly #takenTwice = new Set<string>();
  now = 0;

  constructor(parts: TakingParts) {
    this.#parts = parts;
  }

  /** Takes a record; `next` is called when the next one may be taken, `done` when it is committed. */
  take(record: TakenRecord, next: () => void, done: () => void): void {
    const read = decodeRecord(record.text);
    if (read instanceof Fault) {
      const text = `a record of another server is not understood and left out: ${read.message}`;
      this.#parts.outputs.push({ type: "note", level: "warning", text });
      this.#write(record, [], done);
      return next();
    }
    // A failure of this server is in its log since it happened.
    if (read.type === "entry" && read.kind === "failure" && record.id.server === this.#parts.self) {
      this.#write(record, [], done);
      return next();
    }
    if (read.type === "entry") return this.#takeEntry(record, read, next, done);
    if (read.type === "forget") return this.#forget(record, read.of, next, done);
    this.#takeOther(record, read, done);
    next();
  }

  /** The exchange has put a record somewhere that was taken before. */
  placed(record: TakenRecord): void {
    const read = decodeRecord(record.text);
    if (!(read instanceof Fault) && read.type === "claim") return this.#takeOther(record, read, () => {});
    this.#write(record, [], () => {});
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
    this.#whenWritten(() =>
      this.#parts.questions.ask(
        { type: "saidAs", user: producer.user.id, client: producer.client, number },
        ({ seq }) => {
          this.#write(record, [], () => {}, seq);
          this.#parts.delivery.notWritten(draft);
          this.#parts.delivery.saidElsewhere(producer, number);
          next();
        },
        () => this.takeOwn(record, draft, append, next),
      )
    );
  }

  #takeEntry(record: TakenRecord, entry: EntryRecord, next: () => void, done: () => void): void {
    this.#resolve(entry.of, (of) => {
      if (entry.of && of === undefined && entry.kind !== "message") {
        this.#write(record, [], done);
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
      this.#whenWritten(() =>
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
            this.#write(record, [], done, seq);
            next();
          },
          () => this.#takeEntry(record, entry, next, done),
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
    const until = this.now + limits.receiptMs;
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

  #takeOther(
    record: TakenRecord,
    read: Exclude<SharedRecord, { type: "entry" | "forget" }>,
    done: () => void,
  ): void {
    const { roster, names, log, delivery, registered, membersChanged, self } = this.#parts;
    const isOwn = record.id.server === self;
    switch (read.type) {
      case "claim": {
        const rows = names.decide(read, record.id, record.place, this.now);
        return this.#write(record, rows.writes, () => {
          done();
          rows.done();
        });
      }
      case "user":
        if (!isOwn && !roster.user(read.name)?.registered) registered(read.name, read.key, this.now);
        return this.#write(record, [], done);
      case "join": {
        const room = roster.makeRoom(read.room, read.unlisted);
        const user = roster.mention(read.user);
        const joins = !room.members.has(user);
        roster.join(room, user, log.last);
        delivery.audienceChanged();
        return this.#write(record, [], () => {
          done();
          if (joins) membersChanged(room, user, true);
        });
      }
      case "leave": {
        const room = roster.room(read.room);
        const user = roster.user(read.user);
        const leaves = room !== undefined && user !== undefined && room.members.has(user);
        if (leaves) roster.leave(room, user);
        delivery.audienceChanged();
        return this.#write(record, [], () => {
          done();
          if (leaves) membersChanged(room, user, false);
        });
      }
      case "received":
        return isOwn ? this.#write(record, [], done) : this.#received(record, read, done);
      case "read":
        return isOwn ? this.#write(record, [], done) : this.#read(record, read, done);
    }
  }

  #received(record: TakenRecord, read: Extract<SharedRecord, { type: "received" }>, done: () => void): void {
    const { roster, delivery } = this.#parts;
    const [sender, user] = [roster.mention(read.from), roster.mention(read.by)];
    const pair = roster.makePair(sender, user);
    const side = sideOf(pair, user);
    const write = { ...{ pair: pair.id, side, user: user.id, sender: sender.id }, upTo: read.upTo };
    this.#write(record, [{ type: "sharedReceived", ...write }], () => {
      done();
      this.#parts.questions.ask(
        { type: "receivedUpTo", pair: pair.id, side },
        ({ seq }) => delivery.receivedElsewhere(pair, user, seq),
        () => {},
      );
    });
  }

  #read(
    record: TakenRecord,
    { user: name, of, upTo }: Extract<SharedRecord, { type: "read" }>,
    done: () => void,
  ): void {
    const { roster, delivery } = this.#parts;
    const user = roster.mention(name);
    let write: Write | undefined;
    if ("room" in of) {
      const room = roster.room(of.room);
      if (room?.members.has(user)) write = { type: "sharedRoomRead", room: room.id, user: user.id, upTo };
    } else {
      const pair = roster.makePair(user, roster.mention(of.user));
      write = { type: "sharedPairRead", pair: pair.id, side: sideOf(pair, user), upTo };
    }
    this.#write(record, write ? [write] : [], () => {
      done();
      this.#entryOf(upTo, (seq) => delivery.readElsewhere(user, of, seq));
    });
  }

  #forget(record: TakenRecord, of: RecordId, next: () => void, done: () => void): void {
    if (record.id.server === this.#parts.self) {
      this.#write(record, [], done);
      return next();
    }
    const { questions, delivery } = this.#parts;
    this.#resolve(of, (seq) => {
      const end = () => {
        this.#write(record, [], done);
        next();
      };
      if (seq === undefined) return end();
      questions.ask({ type: "entry", seq }, ({ entry }) => {
        if (entry) delivery.forgetElsewhere(entry);
        end();
      }, end);
    });
  }

  /** The entry of a record, once everything that was taken before is written. */
  #resolve(id: RecordId | undefined, then: (seq: number | undefined) => void): void {
    if (!id) return then(undefined);
    const again = () => this.#resolve(id, then);
    this.#whenWritten(() =>
      this.#parts.questions.ask({ type: "entryOf", id }, ({ seq }) => then(seq), () => this.#whenWritten(again))
    );
  }

  #entryOf(id: RecordId, then: (seq: number) => void): void {
    this.#parts.questions.ask({ type: "entryOf", id }, ({ seq }) => seq !== undefined && then(seq), () => {});
  }

  /** Calls back once what was gathered is committed. A disk that takes nothing is waited for. */
  #whenWritten(then: () => void): void {
    this.#parts.writer.writeRows({ writes: [], done: then });
  }

  #write({ id, text, place }: TakenRecord, writes: readonly Write[], done: () => void, seq?: number): void {
    const record: Write = { type: "record", id, text, isTaken: true, place, seq };
    this.#parts.writer.writeRows({ writes: [...writes, record], done });
  }
}

function key(from: string, client: string, number: number): string {
  return `${from} ${client} ${number}`;
}

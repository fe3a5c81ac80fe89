import type { Outputs } from "../core/machine.ts";
import type { Effect } from "./effect.ts";
import { isChange } from "./entry.ts";
import type { Draft, Rows } from "./log_items.ts";
import type { LogWriter } from "./log_writer.ts";
import type { Questions } from "./questions.ts";
import type { Place, RecordId } from "./record_id.ts";
import { encodeRecord, type EntryRecord, type Refusal, type SharedRecord } from "./records.ts";
import type { Conversation } from "./entities.ts";
import type { Roster } from "./roster.ts";
import type { SavedSharing } from "./snapshot.ts";
import type { RecordTaking } from "./taking.ts";
import type { HandoutMessage } from "./handout_fan_out.ts";
import type { ExchangeOutput } from "./exchange_events.ts";

export interface SharingParts {
  readonly writer: LogWriter;
  readonly questions: Questions;
  readonly outputs: Outputs<Effect>;
  readonly taking: RecordTaking;
  readonly roster: Roster;
  readonly self: string;
  readonly saved: SavedSharing | undefined;
  /** The sender of a record waits for other servers. */
  readonly expect: (number: number, live: HandoutMessage) => void;
}

/** What else is to be done with something that is shared. */
export interface ShareOptions {
  /** It is part of the chat. */
  readonly done?: () => void;
  /** It could not be kept; without this it is tried again. */
  readonly failed?: (why: string) => void;
  /** Are kept with it or not at all. */
  readonly rows?: Rows;
}

/** A record of this server that is committed, and not taken yet. */
interface Pending {
  readonly text: string;
  readonly take: (place: Place | undefined, next: () => void) => void;
}

/** The longest reason that is shared: as many refusals as are remembered fit into a record beside the longest text. */
const REFUSAL_CHARACTERS = 80;

/** Something that is taken in its turn. */
type Turn = (next: () => void) => void;

/**
 * What this server shares with others.
 *
 * 1. A record is committed before the exchange is told of it. It becomes part of the chat here when the exchange gives it back, in
 *    the order of the exchange; or in the order of its number, while this server goes on alone.
 * 2. Records of each server are taken once, in the order of their numbers.
 */
export class Sharing {
  readonly #parts: SharingParts;
  readonly #pending = new Map<number, Pending>();
  #turns: Turn[] = [];
  #isBusy = false;
  #isAlone = false;
  /** The newest record of this server that was given its turn. */
  #taken: number;

  constructor(parts: SharingParts) {
    this.#parts = parts;
    const { saved, self } = parts;
    this.#taken = saved?.servers.find(({ server }) => server === self)?.taken ?? 0;
    for (const { number, text } of saved?.pending ?? []) this.#pending.set(number, this.#foreign(number, text));
  }

  get isAlone(): boolean {
    return this.#isAlone;
  }

  /** Records that are committed, and not part of the chat yet. */
  get waiting(): number {
    return this.#pending.size;
  }

  /** An entry that is said here; `live` where a handout session, a guest or the operator says it. */
  shareEntry(draft: Draft, conversation: Conversation, live: HandoutMessage | undefined, isGuest: boolean): void {
    const { taking, writer, roster } = this.#parts;
    // What is about an entry from before the exchange stays here, as that does.
    if (draft.type !== "message" && draft.of !== undefined && !draft.ofRecord) {
      return writer.append(draft, conversation);
    }
    // A failure concerns its sender alone: it comes first here, before the receipts for what follows.
    if (draft.type === "failure") {
      writer.append(draft, conversation);
      return this.share(entryRecord(draft, undefined, false, 0));
    }
    const user = isGuest ? undefined : roster.user(draft.from);
    let after: readonly RecordId[] | undefined;
    writer.share({
      from: draft.from,
      producer: draft.producer,
      number: draft.number,
      encode: (now) => {
        after = user?.newestElsewhere;
        let time = now;
        // Changes of a message are ordered by it, here as at the other servers.
        if (isChange(draft.type)) time = draft.time = Math.max(now, (draft.changedAt ?? 0) + 1);
        return encodeRecord({ ...entryRecord(draft, live, isGuest, time), after, refused: refusedBefore(draft) });
      },
      done: (number, text) => {
        if (user && user.newestElsewhere === after) user.newestElsewhere = undefined;
        if (draft.producer && draft.number !== undefined) draft.producer.refusalsShared = draft.number;
        // An answer may come before the entry is in the log here.
        if (live) this.#parts.expect(number, live);
        this.#committed(number, {
          text,
          take: (place, next) => {
            const record = { id: { server: this.#parts.self, number }, text, place };
            taking.entries.takeOwn(record, draft, () => writer.append(draft, conversation), next);
          },
        });
      },
      failed: (why) => draft.failed(why),
    });
  }

  /** Something else. */
  share(record: SharedRecord, options: ShareOptions = {}): void {
    const { done, failed, rows } = options;
    this.#parts.writer.share({
      writes: rows?.writes,
      encode: (time) => encodeRecord(record.type === "entry" ? { ...record, time } : record),
      done: (number, text) => {
        this.#committed(number, this.#foreign(number, text, done));
        rows?.done();
      },
      failed: (why) => failed ? failed(why) : this.share(record, options),
    });
  }

  /** The next record of a server. */
  record(id: RecordId, text: string, place: Place | undefined): void {
    const { self, taking } = this.#parts;
    if (id.server !== self) {
      return this.#turn((next) =>
        taking.take({ id, text, place }, next, () => this.#tell({ type: "taken", count: 1 }))
      );
    }
    this.#tell({ type: "taken", count: 1 });
    // It was taken while this server was alone: now its place is known.
    if (id.number <= this.#taken) {
      return this.#turn((next) => {
        taking.placed({ id, text, place });
        next();
      });
    }
    this.#takeUpTo(id.number, place);
  }

  setAlone(isAlone: boolean): void {
    this.#isAlone = isAlone;
    if (isAlone) this.#takeUpTo(Infinity, undefined);
  }

  /** Asks the store for records of a server. */
  readRecords(ref: number, server: string, after: number, limit: number): void {
    this.#parts.questions.ask(
      { type: "records", server, after, limit },
      ({ records }) => this.#tell({ type: "records", ref, records }),
      () => this.#tell({ type: "records", ref, records: [] }),
    );
  }

  /** The exchange has lost what was read of it after this place. */
  readTo(place: Place): void {
    this.#parts.writer.write({ type: "exchangeRead", place });
  }

  named(server: string, name: string): void {
    this.#parts.writer.write({ type: "serverName", server, name });
  }

  /**
   * Asks for the record of an entry, undefined for one from before the exchange; and for the latest time of a change of it. With a
   * conversation, the record of the newest entry there up to this one.
   */
  recordOf(
    seq: number,
    then: (id: RecordId | undefined, changedAt: number) => void,
    failed: (why: string) => void,
    conversation?: number,
  ): void {
    const query = { type: "recordOf", seq, conversation } as const;
    this.#parts.questions.ask(query, ({ id, changedAt }) => then(id, changedAt), failed);
  }

  /** A record that is taken like those of other servers. */
  #foreign(number: number, text: string, done: () => void = () => {}): Pending {
    const id = { server: this.#parts.self, number };
    return { text, take: (place, next) => this.#parts.taking.take({ id, text, place }, next, done) };
  }

  #committed(number: number, pending: Pending): void {
    this.#pending.set(number, pending);
    this.#tell({ type: "recorded", number, text: pending.text });
    if (this.#isAlone) this.#takeUpTo(number, undefined);
  }

  /** Gives the records of this server up to a number their turn. */
  #takeUpTo(number: number, place: Place | undefined): void {
    for (let at = this.#taken + 1; at <= number; at++) {
      const pending = this.#pending.get(at);
      if (!pending) return;
      this.#pending.delete(at);
      this.#taken = at;
      this.#turn((next) => pending.take(at === number ? place : undefined, next));
    }
  }

  #turn(turn: Turn): void {
    this.#turns.push(turn);
    if (!this.#isBusy) this.#run();
  }

  #run(): void {
    for (let at = 0; at < this.#turns.length; at++) {
      let isDone = false;
      let isLater = false;
      this.#isBusy = true;
      this.#turns[at]!(() => {
        isDone = true;
        if (!isLater) return;
        this.#isBusy = false;
        this.#run();
      });
      if (isDone) continue;
      isLater = true;
      this.#turns = this.#turns.slice(at + 1);
      return;
    }
    this.#turns = [];
    this.#isBusy = false;
  }

  #tell(output: ExchangeOutput): void {
    this.#parts.outputs.push({ type: "exchange", output });
  }
}

/** Refusals before a message, of which the client and other servers may not know. */
function refusedBefore({ producer, number }: Draft): Refusal[] | undefined {
  if (!producer?.refused || number === undefined) return undefined;
  const after = Math.max(producer.answered, producer.refusalsShared);
  if (producer.newestRefused <= after) return undefined;
  const refused = [...producer.refused].filter(([each]) => each > after && each < number);
  return refused.length > 0
    ? refused.map(([number, why]) => ({ number, why: why.slice(0, REFUSAL_CHARACTERS) }))
    : undefined;
}

function entryRecord(
  { type: kind, from, to, text, ofRecord, producer, number }: Draft,
  live: HandoutMessage | undefined,
  isGuest: boolean,
  time: number,
): EntryRecord {
  return {
    type: "entry",
    kind,
    from,
    to,
    text,
    time,
    of: ofRecord,
    client: producer?.client,
    number: producer && number,
    ...(isGuest && { isGuest }),
    ...(live?.awaits !== undefined && { awaits: live.awaits }),
    ...(live?.membersOnly && { membersOnly: true }),
    ...(live?.isNotice && { isNotice: true }),
  };
}

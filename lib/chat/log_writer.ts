import type { Outputs } from "../core/machine.ts";
import type { Effect } from "./effect.ts";
import type { Conversation, Producer } from "./entities.ts";
import type { Entry } from "./entry.ts";
import type { Draft, LogItem, Rows, Shared, Step } from "./log_items.ts";
import { REFUSALS, type Roster } from "./roster.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Write } from "./store.ts";

interface CursorWrite {
  readonly write: Write;
  readonly done?: (() => void) | undefined;
}

/** What one batch holds at most, so that others' turn comes soon. */
const MAX_ITEMS = 4096;
const MAX_CHARACTERS = 512 * 1024;
/** Batches under way at most: the store commits those that have come together, and never waits for the next. */
const MAX_UNDER_WAY = 4;
/** Between two tries to write cursors that could not be written. */
const RETRY_MS = 1000;

/** What a batch under way holds. */
interface Written {
  readonly items: readonly LogItem[];
  readonly entries: readonly Entry[];
  /** The numbers and texts of what is shared, in the order of the items. */
  readonly records: readonly { readonly number: number; readonly text: string }[];
  readonly cursors: ReadonlyMap<string, CursorWrite>;
  readonly facts: readonly Write[];
}

/**
 * Gathers what a turn wants kept, and has it written in batches, of which a few are under way at a time.
 *
 * 1. Entries get their numbers in the order in which they were appended; `done` is called in that order.
 * 2. When a batch cannot be written, none that is under way is kept: their entries and steps fail. Users, rooms, pairs, cursors
 *    failures of earlier messages, and what was taken of other servers, are facts all the same: they go into the next batch.
 */
export class LogWriter {
  #items: LogItem[] = [];
  /** Failures of earlier messages; they come first, since no cursor may pass a message whose failure is not written. */
  #failures: LogItem[] = [];
  #cursors = new Map<string, CursorWrite>();
  /** Cursors that go with a tick. */
  #later = new Map<string, CursorWrite>();
  #facts: Write[] = [];
  #urgent = false;
  /** The oldest first. */
  #underWay: Written[] = [];
  /** The newest entry's number and time, with the batches under way; the number of the newest that is committed. */
  #last: number;
  #time: number;
  #committed: number;
  readonly #server: string;
  /** The number of the newest record of this server, with the batches under way; that of the newest that is committed. */
  #lastRecord: number;
  #committedRecord: number;
  #retryAt = 0;

  constructor(
    readonly roster: Roster,
    readonly outputs: Outputs<Effect>,
    start: Pick<Snapshot, "id" | "last" | "time" | "sharing">,
  ) {
    this.#server = start.id;
    this.#lastRecord = this.#committedRecord = start.sharing?.last ?? 0;
    this.#last = this.#committed = start.last;
    this.#time = start.time;
  }

  /** Whether everything is written. */
  get isIdle(): boolean {
    return !this.isWriting && this.#items.length === 0 && !this.#hasFacts;
  }

  /** Whether a batch is under way. */
  get isWriting(): boolean {
    return this.#underWay.length > 0;
  }

  /** Whether something urgent is gathered, and a batch more can be under way. */
  get isDue(): boolean {
    return this.#urgent && this.#underWay.length < MAX_UNDER_WAY;
  }

  get #hasFacts(): boolean {
    return this.#failures.length > 0 || this.#cursors.size > 0 || this.#later.size > 0 || this.#facts.length > 0 ||
      this.roster.hasWrites;
  }

  /** Whether something that a user said is gathered, and in no batch yet. */
  hasGathered(from: string): boolean {
    return this.#items.some((item) =>
      ("draft" in item && item.draft.from === from) || ("shared" in item && item.shared.from === from)
    );
  }

  append(draft: Draft, conversation: Conversation): void {
    (draft.type === "failure" ? this.#failures : this.#items).push({ draft, conversation });
    this.#urgent = true;
  }

  /** Has something written for the other servers. */
  share(shared: Shared): void {
    this.#items.push({ shared });
    this.#urgent = true;
  }

  /** Has rows written in the order of the entries around them, and calls back once they are committed. */
  writeRows(rows: Rows): void {
    this.#items.push({ rows });
    this.#urgent = true;
  }

  /** Has a batch written soon: something is gathered elsewhere. */
  urge(): void {
    this.#urgent = true;
  }

  /** Calls back once everything up to now is committed. */
  after(step: Step): void {
    this.#items.push({ step });
    this.#urgent = true;
  }

  /** A cursor moves: the last write of a key counts. One that is not urgent goes with the next batch, or the next tick. */
  move(key: string, write: Write, urgent: boolean, done?: () => void): void {
    this.#cursors.set(key, { write, done });
    if (urgent) this.#urgent = true;
  }

  /** A cursor that only saves work moves: it goes with the next tick. */
  moveLater(key: string, write: Write): void {
    this.#later.set(key, { write });
  }

  /** A client's number was taken, of this batch perhaps after a greater one, which was shared. */
  taken({ user, client }: Producer, number: number): void {
    const key = `producer ${user.id} ${client}`;
    const before = this.#cursors.get(key)?.write;
    const upTo = before?.type === "producer" ? Math.max(before.number, number) : number;
    this.move(key, { type: "producer", user: user.id, client, number: upTo }, false);
  }

  /** A client's number is refused, and stays so. */
  refused(producer: Producer, number: number, why: string): void {
    const { user, client } = producer;
    this.write({ type: "refusal", user: user.id, client, number, why });
    this.taken(producer, number);
    const refused = producer.refused ??= new Map();
    refused.set(number, why);
    producer.newestRefused = Math.max(producer.newestRefused, number);
    for (const oldest of refused.keys()) {
      if (refused.size <= REFUSALS) break;
      refused.delete(oldest);
    }
  }

  /** A row that belongs to what is gathered. */
  write(write: Write): void {
    this.#facts.push(write);
    this.#urgent = true;
  }

  /** Has a batch written, if there is one to write; `wall` is the wall clock. */
  flush(now: number, wall: number, all = false): void {
    if (this.#underWay.length === MAX_UNDER_WAY) return;
    if (!this.#urgent && !(all && now >= this.#retryAt && this.#hasFacts)) return;
    if (all) {
      for (const [key, write] of this.#later) this.#cursors.set(key, write);
      this.#later.clear();
    }
    if (this.#failures.length > 0) {
      this.#items = [...this.#failures, ...this.#items];
      this.#failures = [];
    }
    const facts = [...this.#facts, ...this.roster.takeWrites()];
    const writes: Write[] = [...facts];
    const entries: Entry[] = [];
    const records: { number: number; text: string }[] = [];
    const taken = new Map<Producer, number>();
    let characters = 0;
    let count = 0;
    const time = Math.max(Math.floor(wall), this.#time);
    for (; count < this.#items.length && count < MAX_ITEMS && characters < MAX_CHARACTERS; count++) {
      const item = this.#items[count]!;
      if ("step" in item) continue;
      if ("rows" in item) {
        writes.push(...item.rows.writes);
        continue;
      }
      if ("shared" in item) {
        const { producer, number: said } = item.shared;
        const text = item.shared.encode(time);
        const number = ++this.#lastRecord;
        records.push({ number, text });
        characters += text.length;
        writes.push({ type: "record", id: { server: this.#server, number }, text, isTaken: false });
        writes.push(...item.shared.writes ?? []);
        if (producer && said !== undefined) taken.set(producer, Math.max(taken.get(producer) ?? 0, said));
        continue;
      }
      const { draft } = item;
      characters += draft.text.length;
      const entry = entryOf(draft, ++this.#last, time);
      entries.push(entry);
      writes.push(this.#rowOf(entry, draft, item.conversation));
      if (draft.record) writes.push({ type: "record", isTaken: true, ...draft.record, seq: entry.seq });
      const { producer, number } = draft;
      if (producer && number !== undefined) taken.set(producer, Math.max(taken.get(producer) ?? 0, number));
    }
    for (const [producer, number] of taken) this.taken(producer, number);
    if (entries.length + records.length > 0) this.#time = time;
    for (const { write } of this.#cursors.values()) writes.push(write);
    this.#underWay.push({ items: this.#items.slice(0, count), entries, records, cursors: this.#cursors, facts });
    this.#items = count === this.#items.length ? [] : this.#items.slice(count);
    this.#cursors = new Map();
    this.#facts = [];
    this.#urgent = this.#items.length > 0;
    this.outputs.push({ type: "append", batch: { writes, last: this.#last, time: this.#time } });
  }

  /** So many batches, the oldest, are committed: their entries with their drafts, to be told; call `told` then. */
  committed(batches: number): { published: { readonly entry: Entry; readonly draft: Draft }[]; told: () => void } {
    const written = this.#underWay.splice(0, batches);
    const items = written.flatMap(({ items }) => items);
    const entries = written.flatMap(({ entries }) => entries);
    const records = written.flatMap(({ records }) => records);
    const cursors = new Map(written.flatMap(({ cursors }) => [...cursors]));
    this.#committed = entries.at(-1)?.seq ?? this.#committed;
    this.#committedRecord = records.at(-1)?.number ?? this.#committedRecord;
    for (const item of items) if ("step" in item && item.step.isFirst) item.step.done();
    let at = 0;
    const published = items.flatMap((item) => "draft" in item ? [{ entry: entries[at++]!, draft: item.draft }] : []);
    const told = () => {
      let [at, recordAt] = [0, 0];
      for (const item of items) {
        if ("draft" in item) item.draft.done(entries[at++]!);
        else if ("rows" in item) item.rows.done();
        else if ("shared" in item) {
          const { number, text } = records[recordAt++]!;
          item.shared.done(number, text);
        } else if (!item.step.isFirst) item.step.done();
      }
      for (const { done } of cursors.values()) done?.();
    };
    return { published, told };
  }

  /** The oldest batch could not be written, and so none of those under way. */
  notCommitted(why: string, now: number): void {
    const written = this.#underWay;
    this.#underWay = [];
    this.#last = this.#committed;
    this.#lastRecord = this.#committedRecord;
    this.#facts = [...written.flatMap(({ facts }) => facts), ...this.#facts];
    this.#cursors = new Map([...written.flatMap(({ cursors }) => [...cursors]), ...this.#cursors]);
    this.#retryAt = now + RETRY_MS;
    const failures: LogItem[] = [];
    const taken: LogItem[] = [];
    for (const item of written.flatMap(({ items }) => items)) {
      if ("step" in item) item.step.failed(why);
      else if ("shared" in item) item.shared.failed(why);
      else if ("rows" in item || item.draft.record) taken.push(item);
      else if (item.draft.type === "failure") failures.push(item);
      else item.draft.failed(why);
    }
    this.#failures = [...failures, ...taken, ...this.#failures];
  }

  #rowOf(entry: Entry, { producer, number }: Draft, conversation: Conversation): Write {
    const { type: kind, seq, text, time, of } = entry;
    const from = this.roster.user(entry.from)?.id ?? entry.from;
    const client = producer?.client;
    return { type: "entry", kind, seq, conversation: conversation.id, from, text, time, of, client, number };
  }
}

function entryOf(draft: Draft, seq: number, time: number): Entry {
  const { type, from, to, text, of, producer, number, record } = draft;
  const entry = { type, seq, from, to, text, time: draft.time ?? time, of, client: producer?.client, number };
  return record ? { ...entry, record: record.id } : entry;
}

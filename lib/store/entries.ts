import type {
  AcknowledgedMessage,
  Answer,
  ExpiredMessage,
  NewMessage,
  NewNotice,
  StoredEntry,
  StoredMessage,
  StoredNotice,
} from "../chat/store.ts";
import { decodeLossy, encodeText } from "../core/text.ts";
import type { Database, Value } from "./database.ts";
import { keptMessage, keptNotice, oldest, wellFormed } from "./entry.ts";
import type { Person, Roster } from "./roster.ts";

/** Numbers of people are below this, so that two of them are one number that JavaScript has exactly. */
const PEOPLE = 2 ** 26;

/** More than SQLite counts is as good as all. */
const ALL = 2 ** 31;

const KINDS = ["message", "delivered", "failed"] as const;

const COLUMNS = "seq, kind, sender, recipient, conversation, id, text, time, ref, why";

interface Row {
  readonly seq: number;
  readonly kind: number;
  readonly sender: number | null;
  readonly recipient: number | null;
  readonly conversation: number | null;
  readonly id: Value;
  readonly text: Value;
  readonly time: number;
  readonly ref: number | null;
  readonly why: Value;
}

interface OpenRow {
  readonly seq: number;
  readonly sender: number;
  readonly id: Value;
}

/** What is forgotten of an entry: who may be told, and the room that may be empty now. */
export interface Forgotten {
  readonly seq: number;
  readonly kind: number;
  readonly sender: number | null;
  readonly recipient: number | null;
  readonly conversation: number | null;
  readonly id: Value;
  readonly settled: number;
}

/** The messages, notices and refusals of a database. */
export class Entries {
  readonly #database: Database;
  readonly #roster: Roster;
  readonly #insert;
  readonly #select;
  readonly #change;
  /** What was asked for last and not found: it is not looked for again when it is kept right after. */
  #unanswered: { readonly from: string; readonly id: string } | undefined;

  constructor(database: Database, roster: Roster) {
    this.#database = database;
    this.#roster = roster;
    // Each says its index: without statistics SQLite guesses, and a wrong guess reads everything.
    const after = (index: string, where: string) =>
      database.prepare<Row>(
        `SELECT ${COLUMNS} FROM entries INDEXED BY ${index} WHERE ${where} AND seq > ? ORDER BY seq LIMIT ?`,
      );
    this.#select = {
      one: database.prepare<Row & { settled: number }>(`SELECT ${COLUMNS}, settled FROM entries WHERE seq = ?`),
      open: after("entries_open", "recipient = ? AND settled = 0"),
      settled: after("entries_settled", "recipient = ? AND settled = 1"),
      // Without an index, which each message would pay for and only who comes back would use.
      sent: database.prepare<Row>(
        `SELECT ${COLUMNS} FROM entries NOT INDEXED
         WHERE sender = ? AND recipient IS NOT NULL AND recipient <> sender AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?`,
      ),
      said: after("entries_conversation", "conversation = ?"),
      saidByOthers: after("entries_conversation", "conversation = ? AND sender <> ?"),
      before: database.prepare<Row>(
        `SELECT ${COLUMNS} FROM entries INDEXED BY entries_conversation
         WHERE conversation = ? AND seq < ? ORDER BY seq DESC LIMIT ?`,
      ),
      openUpTo: database.prepare<OpenRow>(
        `SELECT seq, sender, id FROM entries INDEXED BY entries_open
         WHERE recipient = ? AND settled = 0 AND seq > ? AND seq <= ? AND kind = 0 ORDER BY seq`,
      ),
      answer: database.prepare<{ seq: number; time: number; why: Value }>(
        `SELECT seq, time, NULL AS why FROM entries INDEXED BY entries_answer WHERE sender = ? AND id = ?
         UNION ALL SELECT 0, 0, why FROM refusals WHERE sender = ? AND id = ?`,
      ),
    };
    this.#insert = {
      message: database.prepare(
        `INSERT INTO entries (seq, kind, sender, recipient, conversation, id, text, time) VALUES (?, 0, ?, ?, ?, ?, ?, ?)`,
      ),
      notice: database.prepare(
        `INSERT INTO entries (seq, kind, recipient, id, text, time, ref, why) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      ),
      refusal: database.prepare("INSERT INTO refusals (sender, id, why, time) VALUES (?, ?, ?, ?)"),
    };
    this.#change = {
      settle: database.prepare("UPDATE entries SET settled = 1 WHERE seq = ?"),
      delete: database.prepare("DELETE FROM entries WHERE seq = ?"),
    };
  }

  answer(from: string, id: string): Answer | undefined {
    const sender = this.#roster.person(from);
    if (!sender) return undefined;
    const name = stored(wellFormed(id));
    const row = this.#select.answer.get(sender.id, name, sender.id, name);
    if (!row) {
      this.#unanswered = { from, id };
      return undefined;
    }
    return row.why === null ? { type: "sent", seq: row.seq, time: row.time } : { type: "refused", why: text(row.why) };
  }

  keep(seq: number, message: NewMessage): StoredMessage {
    this.#mustBeNew(message.from, message.id);
    const kept = keptMessage(seq, message);
    const { to, text, time, id } = kept;
    const sender = this.#roster.mention(kept.from);
    const recipient = "user" in to ? this.#roster.mention(to.user) : undefined;
    const conversation = "user" in to ? pairNumber(sender, recipient!) : this.#roster.make(to.room).id;
    this.#database.begin();
    this.#insert.message.run(seq, sender.id, recipient?.id ?? null, conversation, stored(id), stored(text), time);
    return kept;
  }

  refuse(from: string, id: string, why: string, time: number): void {
    this.#mustBeNew(from, id);
    const sender = this.#roster.mention(from);
    this.#database.begin();
    this.#insert.refusal.run(sender.id, stored(wellFormed(id)), stored(wellFormed(why)), time);
  }

  notify(seq: number, notice: NewNotice): StoredNotice {
    const kept = keptNotice(seq, notice);
    const { type, to, id, of, time, why } = kept;
    const owner = this.#roster.mention(kept.owner);
    this.#database.begin();
    this.#insert.notice.run(seq, KINDS.indexOf(type), owner.id, stored(id), stored(to), time, of, stored(why));
    return kept;
  }

  /** `seq` is more than the user has acknowledged. */
  acknowledge(name: string, seq: number): AcknowledgedMessage[] {
    const person = this.#roster.mention(name);
    const rows = this.#select.openUpTo.all(person.id, person.acked, seq);
    this.#roster.acknowledge(person, seq);
    return rows.map((row) => this.#taken(row));
  }

  settle(seq: number): AcknowledgedMessage | undefined {
    const row = this.#select.one.get(seq);
    if (row?.kind !== 0 || !this.#waits(row)) return undefined;
    this.#database.begin();
    this.#change.settle.run(seq);
    return this.#taken(row as OpenRow);
  }

  withdraw(seq: number): void {
    const row = this.#select.one.get(seq);
    if (row?.kind === 0 && row.recipient !== null) this.delete(seq);
  }

  waiting(person: Person, after: number, limit: number, only: "private" | undefined): StoredEntry[] {
    const count = atMost(limit);
    const past = Math.max(after, person.acked);
    const lists = [this.#select.open.all(person.id, past, count)];
    for (const { room, seen } of only ? [] : this.#roster.memberships(person)) {
      lists.push(this.#select.saidByOthers.all(room, person.id, Math.max(past, seen), count));
    }
    return this.#oldest(lists, count);
  }

  since(person: Person, after: number, limit: number): StoredEntry[] {
    const count = atMost(limit);
    const { open, settled, sent, said } = this.#select;
    const lists = [open, settled].map((query) => query.all(person.id, after, count));
    for (const { room, since } of this.#roster.memberships(person)) {
      lists.push(said.all(room, Math.max(after, since), count));
    }
    // Up to where the others fill the page: what comes behind is not in it.
    const others = oldest(lists, count);
    const end = others.length < count ? Number.MAX_SAFE_INTEGER : others[count - 1]?.seq ?? after;
    return this.#oldest([others, sent.all(person.id, after, end, count)], count);
  }

  /** The last before `before` in a room or between two people. */
  history(where: number | readonly [Person, Person], before: number, limit: number): StoredMessage[] {
    const conversation = typeof where === "number" ? where : pairNumber(...where);
    return this.#select.before.all(conversation, before, atMost(limit)).reverse().map((row) => this.#message(row));
  }

  delete(seq: number): void {
    this.#database.begin();
    this.#change.delete.run(seq);
  }

  /** The sender of what still waited privately can be told. */
  expired({ kind, settled, ...row }: Forgotten): ExpiredMessage | undefined {
    if (kind !== 0 || row.recipient === null || !this.#waits({ ...row, settled })) return undefined;
    return { ...this.#taken(row as OpenRow), to: this.#roster.personOf(row.recipient).name };
  }

  /** Remembers nothing of what was asked: a rollback can bring an answer back. */
  forget(): void {
    this.#unanswered = undefined;
  }

  #waits({ seq, recipient, settled }: { seq: number; recipient: number | null; settled: number }): boolean {
    return recipient !== null && settled === 0 && seq > this.#roster.personOf(recipient).acked;
  }

  #mustBeNew(from: string, id: string | undefined): void {
    const asked = this.#unanswered;
    const isNew = id === undefined || (asked?.id === id && asked.from === from) || !this.answer(from, id);
    this.#unanswered = undefined;
    if (isNew) return;
    throw this.#database.failed(new Error(`${from} has said something as ${JSON.stringify(id)} before`));
  }

  #oldest(lists: readonly Row[][], limit: number): StoredEntry[] {
    return oldest(lists, limit).map((row) => row.kind === 0 ? this.#message(row) : this.#notice(row));
  }

  #message({ seq, sender, recipient, conversation, id, time, ...row }: Row): StoredMessage {
    const from = this.#roster.personOf(sender!).name;
    const to = recipient === null
      ? { room: this.#roster.roomOf(conversation!).name }
      : { user: this.#roster.personOf(recipient).name };
    return { type: "message", seq, from, to, text: text(row.text), time, id: orNone(id) };
  }

  #notice({ seq, kind, recipient, id, time, ref, why, ...row }: Row): StoredNotice {
    const type = kind === 1 ? "delivered" : "failed";
    const owner = this.#roster.personOf(recipient!).name;
    return { type, seq, owner, to: text(row.text), id: text(id), of: ref!, time, why: orNone(why) };
  }

  #taken({ seq, sender, id }: OpenRow): AcknowledgedMessage {
    return { seq, from: this.#roster.personOf(sender).name, id: orNone(id) };
  }
}

/** Text as the database takes it: what has a NUL in it as bytes, since Deno reads text only up to there. */
function stored(text: string | undefined): string | Uint8Array | null {
  if (text === undefined) return null;
  return text.includes("\0") ? encodeText(text) : text;
}

function text(value: Value): string {
  return value instanceof Uint8Array ? decodeLossy(value) : value as string;
}

function orNone(value: Value): string | undefined {
  return value === null ? undefined : text(value);
}

function pairNumber({ id: one }: Person, { id: other }: Person): number {
  return -(Math.min(one, other) * PEOPLE + Math.max(one, other));
}

/** The limit as SQLite can count it. */
export function atMost(limit: number): number {
  return Math.max(0, Math.min(limit, ALL));
}

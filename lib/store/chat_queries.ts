import type { Entry, Target } from "../chat/entry.ts";
import { type Reaction, withReaction } from "../chat/reactions.ts";
import type { Answer, ConversationState, HistoryMessage, Query as ChatQuery, RECORD_QUERIES } from "../chat/store.ts";
import type { Database, Value } from "./database.ts";
import { FROM_CONVERSATION, KINDS, readText, type SearchIndex } from "./log_rows.ts";

const COLUMNS = "log.seq, kind, log.conversation, sender, log.text, log.time, of, client, log.number";
const AND_PRODUCER = "LEFT JOIN producers ON producers.id = producer";
/** Unread messages are counted up to here. */
const MAX_UNREAD = 1000;

export interface LogRow {
  readonly seq: number;
  readonly kind: number;
  readonly conversation: number;
  readonly sender: number | string;
  readonly text: Value;
  readonly time: number;
  readonly of: number | null;
  readonly client: string | null;
  readonly number: number | null;
}

/** What a user sees of one conversation. */
interface Part {
  readonly conversation: number;
  /** A pair's other user; undefined for a room. */
  readonly other: number | undefined;
  readonly since: number;
  /** What others said up to here was received, in a room read. */
  readonly received: number;
  readonly read: number;
  /** Up to where the other user has received what this one said; 0 in a room. */
  readonly theirs: number;
}

type Of<Type extends ChatQuery["type"]> = Extract<ChatQuery, { type: Type }>;

/** Answers what is asked of the log. */
export class ChatQueries {
  readonly #statements: ReturnType<typeof prepare>;
  readonly #names = new Map<number, string>();
  readonly #conversations = new Map<number, { room: string } | { one: number; other: number }>();

  constructor(database: Database, index: SearchIndex) {
    this.#statements = prepare(database, index.exists);
  }

  /** Remembers nothing: a transaction was undone. */
  forget(): void {
    this.#names.clear();
    this.#conversations.clear();
  }

  answer(
    query: Exclude<ChatQuery, { type: "prune" | typeof RECORD_QUERIES[number] }>,
    last: number,
  ): Answer {
    switch (query.type) {
      case "page":
        return this.#page(query);
      case "history":
        return this.#history(query);
      case "search":
        return this.#search(query);
      case "overview":
        return { type: "overview", states: this.#overview(query.user) };
      case "versions":
        return { type: "versions", texts: this.#statements.versions.all(query.seq, query.seq).map(textAndTime) };
      case "arrived":
        return { type: "arrived", pairs: this.#arrived(query, last) };
      case "entry": {
        const row = this.#statements.one.get(query.seq);
        const withdrawn = this.#statements.amendments.all(query.seq).some(({ kind }) => kind === 2);
        return { type: "entry", entry: row && this.entry(row), withdrawn };
      }
    }
  }

  entry({ seq, kind, conversation, sender, text, time, of, client, number }: LogRow): Entry {
    const from = typeof sender === "string" ? sender : this.#name(sender);
    const entry = { type: KINDS[kind]!, seq, from, to: this.#target(conversation, sender), text: readText(text), time };
    if (of === null && client === null) return entry;
    return { ...entry, of: of ?? undefined, client: client ?? undefined, number: number ?? undefined };
  }

  #page({ user, after, upTo, limit, filter }: Of<"page">): Answer {
    const lists = this.#parts(user).map((part) => {
      if (filter === "private" && part.other === undefined) return [];
      const floor = filter === "all" ? Math.max(after, part.since) : Math.max(after, part.since, part.received);
      const given = [part.conversation, floor, upTo, user, limit];
      // A failure is told to its sender, however much that one has received since.
      return this.#statements[filter].all(...given, ...(filter === "unreceived" ? [after] : []));
    });
    const rows = lists.flat().sort((a, b) => a.seq - b.seq).slice(0, limit);
    const isFull = rows.length === limit;
    return { type: "page", entries: rows.map((row) => this.entry(row)), upTo: isFull ? rows.at(-1)!.seq : upTo };
  }

  #history({ conversation, before, after, limit }: Of<"history">): Answer {
    const rows = after === undefined
      ? this.#statements.before.all(conversation, before ?? Number.MAX_SAFE_INTEGER, limit + 1).reverse()
      : this.#statements.after.all(conversation, after, limit + 1);
    const more = rows.length > limit;
    if (more) after === undefined ? rows.shift() : rows.pop();
    return { type: "history", messages: rows.map((row) => this.#amended(row)), more };
  }

  #search({ user, words, from, conversation, since, until, before, limit }: Of<"search">): Answer {
    const match = matchOf(words);
    if (match === undefined) return { type: "search", hits: [], more: false };
    const find = (match: string) =>
      this.#statements.search!.all(
        match,
        before ?? Number.MAX_SAFE_INTEGER,
        from ?? null,
        conversation ?? null,
        since ?? null,
        until ?? null,
        user,
        limit + 1,
      );
    // The beginning of a word takes SQLite as long as all messages that have such a word: only where a page is not full without.
    let rows = find(match);
    if (rows.length <= limit) rows = find(`${match}*`);
    const more = rows.length > limit;
    if (more) rows.pop();
    return { type: "search", hits: rows.map((row) => this.#amended(row)), more };
  }

  #overview(user: number): ConversationState[] {
    return this.#parts(user).flatMap(({ conversation, since, read, theirs }) => {
      const newest = this.#statements.newest.get(conversation, since);
      if (!newest) return [];
      const unread = newest.seq > read ? this.#statements.unread.get(conversation, read, user)!.count : 0;
      return [{ conversation, last: newest.seq, time: newest.time, read, unread, received: theirs }];
    });
  }

  #arrived({ user, after, upTo }: Of<"arrived">, last: number): { pair: number; upTo: number }[] {
    return this.#parts(user).flatMap(({ conversation, other }) => {
      const newest = other !== undefined &&
        this.#statements.arrived.get(conversation, after, Math.min(upTo, last), user);
      return newest && newest.seq !== null ? [{ pair: conversation, upTo: newest.seq }] : [];
    });
  }

  /** A message with what came later about it. */
  #amended(row: LogRow): HistoryMessage {
    const entry = this.entry(row);
    let [text, edited, withdrawn] = [entry.text, false, false];
    let failed: string | undefined;
    let reactions: readonly Reaction[] = [];
    for (const amendment of this.#statements.amendments.all(row.seq)) {
      if (amendment.kind === 1) [text, edited] = [readText(amendment.text), true];
      else if (amendment.kind === 2) withdrawn = true;
      else if (amendment.kind === 4) {
        const { sender } = amendment;
        const from = typeof sender === "string" ? sender : this.#name(sender);
        reactions = withReaction(reactions, from, readText(amendment.text));
      } else failed = readText(amendment.text);
    }
    const isMarked = reactions.length > 0 && !withdrawn;
    return {
      ...entry,
      text: withdrawn ? "" : text,
      edited,
      withdrawn,
      failed,
      reactions: isMarked ? reactions : undefined,
    };
  }

  #parts(user: number): Part[] {
    const rooms = this.#statements.rooms.all(user).map(({ room, since, read }): Part => ({
      conversation: room,
      other: undefined,
      since,
      received: read,
      read: Math.max(read, since),
      theirs: 0,
    }));
    const pairs = this.#statements.pairs.all(user, user).map(({ id, other, received, read, theirs }): Part => ({
      conversation: id,
      other,
      since: 0,
      received,
      read,
      theirs,
    }));
    return [...rooms, ...pairs];
  }

  #name(id: number): string {
    let name = this.#names.get(id);
    if (name === undefined) this.#names.set(id, name = this.#statements.name.get(id)?.name ?? `user ${id}`);
    return name;
  }

  #target(conversation: number, sender: number | string): Target {
    let known = this.#conversations.get(conversation);
    if (!known) {
      const { room, one, other } = this.#statements.conversation.get(conversation)!;
      known = room === null ? { one: one!, other: other! } : { room };
      this.#conversations.set(conversation, known);
    }
    if ("room" in known) return { room: known.room };
    return { user: this.#name(known.one === sender ? known.other : known.one) };
  }
}

/** The query of FTS5 for words that people type: all of them. With a `*` after it, the last one may be unfinished. */
function matchOf(words: string): string | undefined {
  const quoted = words.split(/\s+/).map((word) => word.replaceAll("\0", "")).filter((word) =>
    /[\p{L}\p{N}]/u.test(word)
  )
    .map((word) => `"${word.replaceAll('"', '""')}"`);
  return quoted.length === 0 ? undefined : quoted.join(" ");
}

function textAndTime({ text, time }: { text: Value; time: number }): { text: string; time: number } {
  return { text: readText(text), time };
}

function prepare(database: Database, searches: boolean) {
  const rows = (where: string) =>
    database.prepare<LogRow>(
      `SELECT ${COLUMNS} ${FROM_CONVERSATION} ${AND_PRODUCER} WHERE c.conversation = ?1 ${where}`,
    );
  const page = (condition: string, floor = "?2") =>
    rows(`AND entry > ${floor} AND entry <= ?3 AND (${condition}) ORDER BY entry LIMIT ?5`);
  const arrives = "sender <> ?4 AND kind <> 3 AND NOT EXISTS (SELECT 1 FROM log f WHERE f.of = log.seq AND f.kind = 3)";
  const isNotWithdrawn = `(log.kind NOT IN (0, 1) OR NOT EXISTS (SELECT 1 FROM log w INDEXED BY log_of
     WHERE w.of = CASE log.kind WHEN 0 THEN log.seq ELSE log.of END AND w.kind = 2))`;
  return {
    all: page("kind <> 3 OR sender = ?4"),
    unreceived: page(`(log.seq > ?2 AND ${arrives}) OR (kind = 3 AND sender = ?4)`, "?6"),
    private: page(`${arrives} AND ${isNotWithdrawn}`),
    one: database.prepare<LogRow>(`SELECT ${COLUMNS} FROM log ${AND_PRODUCER} WHERE log.seq = ?`),
    before: rows("AND entry < ?2 AND kind = 0 ORDER BY entry DESC LIMIT ?3"),
    after: rows("AND entry > ?2 AND kind = 0 ORDER BY entry LIMIT ?3"),
    amendments: database.prepare<{ kind: number; text: Value; sender: number | string }>(
      "SELECT kind, text, sender FROM log INDEXED BY log_of WHERE of = ? AND kind <> 0 ORDER BY seq",
    ),
    versions: database.prepare<{ text: Value; time: number }>(
      `SELECT text, time FROM (SELECT seq, text, time FROM log WHERE seq = ?
       UNION ALL SELECT seq, text, time FROM log WHERE of = ? AND kind = 1) ORDER BY seq`,
    ),
    newest: database.prepare<{ seq: number; time: number }>(
      `SELECT seq, time ${FROM_CONVERSATION} WHERE c.conversation = ? AND entry > ? AND kind = 0
       ORDER BY entry DESC LIMIT 1`,
    ),
    unread: database.prepare<{ count: number }>(
      `SELECT count(*) AS count FROM (SELECT 1 ${FROM_CONVERSATION}
       WHERE c.conversation = ? AND entry > ? AND kind = 0 AND sender <> ?
       AND NOT EXISTS (SELECT 1 FROM log w INDEXED BY log_of WHERE w.of = log.seq AND w.kind = 2) LIMIT ${MAX_UNREAD})`,
    ),
    arrived: database.prepare<{ seq: number | null }>(
      `SELECT max(seq) AS seq ${FROM_CONVERSATION}
       WHERE c.conversation = ? AND entry > ? AND entry <= ? AND sender <> ? AND kind <> 3`,
    ),
    rooms: database.prepare<{ room: number; since: number; read: number }>(
      "SELECT room, since, read FROM memberships WHERE user = ?",
    ),
    pairs: database.prepare<{ id: number; other: number; received: number; read: number; theirs: number }>(
      `SELECT id, other, one_received AS received, one_read AS read, other_received AS theirs
       FROM conversations WHERE one = ?
       UNION SELECT id, one, other_received, other_read, one_received
       FROM conversations WHERE other = ? AND one <> other`,
    ),
    name: database.prepare<{ name: string }>("SELECT name FROM users WHERE id = ?"),
    conversation: database.prepare<{ room: string | null; one: number | null; other: number | null }>(
      "SELECT room, one, other FROM conversations WHERE id = ?",
    ),
    search: searches
      ? database.prepare<LogRow>(
        `SELECT ${COLUMNS} FROM words JOIN log ON log.seq = words.rowid ${AND_PRODUCER}
         WHERE words MATCH ?1 AND words.rowid < ?2 AND (?3 IS NULL OR sender = ?3) AND (?4 IS NULL OR conversation = ?4)
           AND (?5 IS NULL OR log.time >= ?5) AND (?6 IS NULL OR log.time < ?6)
           AND (EXISTS (SELECT 1 FROM memberships m WHERE m.user = ?7 AND m.room = conversation)
             OR EXISTS (SELECT 1 FROM conversations c WHERE c.id = conversation AND (c.one = ?7 OR c.other = ?7)))
         ORDER BY words.rowid DESC LIMIT ?8`,
      )
      : undefined,
  };
}

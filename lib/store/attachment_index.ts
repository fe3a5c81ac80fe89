import type { Target } from "../chat/entry.ts";
import type { ImageHeader, ImageKind } from "../core/image_header.ts";
import { Database } from "./database.ts";

/** A file that a user has left, or is leaving, for the members of a conversation. Sizes and hashes are as the user said. */
export interface AttachmentRow {
  readonly id: string;
  readonly owner: string;
  readonly to: Target;
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Whether everything has arrived and was verified. */
  readonly complete: boolean;
  readonly image: ImageHeader | undefined;
  /** When it was complete, or something of it came last, by the index's own time. */
  readonly age: number;
}

interface Row {
  id: string;
  owner: string;
  user: string | null;
  room: string | null;
  name: string;
  bytes: number;
  sha256: string;
  complete: number;
  kind: string | null;
  width: number;
  height: number;
  age: number;
}

const STEPS: readonly string[] = [
  `
  CREATE TABLE state (
    time INTEGER NOT NULL,
    age INTEGER NOT NULL
  ) STRICT;
  INSERT INTO state VALUES (0, 0);
  CREATE TABLE attachments (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    user TEXT,
    room TEXT,
    name TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    complete INTEGER NOT NULL DEFAULT 0,
    kind TEXT,
    width INTEGER NOT NULL DEFAULT 0,
    height INTEGER NOT NULL DEFAULT 0,
    age INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX attachments_owner ON attachments (owner);
  CREATE INDEX attachments_content ON attachments (sha256) WHERE complete = 1;
  CREATE INDEX attachments_age ON attachments (complete, age);
`,
];

/** So far the index's own time goes on at once at most: a wrong clock, or a long holiday, makes nothing old. */
const MAX_AGING_MS = 24 * 60 * 60 * 1000;

/** The table of what users have left at the server. Every change is committed when the call returns. */
export class AttachmentIndex {
  readonly #database: Database;
  readonly #statements: ReturnType<typeof prepare>;
  #state: { time: number; age: number };

  constructor(path: string) {
    this.#database = new Database(path, STEPS);
    this.#statements = prepare(this.#database);
    this.#state = this.#statements.state.get()!;
  }

  /** The index's own time: it goes on with the wall clock, but never jumps. */
  get age(): number {
    return this.#state.age;
  }

  /** Moves the index's own time. */
  goOn(wall: number): void {
    const { time, age } = this.#state;
    const passed = Math.min(Math.max(0, wall - (time || wall)), MAX_AGING_MS);
    this.#change(() => this.#statements.goOn.run(wall, age + passed));
    this.#state = { time: wall, age: age + passed };
  }

  find(id: string): AttachmentRow | undefined {
    const row = this.#statements.find.get(id);
    return row && rowOf(row);
  }

  /** The upload of a user that has everything in common with this one. */
  unfinished({ owner, name, bytes, sha256, to }: Omit<AttachmentRow, "id">): AttachmentRow | undefined {
    const [user, room] = placeOf(to);
    const row = this.#statements.unfinished.get(owner, name, bytes, sha256, user, room);
    return row && rowOf(row);
  }

  add({ id, owner, to, name, bytes, sha256 }: AttachmentRow): void {
    this.#change(() => this.#statements.add.run(id, owner, ...placeOf(to), name, bytes, sha256, this.age));
  }

  /** Something of an upload has come. */
  touch(id: string): void {
    this.#change(() => this.#statements.touch.run(this.age, id));
  }

  complete(id: string, image: ImageHeader | undefined): void {
    const { kind = null, width = 0, height = 0 } = image ?? {};
    this.#change(() => this.#statements.complete.run(kind, width, height, this.age, id));
  }

  remove(id: string): void {
    this.#change(() => this.#statements.remove.run(id));
  }

  /** Whether complete rows have this content. */
  hasContent(sha256: string): boolean {
    return this.#statements.content.get(sha256) !== undefined;
  }

  /** What a user has left: rows, bytes, and how many of the rows are not complete. */
  usage(owner: string): { rows: number; bytes: number; unfinished: number } {
    return this.#statements.usage.get(owner)!;
  }

  /** The bytes of all rows. Equal content counts each time, so this is never less than what the disk holds. */
  get bytes(): number {
    return this.#statements.total.get()!.bytes;
  }

  /** Up to `limit` rows that are too old. */
  old(keepMs: number, uploadMs: number, limit: number): AttachmentRow[] {
    return this.#statements.old.all(this.age - keepMs, this.age - uploadMs, limit).map(rowOf);
  }

  close(): void {
    this.#database.close();
  }

  #change(write: () => void): void {
    try {
      this.#database.begin();
      write();
      this.#database.commit();
    } catch (error) {
      this.#database.rollback();
      throw error;
    }
  }
}

function placeOf(to: Target): [user: string | null, room: string | null] {
  return "user" in to ? [to.user, null] : [null, to.room];
}

function rowOf({ user, room, complete, kind, width, height, ...row }: Row): AttachmentRow {
  return {
    ...row,
    to: user === null ? { room: room! } : { user },
    complete: complete === 1,
    image: kind === null ? undefined : { kind: kind as ImageKind, width, height },
  };
}

function prepare(database: Database) {
  return {
    state: database.prepare<{ time: number; age: number }>("SELECT time, age FROM state"),
    goOn: database.prepare("UPDATE state SET time = ?, age = ?"),
    find: database.prepare<Row>("SELECT * FROM attachments WHERE id = ?"),
    unfinished: database.prepare<Row>(
      `SELECT * FROM attachments WHERE owner = ? AND name = ? AND bytes = ? AND sha256 = ? AND user IS ? AND room IS ?
       AND complete = 0`,
    ),
    add: database.prepare(
      "INSERT INTO attachments (id, owner, user, room, name, bytes, sha256, age) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    ),
    touch: database.prepare("UPDATE attachments SET age = ? WHERE id = ? AND complete = 0"),
    complete: database.prepare(
      "UPDATE attachments SET complete = 1, kind = ?, width = ?, height = ?, age = ? WHERE id = ?",
    ),
    remove: database.prepare("DELETE FROM attachments WHERE id = ?"),
    content: database.prepare("SELECT 1 FROM attachments WHERE sha256 = ? AND complete = 1 LIMIT 1"),
    usage: database.prepare<{ rows: number; bytes: number; unfinished: number }>(
      `SELECT count(*) AS rows, coalesce(sum(bytes), 0) AS bytes, coalesce(sum(1 - complete), 0) AS unfinished
       FROM attachments WHERE owner = ?`,
    ),
    total: database.prepare<{ bytes: number }>("SELECT coalesce(sum(bytes), 0) AS bytes FROM attachments"),
    old: database.prepare<Row>(
      "SELECT * FROM attachments WHERE (complete = 1 AND age < ?) OR (complete = 0 AND age < ?) ORDER BY age LIMIT ?",
    ),
  };
}

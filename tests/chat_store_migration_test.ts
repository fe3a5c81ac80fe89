import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { LOBBY } from "../lib/chat/names.ts";
import { UserError } from "../lib/core/errors.ts";
import { ChatStore } from "../lib/store/chat_store.ts";
import { Database } from "../lib/store/database.ts";
import { STEPS } from "../lib/store/schema.ts";
import { Folder } from "./support/programs.ts";
import { Random } from "./support/random.ts";

/** A store of version 1, as the release that made them. */
const VERSION_1 = `
  PRAGMA application_id = 1348563572;
  PRAGMA user_version = 1;
  CREATE TABLE store (id TEXT NOT NULL, last INTEGER NOT NULL) STRICT;
  CREATE TABLE people (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, added REAL, key BLOB, acked INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE rooms (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE members (
    person INTEGER NOT NULL REFERENCES people, room INTEGER NOT NULL REFERENCES rooms, joined REAL NOT NULL,
    since INTEGER NOT NULL, seen INTEGER NOT NULL, PRIMARY KEY (person, room)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX members_room ON members (room);
  CREATE TABLE entries (
    seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, sender INTEGER, recipient INTEGER, conversation INTEGER, id ANY,
    text ANY NOT NULL, time REAL NOT NULL, ref INTEGER, why ANY, settled INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX entries_open ON entries (recipient) WHERE recipient IS NOT NULL AND settled = 0;
  CREATE INDEX entries_settled ON entries (recipient) WHERE recipient IS NOT NULL AND settled = 1;
  CREATE INDEX entries_conversation ON entries (conversation) WHERE conversation IS NOT NULL;
  CREATE UNIQUE INDEX entries_answer ON entries (sender, id) WHERE sender IS NOT NULL AND id IS NOT NULL;
  CREATE INDEX entries_time ON entries (time);
  CREATE TABLE refusals (
    number INTEGER PRIMARY KEY, sender INTEGER NOT NULL, id ANY NOT NULL, why ANY NOT NULL, time REAL NOT NULL,
    UNIQUE (sender, id)
  ) STRICT;
  CREATE INDEX refusals_time ON refusals (time);
`;

const CONTENTS = `
  INSERT INTO store VALUES ('5e', 9);
  INSERT INTO rooms VALUES (1, 'lobby'), (2, 'lab');
  INSERT INTO people VALUES (1, 'jacky', 1, NULL, 0), (2, 'bob', 1, x'0102', 2);
  INSERT INTO members VALUES (1, 1, 1, 0, 0), (2, 1, 1, 0, 0), (2, 2, 1, 0, 0);
  INSERT INTO entries VALUES
    (1, 0, 1, 2, -67108866, NULL, 'acknowledged', 4, NULL, NULL, 0),
    (3, 0, 1, 2, -67108866, 'm1', 'hi', 5, NULL, NULL, 0),
    (4, 0, 1, NULL, 2, NULL, 'all', 5, NULL, NULL, 0);
  INSERT INTO refusals VALUES (1, 1, 'm2', 'too long', 5);
`;

Deno.test("a store of version 1, as released, is migrated; each later step runs once and atomically", () => {
  using folder = new Folder();
  const path = storeOf(folder, (database) => database.exec(CONTENTS));
  const store = new ChatStore(path);
  const { id, last, users, rooms } = store.snapshot;
  assertEquals([id, last, users.map(({ name }) => name), rooms.map(({ name }) => name)], [
    "5e",
    9,
    ["jacky", "bob"],
    [LOBBY, "lab"],
  ]);
  assertEquals(users[1]!.key, new Uint8Array([1, 2]));
  const hi = { type: "message", seq: 3, from: "jacky", to: { user: "bob" }, text: "hi", time: 5 } as const;
  const all = { ...hi, seq: 4, to: { room: "lab" }, text: "all" };
  const page = { type: "page", user: 2, after: 2, upTo: 9, limit: 9, filter: "unreceived" } as const;
  assertEquals(store.query(page).entries, [hi, all]);
  store.close();

  const next = [...STEPS, "CREATE TABLE pins (seq INTEGER); INSERT INTO pins VALUES (3)"];
  assertThrows(() => new Database(path, [...next, "CREATE TABLE late (n); CREATE TABLE pins (n)"]), UserError);
  for (let i = 0; i < 2; i++) {
    const database = new Database(path, next);
    assertEquals(database.prepare<{ n: number }>("SELECT count(*) AS n FROM pins").get()!.n, 1);
    assertEquals(database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'late'").get(), undefined);
    database.close();
  }
  assertMatch(
    assertThrows(() => new ChatStore(path), UserError).message,
    new RegExp(`schema ${STEPS.length + 1}; this one knows 1 to ${STEPS.length}\\)`),
  );
});

function storeOf(folder: Folder, fill: (database: DatabaseSync) => void): string {
  const path = join(folder.path, "partyline.db");
  const database = new DatabaseSync(path);
  database.exec(VERSION_1);
  fill(database);
  database.close();
  return path;
}

interface Person {
  readonly id: number;
  readonly name: string;
  readonly added: number | null;
  readonly key: Uint8Array | null;
  acked: number;
}

interface OldMessage {
  readonly seq: number;
  readonly from: Person;
  readonly to: Person | string;
  readonly text: string;
  readonly time: number;
  settled: boolean;
  failed: string | undefined;
}

interface Member {
  readonly since: number;
  seen: number;
}

/** What a server of version 1 has kept: random, but as its rules have it. */
class OldChat {
  readonly people: Person[];
  readonly rooms = new Map([[LOBBY, new Map<Person, Member>()], ["lab", new Map()], ["den", new Map()]]);
  readonly messages: OldMessage[] = [];
  readonly failures: { readonly seq: number; readonly owner: Person }[] = [];
  last = 0;
  #time = 1000;
  readonly #random: Random;
  readonly #database: DatabaseSync;

  constructor(random: Random, database: DatabaseSync) {
    this.#random = random;
    this.#database = database;
    this.people = ["ann", "bob", "cy", "a guest"].map((name, i) => ({
      id: i + 1,
      name,
      added: i === 3 ? null : i + 0.5,
      key: random.chance(0.3) ? new Uint8Array([i, 2]) : null,
      acked: 0,
    }));
    for (let step = random.whole(0, 80); step > 0; step--) this.#step();
    this.#write();
  }

  /** Whether a private message waits for its receiver. */
  waits({ to, seq, settled }: OldMessage): boolean {
    return typeof to !== "string" && !settled && seq > to.acked;
  }

  between(one: Person, other: Person): OldMessage[] {
    return this.messages.filter(({ from, to }) => (from === one && to === other) || (from === other && to === one));
  }

  #step(): void {
    const random = this.#random;
    const dice = random.next();
    const from = random.pick(this.people);
    const user = random.pick(this.people.slice(0, 3));
    const room = random.pick([...this.rooms.keys()]);
    const members = this.rooms.get(room)!;
    this.#time += random.next() * 10_000;
    if (dice < 0.35) return this.#say(from, user);
    if (dice < 0.55) return this.#say(from, room);
    if (dice < 0.65) members.set(user, members.get(user) ?? { since: this.last, seen: this.last });
    else if (dice < 0.68) members.delete(user);
    else if (dice < 0.76) user.acked = Math.max(user.acked, random.whole(0, this.last));
    else if (dice < 0.84) {
      const member = members.get(user);
      if (member) member.seen = Math.max(member.seen, random.whole(0, this.last));
    } else {
      const waiting = this.messages.filter((message) => this.waits(message));
      if (waiting.length === 0) return;
      const message = random.pick(waiting);
      message.settled = true;
      if (random.chance(0.6)) return;
      message.failed = `no ${message.text}`;
      this.failures.push({ seq: ++this.last, owner: message.from });
      const to = message.to as Person;
      this.#database.prepare(
        `INSERT INTO entries (seq, kind, recipient, id, text, time, ref, why) VALUES (?, 2, ?, 'x', ?, ?, ?, ?)`,
      ).run(this.last, message.from.id, to.name, this.#time, message.seq, message.failed);
    }
  }

  #say(from: Person, to: Person | string): void {
    const seq = ++this.last;
    this.messages.push({ seq, from, to, text: `text${seq}`, time: this.#time, settled: false, failed: undefined });
    // What became of other messages and of refused ones was told to senders.
    if (!this.#random.chance(0.3)) return;
    this.#database.prepare(
      `INSERT INTO entries (seq, kind, recipient, id, text, time, ref, why) VALUES (?, ?, ?, ?, 'bob', ?, ?, NULL)`,
    ).run(++this.last, this.#random.pick([1, 2]), from.id, `${seq}`, this.#time, 0);
  }

  #write(): void {
    const run = (sql: string, ...values: (string | number | null | Uint8Array)[]) =>
      void this.#database.prepare(sql).run(...values);
    run("INSERT INTO store VALUES ('5e', ?)", this.last);
    const rooms = [...this.rooms.keys()];
    for (const [i, room] of rooms.entries()) run("INSERT INTO rooms VALUES (?, ?)", i + 1, room);
    for (const { id, name, added, key, acked } of this.people) {
      run("INSERT INTO people VALUES (?, ?, ?, ?, ?)", id, name, added, key, acked);
    }
    for (const [room, members] of this.rooms) {
      for (const [{ id }, { since, seen }] of members) {
        run("INSERT INTO members VALUES (?, ?, 1, ?, ?)", id, rooms.indexOf(room) + 1, since, seen);
      }
    }
    for (const { seq, from, to, text, time, settled } of this.messages) {
      const isRoom = typeof to === "string";
      const [low, high] = isRoom ? [0, 0] : [from.id, to.id].sort((a, b) => a - b);
      const conversation = isRoom ? rooms.indexOf(to) + 1 : -(low! * 2 ** 26 + high!);
      run(
        "INSERT INTO entries VALUES (?, 0, ?, ?, ?, ?, ?, ?, NULL, NULL, ?)",
        ...[seq, from.id, isRoom ? null : to.id, conversation, `id${seq}`, text, time, settled ? 1 : 0],
      );
    }
  }
}

Deno.test("whatever a store of version 1 keeps is there after the migration: 60 random ones, against a model", () => {
  for (let seed = 1; seed <= 60; seed++) {
    using folder = new Folder();
    let old: OldChat;
    const path = storeOf(folder, (database) => old = new OldChat(new Random(seed), database));
    const store = new ChatStore(path);
    try {
      isKept(old!, store);
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    } finally {
      store.close();
    }
  }
});

function isKept(old: OldChat, store: ChatStore): void {
  const { id, last, users, rooms, pairs } = store.snapshot;
  assertEquals([id, last], ["5e", old.last]);
  assertEquals(
    users.map(({ id, name, registered, key, acked }) => ({ id, name, registered, key, acked })),
    old.people.map(({ id, name, added, key, acked }) => ({
      ...{ id, name, registered: added !== null, key: key ?? undefined, acked },
    })),
  );
  const isUsed = (room: string) =>
    room === LOBBY || old.rooms.get(room)!.size > 0 || old.messages.some(({ to }) => to === room);
  assertEquals(rooms.map(({ name }) => name), [...old.rooms.keys()].filter(isUsed));
  for (const { id, name, members } of rooms) {
    const expected = [...old.rooms.get(name)!].map(([{ id, acked }, { since, seen }]) => ({
      ...{ user: id, since, read: Math.max(seen, since, Math.min(acked, old.last)) },
    }));
    const byUser = (a: { user: number }, b: { user: number }) => a.user - b.user;
    assertEquals(
      members.map(({ user, since, read }) => ({ user, since, read })).sort(byUser),
      expected.sort(byUser),
      name,
    );
    const sees = ({ from }: OldMessage) => old.rooms.get(name)!.has(from);
    sameHistory(store, id, old.messages.filter(({ to }) => to === name), sees);
  }
  const received = new Map<string, number>();
  for (const { id, users, received: [one, other] } of pairs) {
    const [first, second] = users.map((id) => old.people[id - 1]!) as [Person, Person];
    sameHistory(store, id, old.between(first, second), () => true);
    received.set(`${first.name} ${second.name}`, one);
    if (first !== second) received.set(`${second.name} ${first.name}`, other);
  }
  for (const user of old.people) {
    for (const other of old.people) {
      const toUser = old.messages.filter(({ from, to }) => from === other && to === user);
      const firstWaiting = toUser.find((message) => old.waits(message))?.seq ?? Infinity;
      const arrived = toUser.filter(({ seq, settled, failed }) =>
        seq < firstWaiting && (seq <= user.acked || (settled && failed === undefined))
      );
      const known = received.get(`${user.name} ${other.name}`) ?? 0;
      assertEquals(known, arrived.at(-1)?.seq ?? 0, `${user.name} has received from ${other.name}`);
    }
    waitsStill(old, store, user);
  }
}

/** What waited for a user waits; nothing else but what was received after something that waits. */
function waitsStill(old: OldChat, store: ChatStore, user: Person): void {
  const page = { type: "page", user: user.id, after: user.acked, upTo: old.last, limit: 1e6 } as const;
  const waiting = store.query({ ...page, filter: "unreceived" }).entries.map(({ seq }) => seq);
  const fromOthers = old.messages.filter(({ from }) => from !== user);
  const privately = fromOthers.filter((message) => message.to === user && old.waits(message));
  const again = fromOthers.filter(({ from, to, seq, failed }) =>
    to === user && failed === undefined && seq > user.acked &&
    privately.some((first) => first.from === from && first.seq < seq)
  );
  const inRooms = fromOthers.filter(({ to, seq }) => {
    const member = typeof to === "string" ? old.rooms.get(to)!.get(user) : undefined;
    return member !== undefined && seq > Math.max(member.seen, member.since, user.acked);
  });
  const failures = old.failures.filter(({ seq, owner }) => owner === user && seq > user.acked);
  const expected = new Set([...privately, ...again, ...inRooms, ...failures].map(({ seq }) => seq));
  assertEquals(waiting, [...expected].sort((a, b) => a - b), `waits for ${user.name}`);
}

/** `sees` says whether a sender can find a message. */
function sameHistory(
  store: ChatStore,
  conversation: number,
  messages: readonly OldMessage[],
  sees: (message: OldMessage) => boolean,
): void {
  const { messages: kept } = store.query({ type: "history", conversation, limit: 1e6 });
  assertEquals(
    kept.map(({ seq, from, text, time, failed }) => ({ seq, from, text, time, failed })),
    messages.map(({ seq, from, text, time, failed }) => ({
      ...{ seq, from: from.name, text, time: Math.floor(time), failed },
    })),
  );
  const said = messages.at(-1);
  if (!said) return;
  const { hits } = store.query({ type: "search", user: said.from.id, words: said.text, conversation, limit: 9 });
  assertEquals(hits.map(({ seq }) => seq), sees(said) ? [said.seq] : []);
}

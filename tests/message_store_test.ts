import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { UserError } from "../lib/core/errors.ts";
import fc from "fast-check";
import { DatabaseSync } from "node:sqlite";
import { LOBBY } from "../lib/chat/names.ts";
import type { MessageStore } from "../lib/chat/store.ts";
import type { Target } from "../lib/chat/entry.ts";
import { Database } from "../lib/store/database.ts";
import { MemoryStore } from "../lib/store/memory_store.ts";
import { STEPS } from "../lib/store/schema.ts";
import { openSqlite } from "../lib/store/sqlite_store.ts";
import { Folder } from "./support/programs.ts";
import { Random } from "./support/random.ts";
import { storeSuite, type StoreUnderTest, view } from "./support/store_suite.ts";

const IN_MEMORY: StoreUnderTest = {
  name: "a store in memory",
  open: () => ({ store: new MemoryStore(), reopen: undefined, [Symbol.dispose]() {} }),
};

const WITHOUT_A_FILE: StoreUnderTest = {
  name: "a store in SQLite's memory",
  open() {
    const store = openSqlite(":memory:");
    return { store, reopen: undefined, [Symbol.dispose]: () => store.close() };
  },
};

const IN_A_FILE: StoreUnderTest = {
  name: "a store in a file",
  open() {
    const folder = new Folder();
    const path = join(folder.path, "partyline.db");
    let store = openSqlite(path);
    const reopen = () => {
      store.close();
      return store = openSqlite(path);
    };
    const dispose = () => {
      store.close();
      folder[Symbol.dispose]();
    };
    return { store, reopen, [Symbol.dispose]: dispose };
  },
};

for (const tested of [IN_MEMORY, WITHOUT_A_FILE, IN_A_FILE]) storeSuite(tested);

const NAMES = ["jacky", "bob", "\uff41", "\u{1d49c}"];
const name = fc.constantFrom(...NAMES);
const room = fc.constantFrom(LOBBY, "lab", "den");
const id = fc.constantFrom("1", "2", "3", "4");
const time = fc.integer({ min: 0, max: 20 });
const seq = fc.integer({ min: 0, max: 30 });
const target: fc.Arbitrary<Target> = fc.oneof(fc.record({ user: name }), fc.record({ room }));
const key = fc.option(fc.uint8Array({ maxLength: 3 }), { nil: undefined });

/** One call of the store's interface, printed if it reveals a difference. */
class Call {
  constructor(readonly what: string, readonly make: (store: MessageStore) => unknown) {}

  toString(): string {
    return this.what;
  }
}

function calling<Given>(
  what: string,
  given: fc.Arbitrary<Given>,
  make: (store: MessageStore, given: Given) => unknown,
) {
  return given.map((values) => new Call(`${what} ${JSON.stringify(values)}`, (store) => make(store, values)));
}

const messages = fc.record({ from: name, to: target, time, id: fc.option(id, { nil: undefined }) });
const notices = fc.record({ type: fc.constantFrom("delivered", "failed"), owner: name, to: name, id, of: seq, time });
const pruning = fc.tuple(time, fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 8 }));

const calls = fc.oneof(
  calling("addUser", fc.tuple(name, key, time), (store, given) => store.addUser(...given)),
  calling("join", fc.tuple(room, name, time), (store, given) => store.join(...given)),
  calling("leave", fc.tuple(room, name), (store, given) => store.leave(...given)),
  ...Array(3).fill(calling("keep", messages, (store, message) => {
    // As the server does: a repeated id is not stored again.
    const answered = message.id === undefined ? undefined : store.answer(message.from, message.id);
    return answered ?? store.keep({ ...message, text: `${store.last}` });
  })) as fc.Arbitrary<Call>[],
  calling("refuse", fc.tuple(name, id, fc.constant("no"), time), (store, given) => {
    return store.answer(given[0], given[1]) ?? store.refuse(...given);
  }),
  calling("notify", notices, (store, notice) => store.notify(notice)),
  calling("acknowledge", fc.tuple(name, seq), (store, given) => store.acknowledge(...given)),
  calling("settle", seq, (store, given) => store.settle(given)),
  calling("withdraw", seq, (store, given) => store.withdraw(given)),
  calling("seen", fc.tuple(room, name, seq), (store, given) => store.seen(...given)),
  calling("prune", pruning, (store, given) => store.prune(...given)),
  calling("commit", fc.constant(""), (store) => store.commit()),
  calling("rollback", fc.constant(""), (store) => store.rollback()),
  calling("reopen", fc.constant("reopen"), () => {}),
);

for (const [tested, numRuns] of [[WITHOUT_A_FILE, 120], [IN_A_FILE, 30]] as const) {
  Deno.test(`${tested.name} answers any sequence of calls as the memory store does`, () => {
    fc.assert(
      fc.property(fc.array(calls, { maxLength: 40, size: "max" }), (sequence) => {
        const model = new MemoryStore();
        using opened = tested.open();
        let { store } = opened;
        for (const call of sequence) {
          assertEquals(call.make(store), call.make(model), call.what);
          if (call.what.startsWith("reopen")) {
            if (!opened.reopen) store.commit();
            store = opened.reopen?.() ?? store;
            model.commit();
          }
          assertEquals(view(store, NAMES), view(model, NAMES), `after ${call.what}`);
        }
      }),
      { numRuns },
    );
  });
}

/** Why a store cannot be opened. */
function refusal(path: string): string {
  const error = assertThrows(() => openSqlite(path), UserError)!;
  assertEquals(error.message.includes("\n"), false, error.message);
  return error.message;
}

Deno.test("a store's folder and file are created, readable by their owner only", () => {
  using folder = new Folder();
  const path = join(folder.path, "a", "b", "partyline.db");
  openSqlite(path).close();
  assertEquals([...Deno.readDirSync(join(path, ".."))].map(({ name }) => name), ["partyline.db"]);
  if (Deno.build.os === "windows") return;
  const modes = [path, join(path, ".."), join(path, "..", "..")].map((path) => Deno.statSync(path).mode! & 0o777);
  assertEquals(modes, [0o600, 0o700, 0o700]);
});

Deno.test("a file that is no database, another program's, or not a regular file is refused and left unchanged", () => {
  using folder = new Folder();
  const text = folder.write("notes.txt", "this is not a database\n".repeat(100));
  assertEquals(refusal(text), `cannot open the store ${text}: it is not a database`);
  const other = join(folder.path, "other.db");
  const database = new DatabaseSync(other);
  database.exec("CREATE TABLE cakes (name TEXT); PRAGMA application_id = 7");
  database.close();
  const bytes = Deno.readFileSync(other);
  assertEquals(refusal(other), `cannot open the store ${other}: it is the database of another program`);
  assertEquals(Deno.readFileSync(other), bytes);
  assertEquals(
    refusal(folder.path),
    `cannot open the store ${folder.path}: it cannot be read and written as a file`,
  );
  const inside = join(text, "partyline.db");
  assertEquals(refusal(inside), `cannot make the folder ${text} of the store: a file is in its place`);
});

Deno.test("an empty file becomes a store", () => {
  using folder = new Folder();
  const store = openSqlite(folder.write("partyline.db", ""));
  assertEquals(store.rooms(), [LOBBY]);
  store.close();
});

Deno.test("a damaged store is refused: overwritten parts, truncated, a table missing", () => {
  const damages: ((path: string) => void)[] = [
    (path) => {
      const bytes = Deno.readFileSync(path);
      Deno.writeFileSync(path, bytes.fill(0x55, 3 * 4096, 6 * 4096));
    },
    (path) => Deno.truncateSync(path, 5 * 4096),
    (path) => {
      using database = closing(new DatabaseSync(path));
      database.it.exec("DROP TABLE refusals");
    },
    (path) => {
      using database = closing(new DatabaseSync(path));
      database.it.exec("DELETE FROM store");
    },
  ];
  for (const damage of damages) {
    using folder = new Folder();
    const path = join(folder.path, "partyline.db");
    const store = openSqlite(path);
    for (let i = 0; i < 500; i++) store.keep({ from: "jacky", to: { room: LOBBY }, text: `${i}`, time: i, id: `${i}` });
    store.close();
    damage(path);
    assertMatch(refusal(path), /^cannot open the store .*: it is damaged: ./);
  }
});

Deno.test("a store of a newer version is refused and left unchanged", () => {
  using folder = new Folder();
  const path = join(folder.path, "partyline.db");
  openSqlite(path).close();
  using database = closing(new DatabaseSync(path));
  database.it.exec("PRAGMA user_version = 7");
  database[Symbol.dispose]();
  assertEquals(
    refusal(path),
    `cannot open the store ${path}: it was made by a later Partyline (schema 7; this one knows 1)`,
  );
});

Deno.test("a store of version 1, as released, is migrated; each later step runs once and atomically", () => {
  using folder = new Folder();
  const path = join(folder.path, "partyline.db");
  using old = closing(new DatabaseSync(path));
  old.it.exec(VERSION_1);
  old[Symbol.dispose]();
  const store = openSqlite(path);
  assertEquals([store.id, store.last, store.users(), store.rooms()], ["5e", 9, ["bob", "jacky"], [LOBBY, "lab"]]);
  const hi = { type: "message", seq: 3, from: "jacky", to: { user: "bob" }, text: "hi", time: 5, id: "m1" } as const;
  const all = { ...hi, seq: 4, to: { room: "lab" }, text: "all", id: undefined };
  assertEquals(store.waiting("bob", 0, 9), [hi, all]);
  assertEquals(store.answer("jacky", "m2"), { type: "refused", why: "too long" });
  assertEquals(store.history({ between: ["bob", "jacky"] }, Infinity, 1), [hi]);
  store.close();

  const next = [...STEPS, "CREATE TABLE pins (seq INTEGER); INSERT INTO pins VALUES (3)"];
  assertThrows(() => new Database(path, [...next, "CREATE TABLE late (n); CREATE TABLE pins (n)"]), UserError);
  for (let i = 0; i < 2; i++) {
    const database = new Database(path, next);
    assertEquals(database.prepare<{ n: number }>("SELECT count(*) AS n FROM pins").get()!.n, 1);
    assertEquals(database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'late'").get(), undefined);
    database.close();
  }
  assertMatch(refusal(path), /schema 2; this one knows 1\)/);
});

Deno.test("after a failed call only a rollback is accepted, and it restores the last commit", () => {
  const store = openSqlite(":memory:");
  store.keep({ from: "jacky", to: { user: "bob" }, text: "hi", time: 1, id: "m1" });
  store.commit();
  store.addUser("jacky", undefined, 1);
  assertThrows(() => store.keep({ from: "jacky", to: { user: "bob" }, text: "no time", time: NaN }), UserError);
  for (const call of [() => store.commit(), () => store.addUser("bob", undefined, 1), () => store.users()]) {
    assertThrows(call, UserError, "cannot use the store :memory:");
  }
  store.rollback();
  assertEquals([store.users(), store.last, store.dirty], [[], 1, false]);
  store.close();
  store.close();
  assertThrows(() => store.users(), UserError, "it is closed");
});

Deno.test("a store admits one server: a second one is refused, in this process and in another", async () => {
  using folder = new Folder();
  const path = join(folder.path, "partyline.db");
  const store = openSqlite(path);
  const expected = `cannot open the store ${path}: another running program has it, and a store is for one alone`;
  assertEquals(refusal(path), expected);
  const { code, stderr } = await child(path).output();
  assertEquals(code, 1);
  assert(new TextDecoder().decode(stderr).includes(expected));
  store.addUser("jacky", undefined, 1);
  store.close();
  const second = openSqlite(path);
  assertEquals(second.users(), ["jacky"]);
  second.close();
});

Deno.test("a server killed while writing has kept every commit completely, wherever its log is truncated", async () => {
  using folder = new Folder();
  const path = join(folder.path, "partyline.db");
  const process = child(path).spawn();
  let printed = "";
  let alive = true;
  for await (const bytes of process.stdout) {
    printed += new TextDecoder().decode(bytes);
    if (alive && printed.length > 2000) {
      alive = false;
      process.kill("SIGKILL");
    }
  }
  await Promise.all([process.status, process.stderr.cancel()]);
  const seqs = printed.slice(0, printed.lastIndexOf("\n")).split("\n").map(Number);
  const [base, log] = [Deno.readFileSync(path), Deno.readFileSync(`${path}-wal`)];

  const store = openSqlite(path);
  const kept = new Set(store.history({ room: LOBBY }, Infinity, Infinity).map(({ seq }) => seq));
  assertEquals(seqs.filter((seq) => !kept.has(seq)), []);
  assertEquals(store.waiting("bob", 0, Infinity).length, kept.size);
  store.close();

  const random = new Random(1);
  for (let i = 0; i < 20; i++) {
    const copy = join(folder.path, `${i}.db`);
    Deno.writeFileSync(copy, base);
    Deno.writeFileSync(`${copy}-wal`, log.subarray(0, random.whole(0, log.length)));
    const store = openSqlite(copy);
    const [privately, all] = [store.waiting("bob", 0, Infinity), store.history({ room: LOBBY }, Infinity, Infinity)];
    assertEquals([privately.length, store.last], [all.length, all.at(-1)?.seq ?? 0]);
    store.close();
  }
});

/** A process that writes messages to this store until it is killed. */
function child(path: string): Deno.Command {
  const program = fromFileUrl(import.meta.resolve("./support/store_child.ts"));
  const args = ["run", "--no-prompt", "--allow-read", "--allow-write", program, path];
  return new Deno.Command(Deno.execPath(), { args, stdout: "piped", stderr: "piped", env: { NO_COLOR: "1" } });
}

/** Deno 2.4 cannot dispose of a database itself. */
function closing(it: DatabaseSync): { it: DatabaseSync } & Disposable {
  let open = true;
  const close = () => {
    if (open) it.close();
    open = false;
  };
  return { it, [Symbol.dispose]: close };
}

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

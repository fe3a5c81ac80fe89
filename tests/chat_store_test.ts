import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { LOBBY } from "../lib/chat/names.ts";
import { UserError } from "../lib/core/errors.ts";
import { ChatStore } from "../lib/store/chat_store.ts";
import { STEPS } from "../lib/store/schema.ts";
import { openStore } from "../lib/store/worker_store.ts";
import { Folder } from "./support/programs.ts";
import { Random } from "./support/random.ts";
import { StoreWriter } from "./support/store_writer.ts";

/** Why a store cannot be opened. */
function refusal(path: string): string {
  const error = assertThrows(() => new ChatStore(path), UserError)!;
  assertEquals(error.message.includes("\n"), false, error.message);
  return error.message;
}

function lobby(store: ChatStore): number[] {
  const { id } = store.snapshot.rooms.find(({ name }) => name === LOBBY)!;
  return store.query({ type: "history", conversation: id, limit: 1_000_000 }).messages.map(({ seq }) => seq);
}

Deno.test("a store's folder and file are made for their owner alone", () => {
  using folder = new Folder();
  const path = join(folder.path, "a", "b", "partyline.db");
  new ChatStore(path).close();
  assertEquals([...Deno.readDirSync(join(path, ".."))].map(({ name }) => name), ["partyline.db"]);
  if (Deno.build.os === "windows") return;
  const modes = [path, join(path, ".."), join(path, "..", "..")].map((path) => Deno.statSync(path).mode! & 0o777);
  assertEquals(modes, [0o600, 0o700, 0o700]);
});

Deno.test("a file that is no database, another program's, no file, or a link to nothing is refused and left alone", () => {
  using folder = new Folder();
  const text = folder.write("notes.txt", "this is not a database\n".repeat(100));
  assertEquals(
    refusal(text),
    `cannot open the store ${text}: it is not a database; move it away, or choose another folder`,
  );
  const other = join(folder.path, "other.db");
  const database = new DatabaseSync(other);
  database.exec("CREATE TABLE cakes (name TEXT); PRAGMA application_id = 7");
  database.close();
  const bytes = Deno.readFileSync(other);
  assertEquals(refusal(other), `cannot open the store ${other}: it is the database of another program`);
  assertEquals(Deno.readFileSync(other), bytes);
  assertEquals(
    refusal(folder.path),
    `cannot open the store ${folder.path}: it cannot be read and written as a file; it and its folder must be writable`,
  );
  const inside = join(text, "partyline.db");
  assertEquals(refusal(inside), `cannot make the folder ${text} of the store: a file is in its place`);
  if (Deno.build.os === "windows") return;
  const [link, target] = [join(folder.path, "link.db"), join(folder.path, "nothing.db")];
  Deno.symlinkSync(target, link);
  assertEquals(refusal(link), `cannot open the store ${link}: it is a link to ${target}, which does not exist`);
  assertThrows(() => Deno.lstatSync(target), Deno.errors.NotFound);
});

Deno.test("an empty file becomes a store with the lobby and an id of its own, which lasts", () => {
  using folder = new Folder();
  const path = folder.write("partyline.db", "");
  const open = () => {
    const store = new ChatStore(path);
    const { id, last, users, rooms } = store.snapshot;
    store.close();
    return { id, last, users, rooms: rooms.map(({ name }) => name) };
  };
  const first = open();
  assertEquals({ ...first, id: "" }, { id: "", last: 0, users: [], rooms: [LOBBY] });
  assertEquals(open(), first);
  const other = new ChatStore(":memory:");
  assert(other.snapshot.id !== first.id);
  other.close();
});

Deno.test("a damaged store is refused: overwritten parts, truncated, a table missing, a row missing", () => {
  const changed = (sql: string) => (path: string) => {
    const database = new DatabaseSync(path);
    database.exec(sql);
    database.close();
  };
  const damages: ((path: string) => void)[] = [
    (path) => Deno.writeFileSync(path, Deno.readFileSync(path).fill(0x55, 3 * 4096, 6 * 4096)),
    (path) => Deno.truncateSync(path, 5 * 4096),
    changed("DROP TABLE refused"),
    changed("DELETE FROM state"),
  ];
  for (const damage of damages) {
    using folder = new Folder();
    const path = join(folder.path, "partyline.db");
    const writer = new StoreWriter(new ChatStore(path));
    for (let i = 0; i < 500; i++) writer.say("jacky", writer.room(LOBBY), `${i}`.repeat(20));
    writer.commit();
    writer.store.close();
    damage(path);
    assertMatch(refusal(path), /^cannot open the store .*: it is damaged: ./);
  }
});

Deno.test("a store of a newer version is refused and left unchanged", () => {
  using folder = new Folder();
  const path = join(folder.path, "partyline.db");
  new ChatStore(path).close();
  const database = new DatabaseSync(path);
  const next = STEPS.length + 1;
  database.exec(`PRAGMA user_version = ${next}`);
  database.close();
  const bytes = Deno.readFileSync(path);
  assertEquals(
    refusal(path),
    `cannot open the store ${path}: it was made by a later Partyline (schema ${next}; this one knows 1 to ${next - 1})`,
  );
  assertEquals(Deno.readFileSync(path), bytes);
});

Deno.test("a batch that fails leaves nothing, and the next one is kept", () => {
  const store = new ChatStore(":memory:");
  const writer = new StoreWriter(store);
  writer.say("jacky", writer.room("lab"), "kept");
  writer.join("bob", "lab");
  writer.commit();
  const before = store.snapshot;
  writer.say("eve", writer.room("den"), "gone");
  writer.join("eve", "lab");
  writer.write({ type: "acked", user: 1, upTo: 1 }, { type: "leave", room: 2, user: 2 });
  // A number that was given.
  writer.write({
    ...{ type: "entry", kind: "message", seq: 1, conversation: 1, from: 1, text: "twice", time: 1 },
    ...{ of: undefined, client: "x", number: 1 },
  });
  assertThrows(() => writer.commit(), UserError, "cannot use the store :memory:");
  assertEquals(store.snapshot, before);
  assertEquals(store.query({ type: "history", conversation: before.rooms[1]!.id, limit: 9 }).messages.length, 1);
  const again = new StoreWriter(store);
  assertEquals(again.say("eve", again.room("den"), "kept too"), 2);
  again.commit();
  assertEquals([store.snapshot.last, store.snapshot.rooms.map(({ name }) => name)], [2, [LOBBY, "lab", "den"]]);
  store.close();
  store.close();
  assertThrows(() => store.snapshot, UserError, "it is closed");
});

Deno.test("every text comes back as stored: line breaks, NUL, anything; an unpaired surrogate as U+FFFD", () => {
  using folder = new Folder();
  const path = join(folder.path, "partyline.db");
  const texts = ["a\0b", "\r\n\t'\"", "\u{1f600} ä \u202e", "x".repeat(100_000), "\ud800"];
  const writer = new StoreWriter(new ChatStore(path));
  for (const text of texts) writer.say("jacky", writer.room(LOBBY), text);
  writer.commit();
  writer.store.close();
  const store = new ChatStore(path);
  const { messages } = store.query({ type: "history", conversation: 1, limit: 9 });
  assertEquals(messages.map(({ text }) => text), [...texts.slice(0, -1), "\ufffd"]);
  store.close();
});

Deno.test("a store admits one server: a second one is refused, in this process and in another", async () => {
  using folder = new Folder();
  const path = join(folder.path, "partyline.db");
  const store = new ChatStore(path);
  const expected = `cannot open the store ${path}: another running program uses it; stop that program, ` +
    "or choose another folder";
  assertEquals(refusal(path), expected);
  await openStore(folder.path).then(
    () => assert(false),
    (error) => assertEquals([error instanceof UserError, error.message], [true, expected]),
  );
  const { code, stderr } = await child("store_child.ts", path).output();
  assertEquals(code, 1);
  assert(new TextDecoder().decode(stderr).includes(expected));
  const writer = new StoreWriter(store);
  writer.user("jacky");
  writer.commit();
  store.close();
  const second = new ChatStore(path);
  assertEquals(second.snapshot.users.map(({ name }) => name), ["jacky"]);
  second.close();
});

Deno.test("a server killed while writing has kept every batch whole, wherever its log is truncated", async () => {
  using folder = new Folder();
  const path = join(folder.path, "partyline.db");
  const process = child("store_child.ts", path).spawn();
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
  const count = (store: ChatStore) => {
    const [pair] = store.snapshot.pairs;
    if (!pair) return 0;
    return store.query({ type: "history", conversation: pair.id, limit: 1_000_000 }).messages.length;
  };

  const store = new ChatStore(path);
  const kept = new Set(lobby(store));
  assertEquals(seqs.filter((seq) => !kept.has(seq)), []);
  assertEquals(count(store), kept.size);
  store.close();

  const random = new Random(1);
  for (let i = 0; i < 20; i++) {
    const copy = join(folder.path, `${i}.db`);
    Deno.writeFileSync(copy, base);
    Deno.writeFileSync(`${copy}-wal`, log.subarray(0, random.whole(0, log.length)));
    const store = new ChatStore(copy);
    const all = lobby(store);
    assertEquals([count(store), store.snapshot.last], [all.length, all.at(-1) ?? 0]);
    store.close();
  }
});

Deno.test("the last word of a search may be unfinished, unless a page is full of messages that have it as a whole", () => {
  using folder = new Folder();
  const store = new ChatStore(join(folder.path, "partyline.db"));
  const writer = new StoreWriter(store);
  const pair = writer.pair("alice", "bob");
  const [meet, meeting, again] = ["we meet", "a meeting", "meet me"].map((text) => writer.say("alice", pair, text));
  writer.commit();
  const search = (words: string, limit: number) => {
    const { hits, more } = store.query({ type: "search", user: writer.user("bob"), words, limit });
    return [hits.map(({ seq }) => seq), more];
  };
  assertEquals(search("meet", 9), [[again, meeting, meet], false]);
  assertEquals(search("meet", 1), [[again], true]);
  assertEquals(search("mee", 1), [[again], true]);
  assertEquals(search("meeti", 9), [[meeting], false]);
  store.close();
});

const SMALL_DISK = ["-rm", "sh", "-c", 'mount -t tmpfs -o size=2m none "$0" && exec "$@"'];

Deno.test({
  name: "a full disk: it is said, what is there is read, and there is room again; a read-only folder is told",
  ignore: !await mounts(),
  fn: async () => {
    using folder = new Folder();
    const { path: deno, args } = commandOf("full_disk_child.ts", folder.path);
    const { code, stdout, stderr } = await new Deno.Command("unshare", {
      args: [...SMALL_DISK, folder.path, deno, ...args],
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
    const path = join(folder.path, "partyline.db");
    assertEquals(JSON.parse(new TextDecoder().decode(stdout)), {
      full: `cannot use the store ${path}: the disk is full; make room on it`,
      reads: true,
      finds: "search",
      recovers: true,
      readOnly: `cannot open the store ${path}: its disk cannot be read or written; it and its folder must be writable`,
      readOnlyFolder: `cannot make the folder ${join(folder.path, "other")} of the store: Read-only file system`,
    });
  },
});

/** Whether a disk of its own can be mounted for a process here. */
async function mounts(): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  const folder = Deno.makeTempDirSync();
  try {
    return (await new Deno.Command("unshare", { args: [...SMALL_DISK, folder, "true"] }).output()).success;
  } catch {
    return false;
  } finally {
    Deno.removeSync(folder);
  }
}

function commandOf(program: string, path: string): { path: string; args: string[] } {
  const file = fromFileUrl(import.meta.resolve(`./support/${program}`));
  return { path: Deno.execPath(), args: ["run", "--no-prompt", "-A", file, path] };
}

function child(program: string, path: string): Deno.Command {
  const { path: deno, args } = commandOf(program, path);
  return new Deno.Command(deno, { args, stdout: "piped", stderr: "piped", env: { NO_COLOR: "1" } });
}

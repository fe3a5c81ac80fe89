import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { DirectoryTable } from "../lib/protocols/directory/table.ts";
import { DirectoryLog } from "../lib/store/directory_log.ts";
import { book } from "./support/address_book.ts";
import { Folder } from "./support/programs.ts";

const EMPTY = { size: 0, table: () => [] };

Deno.test("the table behaves like a plain list under any operations", () => {
  const hostnames = fc.constantFrom("10.0.0.1", "::ffff:10.0.0.1", "10.0.0.2", "127.0.0.1", "::1");
  const step = fc.record({
    what: fc.constantFrom("enter", "enter", "enter", "remove", "expire"),
    hostname: hostnames,
    port: fc.integer({ min: 1, max: 3 }),
    user: fc.constantFrom("a", "b"),
    ms: fc.integer({ min: 0, max: 60 }),
  });
  const bounds = { bookEntries: 6, bookEntriesPerAddress: 2, bookExpiryMs: 90 };
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const table = new DirectoryTable(bounds);
    let model: { hostname: string; port: number; user: string; since: number; until: number }[] = [];
    let now = 0;
    for (const { what, hostname, port, user, ms } of steps) {
      now += ms;
      const plain = hostname.replace("::ffff:", "");
      const known = model.find((entry) => entry.hostname === plain && entry.port === port);
      if (what === "expire") {
        assertEquals(table.expire(now), model.filter((entry) => entry.until <= now));
        model = model.filter((entry) => entry.until > now);
      } else if (what === "remove") {
        assertEquals(table.remove(hostname, port), known);
        model = model.filter((entry) => entry !== known);
      } else {
        const here = model.filter((entry) => entry.hostname === plain).length;
        const local = plain === "127.0.0.1" || plain === "::1";
        const refused = !known && (model.length >= 6 || (here >= 2 && !local));
        const type = refused ? "refused" : !known ? "added" : known.user === user ? "renewed" : "renamed";
        assertEquals(table.enter(hostname, port, user, now).type, type);
        const entry = { hostname: plain, port, user, since: known?.since ?? now, until: now + 90 };
        if (known) model[model.indexOf(known)] = entry;
        else if (!refused) model.push(entry);
      }
      assertEquals(table.entries(), model);
      assertEquals(table.others(hostname, port), model.filter((e) => e.hostname !== plain || e.port !== port));
    }
  }));
});

Deno.test("the log has one line for each change, with the table after it, whatever names strangers use", () => {
  using folder = new Folder();
  const { ask, changes } = book();
  ask("10.0.0.5", "R::3001:a\x1b[2J\u2028b\u202e");
  ask("10.0.0.6", `R::3002:${"é".repeat(500)}`);
  ask("10.0.0.6", "R::3002:bob", 1000);
  ask("10.0.0.6", "R::3002:bob", 2000);
  const log = new DirectoryLog(`${folder.path}/made`, () => assert(false));
  for (const change of changes) log.write(change);
  assertEquals(folder.read("made/address-book.log").split("\n"), [
    "1970-01-01T00:00:00.000Z added: 10.0.0.5:3001 a␛[2J\ufffdb\ufffd",
    "1970-01-01T00:00:00.000Z the table has 1 entry",
    "    10.0.0.5:3001 a␛[2J\ufffdb\ufffd",
    `1970-01-01T00:00:00.000Z added: 10.0.0.6:3002 ${"é".repeat(64)}…`,
    "1970-01-01T00:00:00.000Z the table has 2 entries",
    "    10.0.0.5:3001 a␛[2J\ufffdb\ufffd",
    `    10.0.0.6:3002 ${"é".repeat(64)}…`,
    `1970-01-01T00:00:01.000Z renamed: 10.0.0.6:3002 bob, before ${"é".repeat(64)}…`,
    "1970-01-01T00:00:01.000Z the table has 2 entries",
    "    10.0.0.5:3001 a␛[2J\ufffdb\ufffd",
    "    10.0.0.6:3002 bob",
    "",
  ]);
});

Deno.test("changes of a large table are written once a second, or when they are many, and at the end", () => {
  using folder = new Folder();
  const log = new DirectoryLog(folder.path, () => assert(false));
  const tables = () => folder.read("address-book.log").match(/the table has/g)!.length;
  const change = (i: number, time: number, text = "") => {
    log.write({ time, events: [`event ${i}${text}`], size: 21, table: () => Array(21).fill("x") });
  };
  for (let i = 0; i < 100; i++) change(i, i);
  assertEquals(tables(), 1);
  log.tick(999);
  assertEquals(tables(), 1);
  log.tick(1000);
  assertEquals(tables(), 2);
  assertStringIncludes(folder.read("address-book.log"), "event 98\n1970-01-01T00:00:00.099Z event 99\n");
  change(100, 1001, "x".repeat(100_000));
  assertEquals(tables(), 3);
  change(101, 1002);
  log.flush();
  log.flush();
  assertEquals(tables(), 4);
  assertStringIncludes(
    folder.read("address-book.log"),
    "event 101\n1970-01-01T00:00:01.002Z the table has 21 entries\n",
  );
});

Deno.test("a full log is rotated, and at most two files exist", () => {
  using folder = new Folder();
  const log = new DirectoryLog(folder.path, () => assert(false), 1000);
  for (let i = 0; i < 100; i++) log.write({ time: i, events: [`event ${i}`], ...EMPTY });
  const [now, old] = [folder.read("address-book.log"), folder.read("address-book.log.old")];
  assert(now.length <= 1000 && old.length <= 1000 && old.length > 900);
  assertMatch(now, /event 99\n/);
  assertEquals(Array.from(Deno.readDirSync(folder.path)).length, 2);
});

Deno.test("an unwritable log stops nothing and is reported once", () => {
  using folder = new Folder();
  folder.write("file", "");
  const failures: string[] = [];
  const log = new DirectoryLog(`${folder.path}/file`, (why) => failures.push(why));
  for (let i = 0; i < 3; i++) log.write({ time: i, events: ["x"], ...EMPTY });
  assertEquals(failures.length, 1);
  assertStringIncludes(failures[0]!, "address-book.log could not be written: ");
});

Deno.test("a server with counts and names: one write, without the client that asks; nothing is sent for K", () => {
  const { visit } = book({}, "names");
  const ask = (hostname: string, text: string) => {
    const { machine, done, say } = visit(hostname);
    say(text);
    machine.closed(0, "finished", 0);
    return done;
  };
  assertEquals(ask("10.0.0.5", "R::3001:al-ice"), ["Null-", "end"]);
  assertEquals(ask("10.0.0.6", "R::3002:bob"), ["1-R:10.0.0.5:3001:al_ice", "end"]);
  assertEquals(ask("10.0.0.5", "R::3001:al-ice"), ["1-R:10.0.0.6:3002:bob", "end"]);
  assertEquals(ask("10.0.0.5", "K::3001:al-ice"), ["end"]);
});

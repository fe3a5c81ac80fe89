import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { Fault } from "../lib/core/errors.ts";
import { type Limits, limits } from "../lib/core/limits.ts";
import { decodeLossy, encodeText } from "../lib/core/text.ts";
import { Accounts } from "../lib/chat/accounts.ts";
import { askDirectory } from "../lib/client/directory_client.ts";
import type { DirectoryRequest } from "../lib/protocols/directory/client.ts";
import { DirectoryLog } from "../lib/store/directory_log.ts";
import {
  Directory,
  type DirectoryChange,
  type DirectoryOutput,
  RequestLimiter,
} from "../lib/protocols/directory/directory.ts";
import { encodeListing, ListingDecoder, REPLY_FORMS, type ReplyForm } from "../lib/protocols/directory/listing.ts";
import { decodeDirectoryRequest, encodeDirectoryRequest } from "../lib/protocols/directory/request.ts";
import { DirectorySession } from "../lib/protocols/directory/server.ts";
import type { SessionOutput } from "../lib/protocols/session.ts";
import { hasPython } from "./support/python.ts";
import { drained } from "./support/drained.ts";
import { Outputs } from "../lib/core/machine.ts";
import { DirectoryTable } from "../lib/protocols/directory/table.ts";
import { openServer, type Server } from "../lib/server/server.ts";
import { USERS } from "./support/test_server.ts";
import { Folder, Running, SOURCES } from "./support/programs.ts";
import { until, Wire } from "./support/wire.ts";

// Requests.

Deno.test("a request consists of a type, an address, a port and a name, with or without a line break", () => {
  const alice = { type: "R", hostname: "192.168.1.7", port: 3001, user: "alice" };
  for (const end of ["", "\n", "\r\n", "\r"]) {
    assertEquals(decodeDirectoryRequest(`R:192.168.1.7:3001:alice${end}`), alice);
  }
  assertEquals(decodeDirectoryRequest("K:192.168.1.7:3001:alice"), { ...alice, type: "K" });
  assertEquals(decodeDirectoryRequest("R::3001:alice"), { ...alice, hostname: "" });
  assertEquals(decodeDirectoryRequest("R:lab-pc3:3001:al:ice"), { ...alice, hostname: "lab-pc3", user: "al:ice" });
  assertEquals(decodeDirectoryRequest("R:192.168.1.7:3001:a::b:"), { ...alice, user: "a::b:" });
  for (const hostname of ["::1", "fe80::1", "::ffff:10.0.0.5", "fe80::1%eth0", "1:2:3:4:5:6:7:8", "2001:1234::9"]) {
    assertEquals(decodeDirectoryRequest(`R:${hostname}:3001:alice`), { ...alice, hostname }, hostname);
  }
});

Deno.test("anything else is a fault that states the rule and the input", () => {
  const cases: [string, string][] = [
    ["", 'expected TYPE:IP:UDPPORT:USERID with R or K for TYPE, found ""'],
    ["hello", 'expected TYPE:IP:UDPPORT:USERID with R or K for TYPE, found "hello"'],
    ["r:1.2.3.4:3001:a", 'expected TYPE:IP:UDPPORT:USERID with R or K for TYPE, found "r:1.2.3.4:3001:a"'],
    ["R:1.2.3.4:3001", 'expected TYPE:IP:UDPPORT:USERID, found "R:1.2.3.4:3001"'],
    ["R:", 'expected TYPE:IP:UDPPORT:USERID, found "R:"'],
    ["R:fe80::1:3001", 'expected TYPE:IP:UDPPORT:USERID, found "R:fe80::1:3001"'],
    ["R:::1:3001", 'expected TYPE:IP:UDPPORT:USERID, found "R:::1:3001"'],
    [
      "R:1.2.3.4:0:a",
      'expected TYPE:IP:UDPPORT:USERID with 1 to 65535 for UDPPORT, found "R:1.2.3.4:0:a"',
    ],
    [
      "R:1.2.3.4:65536:a",
      'expected TYPE:IP:UDPPORT:USERID with 1 to 65535 for UDPPORT, found "R:1.2.3.4:65536:a"',
    ],
    ["R:1.2.3.4:-1:a", 'expected TYPE:IP:UDPPORT:USERID with 1 to 65535 for UDPPORT, found "R:1.2.3.4:-1:a"'],
    ["R:1.2.3.4:3001:", 'expected TYPE:IP:UDPPORT:USERID with a name for USERID, found "R:1.2.3.4:3001:"'],
  ];
  for (const [text, message] of cases) {
    assertEquals(decodeDirectoryRequest(text), new Fault("malformed", message), text);
  }
});

Deno.test("any text is a request or a fault, and what we encode we decode", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }),
      fc.constantFrom("", "R:", "K:::", "R:1.2.3.4:", "K::1:"),
      (text, head) => {
        const request = decodeDirectoryRequest(head + text);
        assert(request instanceof Fault || (request.port > 0 && request.user !== ""));
      },
    ),
  );
  const hostnames = fc.oneof(fc.ipV4(), fc.ipV6());
  fc.assert(
    fc.property(
      fc.constantFrom("R" as const, "K" as const),
      hostnames,
      fc.integer({ min: 1, max: 65535 }),
      (...given) => {
        const [type, hostname, port] = given;
        const request = { type, hostname, port, user: "alice" };
        assertEquals(decodeDirectoryRequest(decodeLossy(encodeDirectoryRequest(request))), request);
      },
    ),
  );
  assertEquals(
    encodeDirectoryRequest({ type: "R", hostname: "::1", port: 1, user: "a\nb" }),
    encodeText("R:::1:1:a␊b"),
  );
});

// The table.

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

// The session machine.

/** An address book with a clock moved by the test, and its log, the lines that show the table apart. */
function book(given: Partial<Limits> = {}, form: ReplyForm = "text") {
  const told: string[] = [];
  const tables: string[] = [];
  const changes: DirectoryChange[] = [];
  const bounds = limits(given);
  const note = (text: string) => void (text.startsWith("the client address table ") ? tables : told).push(text);
  const directory = drained(new Directory(bounds), (output: DirectoryOutput) => {
    if (output.type === "log") note(output.text);
    else changes.push(output.change);
  });
  /** A visit: the machine, its outputs and its log lines. */
  const visit = (hostname: string, now = 0) => {
    const done: string[] = [];
    const facts = { peer: { hostname, port: 40_000 }, registers: false };
    const machine = drained(new DirectorySession(facts, directory, bounds, now, form), (output: SessionOutput) => {
      if (output.type === "write") done.push(decodeLossy(output.bytes));
      else if (output.type === "log") note(output.text);
      else if (output.type !== "request") done.push(output.type);
    });
    const say = (text: string, at = now) => machine.receive(0, encodeText(text), at);
    return { machine, done, say };
  };
  /** A complete visit: request and answer. */
  const ask = (hostname: string, text: string, now = 0) => {
    const { machine, done, say } = visit(hostname, now);
    say(text);
    machine.closed(0, "finished", now);
    return done.join(" ");
  };
  return { directory, told, tables, changes, visit, ask };
}

Deno.test("a request is answered with the other entries, a removal with nothing", () => {
  const { ask, told, changes } = book();
  assertEquals(ask("10.0.0.5", "R:1.1.1.1:3001:alice"), "end");
  assertEquals(ask("10.0.0.6", "R:1.1.1.1:3002:bob"), "-R:10.0.0.5:3001 end");
  assertEquals(ask("::ffff:10.0.0.7", "R:1.1.1.1:3001:carol"), "-R:10.0.0.5:3001-R:10.0.0.6:3002 end");
  assertEquals(ask("::1", "R:::1:3001:dave"), "-R:10.0.0.5:3001-R:10.0.0.6:3002-R:10.0.0.7:3001 end");
  assertEquals(ask("10.0.0.5", "R:1.1.1.1:3001:alice"), "-R:10.0.0.6:3002-R:10.0.0.7:3001-R:::1:3001 end");
  assertEquals(ask("10.0.0.6", "K:1.1.1.1:3002:bob"), "end");
  assertEquals(ask("10.0.0.6", "K:1.1.1.1:3002:bob"), "end");
  assertEquals(ask("10.0.0.7", "K:10.0.0.5:3001:alice"), "end", "its own entry, not alice's");
  assertEquals(ask("10.0.0.5", "R:1.1.1.1:3001:ally"), "-R:::1:3001 end");
  assertEquals(told, [
    "got request from: 10.0.0.5:3001 alice",
    "got request from: 10.0.0.6:3002 bob",
    "got request from: 10.0.0.7:3001 carol",
    "got request from: [::1]:3001 dave",
    "got request from: 10.0.0.5:3001 alice",
    "receive offline from: 10.0.0.6:3002 bob",
    "receive offline from: 10.0.0.6:3002 bob (was not in the table)",
    "receive offline from: 10.0.0.7:3001 alice",
    "got request from: 10.0.0.5:3001 ally",
  ]);
  assertEquals(changes.flatMap(({ events }) => events), [
    "added: 10.0.0.5:3001 alice",
    "added: 10.0.0.6:3002 bob",
    "added: 10.0.0.7:3001 carol",
    "added: [::1]:3001 dave",
    "removed: 10.0.0.6:3002 bob",
    "removed: 10.0.0.7:3001 carol",
    "renamed: 10.0.0.5:3001 ally, before alice",
  ]);
  assertEquals(changes.at(-1)!.table, ["10.0.0.5:3001 ally", "[::1]:3001 dave"]);
});

Deno.test("a request is complete at a line break, a NUL, the end of input, or after a short silence", () => {
  const { visit, ask } = book();
  ask("10.0.0.9", "R::9:z");
  const answer = ["-R:10.0.0.9:9", "end"];
  for (const text of ["R::1:a\n", "R::1:a\r\n", "R::1:a\0", `R::1:a\0${"\0".repeat(5000)}`, "R::1:a\nmore\nand more"]) {
    const { done, say } = visit("10.0.0.9");
    say(text.replace(":1:", ":9:"));
    assertEquals(done, ["end"], JSON.stringify(text.slice(0, 20)));
  }
  const finished = visit("10.0.0.1");
  finished.say("R::1:a");
  assertEquals(finished.done, []);
  finished.machine.closed(0, "finished", 0);
  assertEquals(finished.done, answer);
  const quiet = visit("10.0.0.1");
  quiet.say("R::1:al", 0);
  assertEquals(quiet.machine.wakeAt, 50);
  quiet.say("ice", 49);
  quiet.machine.tick(98);
  assertEquals(quiet.done, []);
  quiet.machine.tick(99);
  assertEquals([quiet.done, quiet.machine.wakeAt], [answer, Infinity]);
  quiet.say("K::1:a\n", 100);
  assertEquals(quiet.done, answer, "one request a visit");
});

Deno.test("a request that came while the server was busy for longer than it may take is answered; a silent client still ends", () => {
  const { visit } = book();
  const [late, silent] = [visit("10.0.0.1"), visit("10.0.0.2")];
  for (const { machine } of [late, silent]) machine.tick(2500);
  assertEquals([late.done, silent.done], [[], []], "nothing was read for 2.5 s");
  late.say("R::3001:alice\n", 2500);
  assertEquals(late.done, ["end"]);
  for (let now = 2500; now <= 10_000; now += 500) silent.machine.tick(now);
  assertEquals(silent.done, ["end"]);
  assertEquals(silent.machine.wakeAt, Infinity);
});

Deno.test("a client that trickles, sends too much, or nothing, is closed without an answer, and nothing changes", () => {
  const { visit, told, changes } = book();
  const trickle = visit("10.0.0.1");
  for (let now = 0; now < 2000; now += 40) {
    trickle.say(now === 0 ? "R::1:" : "a", now);
    trickle.machine.tick(now);
  }
  trickle.machine.tick(2000);
  const few = visit("10.0.0.2");
  few.say("R:10.0.0.2:3001", 0);
  few.machine.tick(50);
  assertEquals([few.done, few.machine.wakeAt], [[], 2000], "its name may still come");
  few.machine.tick(2000);
  const silent = visit("10.0.0.3");
  silent.machine.tick(2000);
  const long = visit("10.0.0.4");
  long.say(`R::1:${"x".repeat(1019)}`, 0);
  assertEquals(long.done, []);
  long.say("x", 0);
  const stray = visit("10.0.0.5");
  stray.say("GET / HTTP/1.0\r\nHost: \x1b[31m\u202e\r\n", 0);
  const bad = visit("10.0.0.6");
  bad.say("R:1.2.3.4:\u202e:a\n");
  for (const { done } of [trickle, few, silent, long, stray, bad]) assertEquals(done, ["end"]);
  assertEquals(changes, []);
  assertEquals(told.map((text) => text.replace(/^closed without an answer: expected /, "")), [
    `a whole request within 2000 ms, found "R::1:${"a".repeat(49)}"`,
    'a whole request within 2000 ms, found "R:10.0.0.2:3001"',
    'a whole request within 2000 ms, found ""',
    "a request of at most 1024 bytes, found more",
    'TYPE:IP:UDPPORT:USERID with R or K for TYPE, found "GET / HTTP/1.0"',
    'TYPE:IP:UDPPORT:USERID with 1 to 65535 for UDPPORT, found "R:1.2.3.4:\ufffd:a"',
  ]);
});

Deno.test("a request split anywhere gets the same answer; any input ends the visit once, with little memory", () => {
  const request = "R:10.0.0.1:3001:al:ice ü";
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 30 })), (cuts) => {
    const { visit, ask } = book();
    ask("10.0.0.2", "R::2:b");
    const { machine, done } = visit("10.0.0.1");
    const bytes = encodeText(request);
    let at = 0;
    for (const cut of [...cuts, bytes.length]) machine.receive(0, bytes.subarray(at, at += cut), 0);
    machine.tick(50);
    assertEquals(done, ["-R:10.0.0.2:2", "end"]);
  }));
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 600 }),
    fc.constantFrom("R:", "1.2.3.4:", "80:", "a", "\n").map(encodeText),
  );
  fc.assert(fc.property(fc.array(fc.tuple(piece, fc.integer({ min: 0, max: 700 }))), (pieces) => {
    const { visit } = book();
    const { machine, done } = visit("10.0.0.1");
    let now = 0;
    for (const [bytes, ms] of pieces) {
      machine.receive(0, bytes, now);
      machine.tick(now += ms);
    }
    machine.closed(0, "broken", now);
    machine.tick(now + 10_000);
    assertEquals(done.filter((what) => what === "end"), ["end"]);
    assertEquals(machine.wakeAt, Infinity);
  }));
});

Deno.test("a stopping server ends a visit in progress", () => {
  const { visit } = book();
  const { machine, done } = visit("10.0.0.1");
  machine.event({ type: "closing" }, 0);
  assertEquals([done, machine.wakeAt], [["end"], Infinity]);
});

Deno.test("an entry not renewed for 90 s is dropped, which is logged", () => {
  const { directory, ask, told, tables, changes } = book();
  ask("10.0.0.5", "R::3001:alice", 0);
  ask("10.0.0.6", "R::3002:bob", 10);
  ask("10.0.0.5", "R::3001:alice", 30_000);
  directory.tick(90_009);
  assertEquals(directory.size, 2);
  directory.tick(90_010);
  assertEquals([directory.size, told.at(-1)], [1, "expired: 10.0.0.6:3002 bob"]);
  assertEquals(tables, [
    "the client address table has 1 entry: 10.0.0.5:3001 alice",
    "the client address table has 2 entries: 10.0.0.5:3001 alice, 10.0.0.6:3002 bob",
    "the client address table has 1 entry: 10.0.0.5:3001 alice",
  ]);
  assertEquals(ask("10.0.0.7", "R::1:c", 120_000), "end", "gone on time, also before the next tick");
  assertEquals(changes.at(-2)!.events, ["expired: 10.0.0.5:3001 alice"]);
});

Deno.test("a full table answers new clients without entering them and renews existing entries", () => {
  const { ask, told, changes } = book({ bookEntries: 3, bookEntriesPerAddress: 2 });
  ask("10.0.0.1", "R::1:a");
  ask("10.0.0.1", "R::2:b");
  assertEquals(ask("10.0.0.1", "R::3:c"), "-R:10.0.0.1:1-R:10.0.0.1:2 end");
  assertEquals(told.at(-1), "10.0.0.1:3 c is not entered: the table has 2 entries of its address, the most allowed");
  ask("127.0.0.1", "R::1:d");
  assertEquals(ask("10.0.0.2", "R::1:e"), "-R:10.0.0.1:1-R:10.0.0.1:2-R:127.0.0.1:1 end");
  assertEquals(told.at(-1), "10.0.0.2:1 e is not entered: the table has 3 entries, the most allowed");
  assertEquals(ask("10.0.0.1", "R::2:b"), "-R:10.0.0.1:1-R:127.0.0.1:1 end");
  assertEquals(changes.length, 3);
});

Deno.test("a flood from one address is closed without answers and logged at intervals; others, and this machine, are answered", () => {
  const { ask, told, directory } = book({ bookBurst: 3, bookRequestsPerSecond: 1 });
  for (let i = 0; i < 3; i++) assertEquals(ask("10.0.0.9", "R::1:a"), "end");
  told.length = 0;
  for (let i = 0; i < 1000; i++) assertEquals(ask("10.0.0.9", "garbage"), "end");
  const rule = "more than 3 at once and 1 a second";
  assertEquals(told, [`a request from 10.0.0.9 closed without an answer: ${rule}`]);
  for (let i = 0; i < 100; i++) assertEquals(ask("127.0.0.1", "R::2:b"), "-R:10.0.0.9:1 end");
  assertEquals(ask("10.0.0.8", "R::3:c"), "-R:10.0.0.9:1-R:127.0.0.1:2 end");
  assertEquals(ask("10.0.0.9", "R::1:a", 1000), "-R:127.0.0.1:2-R:10.0.0.8:3 end");
  told.length = 0;
  directory.tick(11_000);
  assertEquals(told, [`999 requests from 10.0.0.9 closed without an answer: ${rule}`]);
});

Deno.test("quiet addresses are forgotten, and at most 10,000 are remembered", () => {
  const askers = new RequestLimiter(limits(), new Outputs());
  for (let i = 0; i < 20_000; i++) askers.admits(`10.1.${i >> 8}.${i & 255}`, i);
  assertEquals(askers.size, 10_000);
  askers.tick(19_999 + 9_999);
  assertEquals(askers.size, 1);
  askers.tick(19_999 + 10_000);
  assertEquals(askers.size, 0);
});

// The log file.

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

Deno.test("a full log is rotated, and at most two files exist", () => {
  using folder = new Folder();
  const log = new DirectoryLog(folder.path, () => assert(false), 1000);
  for (let i = 0; i < 100; i++) log.write({ time: i, events: [`event ${i}`], table: [] });
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
  for (let i = 0; i < 3; i++) log.write({ time: i, events: ["x"], table: [] });
  assertEquals(failures.length, 1);
  assertStringIncludes(failures[0]!, "address-book.log could not be written: ");
});

// Listings.

const five = { hostname: "10.0.0.5", port: 3001 };
const six = { hostname: "10.0.0.6", port: 3002 };

Deno.test("answers of all known servers, split anywhere, are decoded, and known to be complete when nothing more can come", () => {
  const cases: [text: string, addresses: unknown[], sure: boolean][] = [
    ["", [], false],
    ["-R:10.0.0.5:3001", [five], false],
    ["-R:10.0.0.5:3001-R:10.0.0.6:3002", [five, six], false],
    ["Null-", [], true],
    ["null-", [], true],
    ["Null", [], false],
    ["Null\n", [], true],
    ["0", [], false],
    ["0-", [], true],
    ["0\nNull-", [], true],
    ["1-R:10.0.0.5:3001", [five], false],
    ["1-R:10.0.0.5:3001\n", [five], true],
    // A name may follow.
    ["1-R:10.0.0.5:65535", [{ ...five, port: 65535 }], false],
    ["1-R:10.0.0.5:3001:bob", [{ ...five, name: "bob" }], false],
    ["1-R:10.0.0.5:3001:bob\n", [{ ...five, name: "bob" }], true],
    ["-R:10.0.0.5:3001:bob-R:10.0.0.6:3002:carol", [{ ...five, name: "bob" }, { ...six, name: "carol" }], false],
    ["2-R:10.0.0.5:3001:42-R:10.0.0.6:3002:\0", [{ ...five, name: "42" }, six], true],
    [
      "2-R:10.0.0.5:3001:Anna-Léna da Silva-R:10.0.0.6:3002:a:b",
      [{ ...five, name: "Anna-Léna da Silva" }, { ...six, name: "a:b" }],
      false,
    ],
    ["1-R:::1:3001:bob", [{ hostname: "::1", port: 3001, name: "bob" }], false],
    [
      `-R:10.0.0.5:3001:${"x".repeat(500)}-R:10.0.0.6:3002`,
      [{ ...five, name: "x".repeat(128 - "-R:10.0.0.5:3001:".length) }, six],
      false,
    ],
    ["2-R:10.0.0.5:3001-R:10.0.0.6:3002", [five, six], false],
    ["2-R:10.0.0.5:3001-R:10.0.0.6:3002\0\0", [five, six], true],
    ["2\n-R:10.0.0.5:3001\r\n-R:10.0.0.6:3002\n", [five, six], true],
    [" 2 R:10.0.0.5:3001 R:10.0.0.6:3002 ", [five, six], true],
    ["1-R:10.0.0.5:3001-R:10.0.0.6:3002", [five], true],
    ["3-R:10.0.0.5:3001", [five], false],
    ["-R:::1:3001-R:fe80::9:65000", [{ hostname: "::1", port: 3001 }, { hostname: "fe80::9", port: 65000 }], false],
    ["1-R:::1:9999", [{ hostname: "::1", port: 9999 }], false],
    ["1-R:::1:9999:3001", [{ hostname: "::1:9999", port: 3001 }], false],
    ["1-R:::1:30010", [{ hostname: "::1", port: 30010 }], false],
    ["-R:::ffff:10.0.0.5:3001", [five], false],
    ["-R:localhost:3001-R:10.0.0.300:1-R::3001-R:10.0.0.5:0-R:10.0.0.5:3001", [five], false],
  ];
  for (const [text, addresses, sure] of cases) {
    for (const size of [1, 2, 3, 1000]) {
      const decoder = new ListingDecoder();
      const bytes = encodeText(text);
      for (let at = 0; at < bytes.length; at += size) decoder.push(bytes.subarray(at, at + size));
      assertEquals(decoder.answer !== undefined, sure, `${JSON.stringify(text)} by ${size}`);
      assertEquals(decoder.finish(), addresses as never, `${JSON.stringify(text)} by ${size}`);
    }
  }
});

Deno.test("an invalid or truncated answer is a fault that states the rule", () => {
  const cases = [
    "HTTP/1.1 400 Bad Request",
    "-",
    "-R",
    "-R:",
    "-R:10.0.0.5",
    "-R:10.0.0.5:",
    "-R:a:b",
    "2-R:10",
    "--",
    "Nu",
    "-R:10.0.0.5:3001:bob-R:10.0.0.6",
    "-R:10.0.0.5:3001:bob-",
    "-R:10.0.0.5:3001 carol",
  ];
  for (const text of cases) {
    const decoder = new ListingDecoder();
    decoder.push(encodeText(text));
    const fault = decoder.finish();
    assert(fault instanceof Fault && fault.message.startsWith("expected -R:IP:PORT, a count, or Null-, found "), text);
  }
});

Deno.test("any bytes in any pieces decode alike; an endless answer is a fault, and so is one with too many entries", () => {
  const piece = fc.oneof(
    fc.constantFrom("-R:10.0.0.5:3001", ":bob", " ", "2", "0", "Null-", "-R:::1:", "65535", "\n", "-", "R:").map(
      encodeText,
    ),
    fc.uint8Array({ maxLength: 5 }),
  );
  fc.assert(fc.property(fc.array(piece), (pieces) => {
    const glued = new ListingDecoder();
    const cut = new ListingDecoder();
    const all = Uint8Array.from(pieces.flatMap((bytes) => [...bytes]));
    glued.push(all);
    for (const byte of all) cut.push(Uint8Array.of(byte));
    assertEquals([cut.answer, cut.whole, cut.begun], [glued.answer, glued.whole, glued.begun]);
    const whole = glued.whole;
    const answer = glued.finish();
    assertEquals(cut.finish(), answer);
    if (whole && glued.begun && glued.answer === undefined) assert(!(answer instanceof Fault));
  }));
  const most = Array.from({ length: 10_001 }, (_, i) => ({ hostname: "10.0.0.5", port: i + 1 }));
  const fits = new ListingDecoder();
  fits.push(encodeListing(most.slice(1), "text"));
  assertEquals(fits.finish(), most.slice(1));
  for (
    const bytes of [
      encodeListing(most, "text"),
      new Uint8Array(1024 * 1024 + 1).fill(0x20),
      new Uint8Array(200).fill(0x61),
    ]
  ) {
    const decoder = new ListingDecoder();
    decoder.push(bytes);
    const answer = decoder.finish();
    assert(answer instanceof Fault && answer.kind === "too long");
  }
});

Deno.test("the forms of the reply: without a count, with one, with names; what separates fields becomes _ in a name", () => {
  const [alice, bob] = [{ ...five, user: "al-i:ce b\n" }, { ...six, user: "bob" }];
  const encoded = (entries: (typeof bob)[]) => REPLY_FORMS.map((form) => decodeLossy(encodeListing(entries, form)));
  assertEquals(encoded([]), ["", "Null-", "Null-"]);
  assertEquals(encoded([bob]), ["-R:10.0.0.6:3002", "1-R:10.0.0.6:3002", "1-R:10.0.0.6:3002:bob"]);
  assertEquals(encoded([alice, bob]), [
    "-R:10.0.0.5:3001-R:10.0.0.6:3002",
    "2-R:10.0.0.5:3001-R:10.0.0.6:3002",
    "2-R:10.0.0.5:3001:al_i_ce_b␊-R:10.0.0.6:3002:bob",
  ]);
  // The course's clients: int(reply.split('-')[0]), then the parts, each split at the colons.
  fc.assert(fc.property(fc.array(fc.string({ unit: "binary", minLength: 1 })), (names) => {
    const entries = names.map((user, i) => ({ hostname: "10.0.0.5", port: i + 1, user }));
    const [count, ...parts] = decodeLossy(encodeListing(entries, "names")).split("-");
    if (names.length === 0) return assertEquals([count, parts], ["Null", [""]]);
    assertEquals([Number(count), parts.length], [names.length, names.length]);
    for (const part of parts) assertEquals(part.split(":").length, 4);
  }));
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

// Over real sockets.

/** A server with nothing but an address book, on a free port of this machine. */
class AddressBookServer {
  private constructor(readonly instance: Server, readonly folder: Folder, readonly traced: string[]) {}

  static async open(given: Partial<Limits> = {}, host = "127.0.0.1"): Promise<AddressBookServer> {
    const folder = new Folder();
    const traced: string[] = [];
    const listeners = { "address-book": 0 };
    const plan = { host, listeners, data: folder.path, trace: true, limits: limits(given) };
    const instance = await openServer(plan, new Accounts(new Map()), (line) => traced.push(line));
    return new AddressBookServer(instance, folder, traced);
  }

  get port(): number {
    return this.instance.listeners[0]!.port;
  }

  get log(): string {
    return this.folder.read("address-book.log");
  }

  /** One send, then reads until the connection closes, as the handout says. */
  async visit(text: string, hostname = "127.0.0.1"): Promise<string> {
    using wire = await Wire.connect(this.port, hostname);
    await wire.send(text);
    return await wire.rest();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.instance.stop();
    this.folder[Symbol.dispose]();
  }
}

Deno.test("a handout client sends once and reads until the close; the table is logged, and the hub is not involved", async () => {
  await using server = await AddressBookServer.open();
  assertEquals(await server.visit("R:10.9.9.9:3001:alice"), "");
  assertEquals(await server.visit("R:10.9.9.9:3002:bob"), "-R:127.0.0.1:3001");
  assertEquals(await server.visit("R:10.9.9.9:3003:carol"), "-R:127.0.0.1:3001-R:127.0.0.1:3002");
  assertEquals(await server.visit("R:10.9.9.9:3001:alice\r\n"), "-R:127.0.0.1:3002-R:127.0.0.1:3003");
  assertEquals(await server.visit("K:10.9.9.9:3002:bob"), "");
  assertEquals(await server.visit("R:10.9.9.9:3001:alice"), "-R:127.0.0.1:3003");
  assertEquals(
    server.log.replace(/^\S+Z /gm, ""),
    [
      "added: 127.0.0.1:3001 alice",
      "the table has 1 entry",
      "    127.0.0.1:3001 alice",
      "added: 127.0.0.1:3002 bob",
      "the table has 2 entries",
      "    127.0.0.1:3001 alice",
      "    127.0.0.1:3002 bob",
      "added: 127.0.0.1:3003 carol",
      "the table has 3 entries",
      "    127.0.0.1:3001 alice",
      "    127.0.0.1:3002 bob",
      "    127.0.0.1:3003 carol",
      "removed: 127.0.0.1:3002 bob",
      "the table has 2 entries",
      "    127.0.0.1:3001 alice",
      "    127.0.0.1:3003 carol",
      "",
    ].join("\n"),
  );
  assertMatch(server.traced.join(""), /127\.0\.0\.1:\d+ tcp> R:10\.9\.9\.9:3002:bob\n.* tcp< -R:127\.0\.0\.1:3001\n/);
  using open = await Wire.connect(server.port);
  await open.send("R:");
  await until(() => server.instance.runner.size === 1, "a visit is under way");
  assertEquals(server.instance.hub.size.sessions, 0);
});

Deno.test("too few fields, garbage, a trickle and silence are each closed, and the next client is answered", async () => {
  await using server = await AddressBookServer.open({ bookRequestMs: 1500 });
  await server.visit("R:10.9.9.9:3001:alice");
  assertEquals(await server.visit("R:10.9.9.9:3002"), "");
  assertEquals(await server.visit("R:10.9.9.9:3002\n"), "");
  assertEquals(await server.visit("K:10.9.9.9:3001"), "");
  assertEquals(await server.visit("GET / HTTP/1.1\r\nHost: table\r\n\r\n"), "");
  assertEquals(await server.visit("x".repeat(100_000)).catch(() => ""), "");
  assertEquals(await server.visit(""), "");
  using trickle = await Wire.connect(server.port);
  const trickling = setInterval(() => trickle.send("R").catch(() => {}), 20);
  assertEquals(await trickle.rest(), "");
  clearInterval(trickling);
  using reset = await Wire.connect(server.port);
  await reset.send("R:1");
  reset.close();
  using finished = await Wire.connect(server.port);
  await finished.send("R:10.9.9.9:3002:bob");
  await finished.finish();
  assertEquals(await finished.rest(), "-R:127.0.0.1:3001");
  assertEquals(server.log.match(/(added|removed|expired|renamed).*/g), [
    "added: 127.0.0.1:3001 alice",
    "added: 127.0.0.1:3002 bob",
  ]);
});

Deno.test("a name that arrives in two pieces is joined", async () => {
  await using server = await AddressBookServer.open({ bookQuietMs: 60_000, bookRequestMs: 60_000 });
  using wire = await Wire.connect(server.port);
  await wire.send("R:10.9.9.9:3001:al");
  await until(() => server.instance.runner.size === 1, "the visit is under way");
  await wire.send("ice");
  await wire.finish();
  await wire.rest();
  assertMatch(server.log, /added: 127\.0\.0\.1:3001 alice\n/);
});

Deno.test("500 clients at once are all answered, and the last learns of the 499 others", async () => {
  await using server = await AddressBookServer.open();
  const visits = Array.from({ length: 500 }, (_, i) => server.visit(`R:10.9.9.9:${i + 1}:u${i}`));
  await Promise.all(visits);
  assertEquals((await server.visit("R:10.9.9.9:1:u0")).split("-R:").length, 500);
  await until(() => server.instance.runner.size === 0, "every visit is over");
});

Deno.test("a client that vanishes silently leaves the table", async () => {
  await using server = await AddressBookServer.open({ bookExpiryMs: 500 });
  await server.visit("R:10.9.9.9:3001:alice");
  await until(
    () => /expired: 127\.0\.0\.1:3001 alice\n\S+ the table has 0 entries\n$/.test(server.log),
    "she is expired",
  );
  assertEquals(await server.visit("R:10.9.9.9:3002:bob"), "");
});

Deno.test("a stopping server closes a visit in progress at once", async () => {
  const server = await AddressBookServer.open({ bookRequestMs: 60_000 });
  using wire = await Wire.connect(server.port);
  await wire.send("R:");
  await until(() => server.instance.runner.size === 1, "the visit is under way");
  const stopped = server[Symbol.asyncDispose]();
  assertEquals(await wire.rest(), "");
  wire.close();
  await stopped;
});

/** An address of this machine that is not exempt from the limits. */
const outside = Deno.networkInterfaces().find(({ family, address }) =>
  family === "IPv4" && !address.startsWith("127.")
);

Deno.test({
  name: `a flood from another address is closed without answers, and does not keep others out${
    outside ? "" : " (skipped: this machine has no address but loopback)"
  }`,
  ignore: !outside,
  async fn() {
    await using server = await AddressBookServer.open({ bookBurst: 5, bookRequestsPerSecond: 1 }, "0.0.0.0");
    await server.visit("R:10.9.9.9:3001:alice");
    const answers: string[] = [];
    for (let i = 0; i < 50; i++) answers.push(await server.visit("R:10.9.9.9:3002:bob", outside!.address));
    const answered = answers.filter((answer) => answer !== "");
    assert(answered.length >= 5 && answered.length < 50, `${answered.length} were answered`);
    assertEquals(new Set(answered), new Set(["-R:127.0.0.1:3001"]));
    assertEquals(await server.visit("R:10.9.9.9:3001:alice"), `-R:${outside!.address}:3002`);
  },
});

// A student's client in Python, from an address of its choice: Deno cannot say from which address it connects.
const STUDENT = `
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10, (sys.argv[2], 0))
s.send(sys.argv[3].encode())
answer = b""
while True:
    piece = s.recv(10)
    if not piece: break
    answer += piece
print(answer.decode(), end="")
`;
const python = Deno.build.os === "linux" && await hasPython();

Deno.test({
  name: `two hosts with the same port are two entries${python ? "" : " (skipped: it takes Linux and python3)"}`,
  ignore: !python && !Deno.env.has("PARTYLINE_REQUIRE_ALL"),
  async fn() {
    await using server = await AddressBookServer.open();
    const student = async (from: string, request: string) => {
      const args = ["-c", STUDENT, String(server.port), from, request];
      const { stdout, stderr } = await new Deno.Command("python3", { args }).output();
      return decodeLossy(stdout) + decodeLossy(stderr);
    };
    assertEquals(await student("127.0.0.1", "R:10.9.9.9:3001:alice"), "");
    assertEquals(await student("127.0.0.2", "R:10.9.9.9:3001:bob"), "-R:127.0.0.1:3001");
    assertEquals(await student("127.0.0.1", "R:10.9.9.9:3001:alice"), "-R:127.0.0.2:3001");
    assertEquals(await student("127.0.0.2", "K:127.0.0.1:3001:alice"), "");
    assertEquals(await student("127.0.0.1", "R:10.9.9.9:3001:alice"), "");
  },
});

// Our client against other servers.

/** A foreign table server, given by its reaction to a request. */
function wild(answer: (conn: Deno.TcpConn, request: string) => Promise<void> | void) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const conns: Deno.TcpConn[] = [];
  const requests: string[] = [];
  const served = (async () => {
    for await (const conn of listener) {
      conns.push(conn);
      const buffer = new Uint8Array(1024);
      const count = await conn.read(buffer).catch(() => null);
      requests.push(decodeLossy(buffer.subarray(0, count ?? 0)));
      await Promise.resolve(answer(conn, requests.at(-1)!)).catch(() => {});
    }
  })();
  const where = { hostname: "127.0.0.1", port: listener.addr.port };
  return {
    requests,
    where,
    ask: (request: Partial<DirectoryRequest> = {}, withinMs = 5000, quietMs = 50) =>
      askDirectory(where, { type: "R", port: 3001, user: "alice", ...request }, { quietMs, withinMs }),
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const conn of conns) quietly(() => conn.close());
      await served;
    },
  };
}

function quietly(act: () => void): void {
  try {
    act();
  } catch { /* it is closed already */ }
}

const say = async (conn: Deno.TcpConn, text: string) => void await conn.write(encodeText(text));

Deno.test("our client and our server: the other entries arrive, and ours carries our address", async () => {
  await using server = await AddressBookServer.open();
  const where = { hostname: "127.0.0.1", port: server.port };
  const wires: string[] = [];
  const trace = (direction: string, bytes: Uint8Array) => wires.push(`${direction} ${decodeLossy(bytes)}`);
  const alone = await askDirectory(where, { type: "R", port: 3001, user: "alice" }, { trace });
  assertEquals(alone, { addresses: [], local: "127.0.0.1" });
  const bob = await askDirectory(where, { type: "R", port: 3002, user: "bob" }, { trace });
  assertEquals(bob.addresses, [{ hostname: "127.0.0.1", port: 3001 }]);
  await askDirectory(where, { type: "K", port: 3001, user: "alice" }, { trace });
  assertEquals((await askDirectory(where, { type: "R", port: 3002, user: "bob" })).addresses, []);
  assertEquals(wires, [
    "up R:127.0.0.1:3001:alice",
    "up R:127.0.0.1:3002:bob",
    "down -R:127.0.0.1:3001",
    "up K:127.0.0.1:3001:alice",
  ]);
});

Deno.test("other servers: with a count, with Null-, closing or not, in one piece or slowly in many", async () => {
  const cases: [name: string, answer: (conn: Deno.TcpConn) => Promise<void> | void, addresses: unknown[]][] = [
    ["plain, closes", async (conn) => (await say(conn, "-R:10.0.0.5:3001-R:10.0.0.6:3002"), conn.close()), [five, six]],
    ["nothing, closes", (conn) => conn.close(), []],
    ["Null-, never closes", (conn) => say(conn, "Null-"), []],
    ["a count, never closes", (conn) => say(conn, "2-R:10.0.0.5:3001-R:10.0.0.6:3002"), [five, six]],
    ["a count that says all, never closes", (conn) => say(conn, "1-R:10.0.0.5:60001"), [{ ...five, port: 60001 }]],
    ["plain, never closes", (conn) => say(conn, "-R:10.0.0.5:3001"), [five]],
    ["0, never closes", (conn) => say(conn, "0"), []],
    ["finishes, and still reads", async (conn) => (await say(conn, "-R:10.0.0.5:3001"), await conn.closeWrite()), [
      five,
    ]],
    ["counts and names, ourselves among them, closes", async (conn) => {
      await say(conn, "2-R:10.0.0.5:3001:bob-R:10.0.0.6:3002:al_ice");
      conn.close();
    }, [{ ...five, name: "bob" }, { ...six, name: "al_ice" }]],
    ["in pieces", async (conn) => {
      for (const piece of ["2", "-R:10.0.0.5:30", "01-", "R:10.0.0.6:3002"]) {
        await say(conn, piece);
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
    }, [five, six]],
  ];
  for (const [name, answer, addresses] of cases) {
    await using server = wild(answer);
    assertEquals(await server.ask(), { addresses, local: "127.0.0.1" } as never, name);
    assertEquals(server.requests, ["R:127.0.0.1:3001:alice"], name);
  }
});

Deno.test("a server that is not a table, is silent, disconnects or is absent is reported with a reason", async () => {
  const where = /^the table server at 127\.0\.0\.1:\d+/;
  const cases: [answer: (conn: Deno.TcpConn) => Promise<void> | void, why: string][] = [
    [
      (conn) => say(conn, "220 \x1b[31mwelcome\r\n"),
      ': expected -R:IP:PORT, a count, or Null-, found "\\u001b[31mwelcome"',
    ],
    [
      async (conn) => (await say(conn, "-R:10.0.0"), conn.close()),
      ': expected -R:IP:PORT, a count, or Null-, found "-R:10.0.0"',
    ],
    [() => {}, ": it says nothing, and does not close either"],
    [(conn) => say(conn, "-R:10.0"), ': expected -R:IP:PORT, a count, or Null-, found "-R:10.0"'],
  ];
  for (const [answer, why] of cases) {
    await using server = wild(answer);
    const error = await assertRejects(() => server.ask({}, 1000), Error) as Error;
    assertMatch(error.message, where);
    assertEquals(error.message.replace(where, ""), why);
  }
  const gone = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = gone.addr;
  gone.close();
  const request = { type: "R", port: 1, user: "a" } as const;
  const error = await assertRejects(() => askDirectory({ hostname: "127.0.0.1", port }, request), Error) as Error;
  assertEquals(error.message, `the table server at 127.0.0.1:${port} cannot be reached: nothing listens there`);
});

Deno.test("a server that counts wrongly or trickles for ever: complete entries are taken at the timeout", async () => {
  await using counts = wild((conn) => say(conn, "5-R:10.0.0.5:3001"));
  assertEquals((await counts.ask({}, 1500)).addresses, [five]);
  await using trickles = wild(async (conn) => {
    for (;;) {
      await say(conn, "-R:10.0.0.5:3001 ");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
  const { addresses } = await trickles.ask({}, 1500, 60_000);
  assert(addresses.length > 1);
});

Deno.test("K does not wait for a server that never closes", async () => {
  await using server = wild(() => {});
  const withinMs = 60_000;
  const began = performance.now();
  assertEquals((await server.ask({ type: "K" }, withinMs)).addresses, []);
  assert(performance.now() - began < withinMs / 2);
  assertEquals(server.requests, ["K:127.0.0.1:3001:alice"]);
});

// The program.

Deno.test("the server's address book: its listener is listed, its events are logged, its log is in --data", async () => {
  if (Deno.build.os === "windows") return;
  using folder = new Folder();
  const file = folder.write("users.txt", USERS);
  const options = ["0", file, "--mailbox", "0", "--address-book", "0", "--host", "127.0.0.1", "--data", "kept"];
  await using server = new Running(SOURCES, "server", [...options, "--book-expiry-ms", "1000"], folder.path);
  const listening =
    /^im listening on 127\.0\.0\.1:\d+\naddress-book listening on 127\.0\.0\.1:(\d+)\nmailbox listening on 127\.0\.0\.1:\d+\n$/;
  const [, port] = await server.printed(listening);
  for (const request of ["K:127.0.0.1:3002:bob", "R:127.0.0.1:3001:alice"]) {
    using wire = await Wire.connect(Number(port));
    await wire.send(request);
    assertEquals(await wire.rest(), "");
  }
  await until(() => server.err.includes("expired"), "she is expired");
  server.process.kill("SIGTERM");
  assertEquals(await server.over(), 0);
  const lines = server.err.split("\n").map((line) =>
    line.replace(/^\S+ info +/, "").replace(/^127\.0\.0\.1:\d+: /, "")
  );
  assertEquals(lines, [
    "address-book: Waiting for clients connection",
    "receive offline from: 127.0.0.1:3002 bob (was not in the table)",
    "got request from: 127.0.0.1:3001 alice",
    "the client address table has 1 entry: 127.0.0.1:3001 alice",
    "address-book: expired: 127.0.0.1:3001 alice",
    "address-book: the client address table is empty",
    "SIGTERM: telling 0 sessions, then stopping",
    "",
  ]);
  assertMatch(
    folder.read("kept/address-book.log"),
    /^\S+Z added: 127\.0\.0\.1:3001 alice\n\S+Z the table has 1 entry\n {4}127/,
  );
});

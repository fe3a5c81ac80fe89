import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { limits } from "../lib/core/limits.ts";
import { Outputs } from "../lib/core/machine.ts";
import { encodeText } from "../lib/core/text.ts";
import { RequestLimiter } from "../lib/protocols/directory/directory.ts";
import { book } from "./support/address_book.ts";

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
  assertEquals(changes.at(-1)!.table(), ["10.0.0.5:3001 ally", "[::1]:3001 dave"]);
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

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Address } from "../lib/core/address.ts";
import { Fault } from "../lib/core/errors.ts";
import { decodeLossy, encodeText } from "../lib/core/text.ts";
import { decodeDialect, type Dialect, encodeChat, encodeName, encodeProbe } from "../lib/peers/dialects.ts";
import { peerOptions } from "../lib/peers/options.ts";
import { decodePeerPacket } from "../lib/peers/packet.ts";
import { PeerNetwork } from "./support/peer_network.ts";
import type { PeerNode } from "./support/peer_node.ts";

const BOB = { hostname: "10.0.0.5", port: 3001, name: "bob" };

Deno.test("what other programs send is decoded, with and without its line break", () => {
  const from = { hostname: "10.0.0.6", port: 3002 };
  const cases: [text: string, message: unknown][] = [
    ["IDReq\\: 7\\: 10.0.0.6\\: 3002", { kind: "ask", dialect: "A", tag: "7", from }],
    ["ID\\: ann\\: 7", { kind: "name", dialect: "A", name: "ann", tag: 7 }],
    ["hi there\n\\: 10.0.0.6\\: 3002\\: ann", { kind: "chat", dialect: "A", text: "hi there", from, name: "ann" }],
    ["hi\\: 10.0.0.6\\: 3002\\: ann\0", { kind: "chat", dialect: "A", text: "hi", from, name: "ann" }],
    ["a\\: b\n\\: 10.0.0.6\\: 3002\\: ann", { kind: "chat", dialect: "A", text: "a\\: b", from, name: "ann" }],
    ["3002!X_GET_NAME|3002", { kind: "ask", dialect: "B", port: 3002 }],
    ["3002!X_NAME|ann|3002", { kind: "name", dialect: "B", name: "ann", port: 3002 }],
    ["3002!hi! 1+1\n", { kind: "chat", dialect: "B", text: "hi! 1+1", port: 3002 }],
    ["hi\n+ann", { kind: "chat", dialect: "C", text: "hi", name: "ann" }],
    ["hi+ann", { kind: "chat", dialect: "C", text: "hi", name: "ann" }],
    ["Pardon\n+ann", { kind: "chat", dialect: "C", text: "Pardon", name: "ann" }],
    [decodeLossy(encodeProbe(7, from)), { kind: "probe", tag: 7 }],
  ];
  for (const [text, message] of cases) {
    assert(decodePeerPacket(encodeText(text)) instanceof Fault);
    assertEquals(decodeDialect(encodeText(text)), message as never, text);
  }
  for (const text of ["", "hi", "IDReq\\: 7", "99999!hi", "0!hi", "IDReq\\: 7\\: 10.0.0.300\\: 1", "x".repeat(5000)]) {
    assert(decodeDialect(encodeText(text)) instanceof Fault, text);
  }
});

Deno.test("what we send is what the programs parse, whatever the text: a datagram for each line", () => {
  assertEquals(decodeLossy(encodeProbe(7, BOB)), "IDReq\\: 7\\: 10.0.0.5\\: 3001\\: 3001!X_GET_NAME|3001|+");
  const from = { hostname: "10.0.0.6", port: 3002 };
  assertEquals(decodeLossy(encodeName({ kind: "ask", dialect: "A", tag: "4", from }, BOB)), "ID\\: bob\\: 4");
  assertEquals(decodeLossy(encodeName({ kind: "ask", dialect: "B", port: 3002 }, BOB)), "3001!X_NAME|bob|3001");
  // One that is taken out must not leave another.
  assertEquals(decodeLossy(encodeChat("A", "a\\:  b", BOB)[0]!), "a\\:b\n\\: 10.0.0.5\\: 3001\\: bob");
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.constantFrom("", "\\: ", "+", "\n", "!"), (one, two) => {
    const text = `${one}${two}${one}`;
    const chat = (dialect: Dialect) => decodeLossy(encodeChat(dialect, text, BOB)[0]!);
    const [said, ...fields] = chat("A").split("\\: ");
    assertEquals(fields, ["10.0.0.5", "3001", "bob"]);
    assert(chat("B").startsWith("3001!") && chat("B").indexOf("\n") === chat("B").length - 1);
    assertEquals([chat("C").split("+").length, chat("C").split("+")[1]], [2, "bob"]);
    assertEquals(said!.indexOf("\n"), said!.length - 1);
    for (const dialect of ["A", "B", "C"] as const) {
      for (const datagram of encodeChat(dialect, `x${text}`, BOB)) {
        const decoded = decodeDialect(datagram);
        assert(!(decoded instanceof Fault) && decoded.kind === "chat");
      }
    }
  }));
});

/** A node that a directory has told of itself and others, and programs that note what they receive. */
async function lab(...entries: (Address & { name?: string })[]) {
  const world = new PeerNetwork(1);
  const bob = await world.person("bob", 3001);
  const got: string[] = [];
  const program = (place: Address) =>
    world.udp.bind(place, (_from, datagram) => void got.push(`${place.port} ${decodeLossy(datagram)}`));
  for (const entry of entries) program(entry);
  const listed = (...entries: (Address & { name?: string })[]) =>
    bob.do((now) => bob.peer.listed(entries, bob.place, now));
  const say = (from: Address, text: string) => world.udp.send(from, bob.place, encodeText(text));
  const take = () => got.splice(0).map((line) => line.replace(/\d{1,9}(?=\\: 10\.0\.0\.1\\: 3001\\: 3001!)/, "N"));
  const shown = () =>
    bob.shown.splice(0).flatMap((event) => {
      if (event.type === "message") return [`${event.message.from}: ${event.message.text}`];
      if (event.type === "online" || event.type === "offline") return [`${event.type} ${event.name}`];
      return event.type === "unconfirmed" ? [`unconfirmed ${event.to} ${event.id}`] : [];
    });
  return { world, bob, got, listed, say, take, shown };
}

const ANN = { hostname: "10.0.0.6", port: 3002 };
const PROBE = "IDReq\\: N\\: 10.0.0.1\\: 3001\\: 3001!X_GET_NAME|3001|+";

Deno.test("an address of the table is sent one text, rarely again, and nothing of our own protocol", async () => {
  const { world, listed, take, bob } = await lab(ANN);
  listed(ANN);
  await world.pass(9000);
  assertEquals(take(), [`3002 ${PROBE}`]);
  for (let seconds = 0; seconds < 3600; seconds += 30) {
    listed(ANN);
    await world.pass(30_000);
  }
  const texts = take();
  assert(texts.length >= 3 && texts.length <= 5 && texts.every((text) => text === `3002 ${PROBE}`), texts.join("\n"));
  // Of an address that left the table and is there again, it may be another program.
  listed();
  listed(ANN);
  await world.pass(1000);
  assertEquals(take(), [`3002 ${PROBE}`]);
  bob.leave();
  await world.pass(60_000);
  assertEquals(take(), []);
});

Deno.test("an answer counts only from the address that it names, and with our number", async () => {
  const { world, bob, listed, say, got, shown } = await lab(ANN);
  listed(ANN);
  await world.pass(100);
  const [, tag] = /IDReq\\: (\d+)\\/.exec(got[0]!)!;
  const other = { hostname: "10.0.0.7", port: 3002 };
  say(other, `ID\\: eve\\: ${tag}`);
  say(ANN, `ID\\: eve\\: ${Number(tag) ^ 1}`);
  say(other, "3002!X_NAME|eve|3002");
  say(other, "hi\n\\: 10.0.0.6\\: 3002\\: eve");
  say(other, "hi\n+eve");
  say(other, "IDReq\\: 1\\: 10.0.0.6\\: 3002");
  await world.pass(100);
  assertEquals([shown(), got.length], [[], 1]);
  // From a new socket, as these programs do.
  say({ ...ANN, port: 40_000 }, `ID\\: ann\\: ${tag}`);
  await world.pass(100);
  assertEquals(shown(), ["online ann (plain)"]);
  assertEquals(bob.say("ann", "hello"), { id: "1" });
  await world.pass(100);
  assertEquals(shown(), ["unconfirmed ann (plain) 1"]);
  assertEquals(got.slice(1), ["3002 hello\n\\: 10.0.0.1\\: 3001\\: bob"]);
  assertEquals(bob.say("ann (plain)", "x".repeat(1000)), {
    why: "a line to ann (plain) has at most about 999 bytes, since another program receives it",
  });
  listed();
  assertEquals(shown(), ["offline ann (plain)"]);
});

Deno.test("a message of an unknown address waits until the table was asked again; who is not in it then is a stranger", async () => {
  const { world, bob, listed, say, shown } = await lab();
  listed();
  say(ANN, "hi\n+ann");
  say({ ...ANN, port: 9 }, "3003!hi\n");
  await world.pass(100);
  assertEquals(shown(), []);
  listed(ANN);
  assertEquals(shown(), ["online ann (plain)", "ann (plain): hi"]);
  say({ ...ANN, port: 9 }, "3003!hi\n");
  await world.pass(10_000);
  bob.ask({ type: "stats" });
  const counts = bob.saw("stats").at(-1)!.counts;
  assertEquals(counts.find(([name]) => name === "strangers datagrams"), ["strangers datagrams", 2]);
  // A flood is cut off.
  for (let i = 0; i < 500; i++) say(ANN, `${i}\n+ann`);
  await world.pass(100);
  // The limiter is refilled when it is empty.
  assert(shown().length <= 2 * peerOptions().limits.plainBurst);
});

Deno.test("names of other programs that we could not use: made usable, or the address; two of one name are told apart", async () => {
  const { world, bob, listed, say, shown } = await lab();
  const ben = { hostname: "10.0.0.8", port: 3002 };
  listed(ANN, ben);
  say(ANN, "hi\n+Ann von @home\u202e");
  say(ben, "hi\n+\u200b");
  await world.pass(50);
  assertEquals(shown().filter((line) => !line.startsWith("online")).sort(), [
    "10.0.0.8:3002 (plain): hi",
    "Ann_von__home\ufffd (plain): hi",
  ]);
  say(ben, "hi\n+bob");
  say(ANN, "hi\n+bob");
  await world.pass(50);
  const why = "2 people are called bob: bob@10.0.0.6:3002, bob@10.0.0.8:3002; say which";
  assert([why, why.replace(/(bob@\S+), (bob@\S+);/, "$2, $1;")].includes((bob.say("bob", "x") as { why: string }).why));
  assert("id" in bob.say("bob@10.0.0.6:3002 (plain)", "x"));
});

Deno.test("two Partylines at one table find each other within a round trip or two; nothing of ours goes first", async () => {
  const world = new PeerNetwork(2);
  const [alice, bob] = [await world.person("alice", 3001), await world.person("bob", 3002)];
  const heard = new Set<string>();
  world.udp.watch = (from, to, datagram) => {
    const isOurs = !(decodePeerPacket(datagram) instanceof Fault);
    if (isOurs) assert(heard.has(`${to.port}→${from.port}`), "our own protocol was spoken first");
    heard.add(`${from.port}→${to.port}`);
  };
  const list = (node: PeerNode, other: PeerNode) => node.do((now) => node.peer.listed([other.place], node.place, now));
  bob.do((now) => bob.peer.listed([], bob.place, now));
  list(alice, bob);
  await world.pass(100);
  assertEquals([alice.saw("online"), bob.saw("online")].map((shown) => shown.map(({ name }) => name)), [["bob"], [
    "alice",
  ]]);
  alice.say("bob", "hi");
  await world.pass(100);
  assertEquals(bob.heard, ["alice: hi"]);

  // Late, repeated and forged texts of that kind change nothing; a restart does.
  list(bob, alice);
  await world.pass(100);
  bob.crash();
  bob.awaitsDirectory = true;
  await bob.begin();
  await world.pass(5000);
  assertEquals(alice.saw("offline"), []);
  heard.clear();
  list(bob, alice);
  await world.pass(200);
  assertEquals(bob.saw("online").map(({ name }) => name), ["alice", "alice"]);
  assertEquals([alice.saw("online").length, alice.saw("offline").length], [2, 1]);
});

Deno.test("a Partyline at the address of another program replaces it, and the other way round", async () => {
  const { world, bob, listed, say, shown, got } = await lab(ANN);
  listed(ANN);
  say(ANN, "hi\n+ann");
  await world.pass(100);
  assertEquals(shown(), ["online ann (plain)", "ann (plain): hi"]);
  const ann = await world.person("ann", 1);
  ann.move(ANN);
  ann.do((now) => ann.peer.listed([bob.place], ANN, now));
  await world.pass(200);
  assertEquals(shown(), ["offline ann (plain)", "online ann"]);
  // A forged text.
  say(ANN, "hi\n+ann");
  await world.pass(100);
  assertEquals(shown(), []);
  ann.leave();
  await world.pass(1000);
  assertEquals(shown(), ["offline ann"]);
  world.udp.unbind(ANN);
  world.udp.bind(ANN, (_from, datagram) => void got.push(`3002 ${decodeLossy(datagram)}`));
  got.length = 0;
  listed(ANN);
  say({ ...ANN, port: 9 }, "hi\n\\: 10.0.0.6\\: 3002\\: ann");
  await world.pass(100);
  assertEquals(shown(), ["online ann (plain)", "ann (plain): hi"]);
  assert(got.every((text) => text.startsWith("3002 IDReq")), got.join("\n"));
});

Deno.test("any bytes from anywhere end in a count, and no program is sent our own protocol for them", async () => {
  const { world, bob, listed, got } = await lab(ANN);
  listed(ANN);
  const piece = fc.constantFrom(
    "IDReq",
    "ID",
    "\\: ",
    "7",
    "10.0.0.6",
    "3002",
    "!",
    "X_NAME|",
    "X_GET_NAME|",
    "\n",
    "+",
    "|",
  );
  fc.assert(fc.property(fc.array(fc.oneof(piece, fc.string({ unit: "binary", maxLength: 4 }))), (pieces) => {
    bob.do((now) => bob.peer.receive(ANN, encodeText(pieces.join("")), now));
  }));
  await world.pass(1000);
  for (const text of got) assert(decodePeerPacket(encodeText(text.slice(5))) instanceof Fault, text);
  assertEquals(world.problems, []);
});

Deno.test("somebody whom only the table names can be written to, and is not shown as online", async () => {
  const { world, bob, listed, take, shown } = await lab({ ...ANN, name: "ann" });
  listed({ ...ANN, name: "ann" });
  await world.pass(1000);
  assertEquals("why" in bob.say("ann", "too early"), true);
  await world.pass(3000);
  bob.ask({ type: "users" });
  assertEquals(bob.saw("users").at(-1)!.users, [{ name: "ann (plain)", online: false }]);
  take();
  assertEquals(bob.say("ann (plain)", "hi"), { id: "1" });
  await world.pass(100);
  assertEquals([take(), shown()], [["3002 hi\n+bob"], ["unconfirmed ann (plain) 1"]]);
  bob.ask({ type: "table" });
  const { self, entries } = bob.saw("table").at(-1) ?? { self: undefined, entries: [] };
  assertEquals(self, bob.place);
  assertEquals(entries, [{ ...ANN, name: "ann", since: entries[0]!.since }]);
  assertEquals(peerOptions().limits.silentMs, 3000);
});

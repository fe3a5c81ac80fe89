import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { Fault } from "../lib/core/errors.ts";
import { limits } from "../lib/core/limits.ts";
import { MychatGate } from "../lib/protocols/mychat/gate.ts";
import { dumps, parseObject } from "../lib/protocols/mychat/json.ts";
import { fittedText } from "../lib/protocols/mychat/messages.ts";
import { mychatProtocol } from "../lib/protocols/mychat/server.ts";
import type { Event } from "../lib/chat/event.ts";
import { MychatProgram } from "./support/mychat.ts";
import { RawNative, StoringServer } from "./support/native.ts";

const encoder = new TextEncoder();
const open = () => StoringServer.open({ mychat: true });
const portOf = (server: StoringServer) => server.portOf("mychat");

Deno.test("the replies are the requests with fields added, byte for byte as in the table", async () => {
  await using server = await open();
  using prince = new MychatProgram(portOf(server));
  await prince.answers(
    '{"key": "CONNECT", "isConnected": false, "username": "prince", "isStach": false}',
    '{"key": "CONNECT", "isConnected": true, "username": "prince", "isStach": false, ' +
      '"users": [{"username": "prince", "isOnline": true}], "newAccount": true}',
  );
  using ama = new MychatProgram(portOf(server));
  await ama.answers(
    '{"key": "CONNECT", "isConnected": false, "username": "ama", "isStach": false}',
    '{"key": "CONNECT", "isConnected": true, "username": "ama", "isStach": false, "users": ' +
      '[{"username": "ama", "isOnline": true}, {"username": "prince", "isOnline": true}], "newAccount": true}',
  );
  await prince.answers(
    '{"key": "GET_USERS", "username": "prince"}',
    '{"key": "GET_USERS", "username": "prince", "users": [{"username": "ama", "isOnline": true}]}',
  );
  await prince.answers(
    '{"key": "CONNECT", "isConnected": false, "username": "prince"}',
    '{"key": "CONNECT", "isConnected": true, "username": "prince", "users": ' +
      '[{"username": "ama", "isOnline": true}, {"username": "prince", "isOnline": true}], "newAccount": false}',
  );
  const join = '{"key": "REQUEST_JOIN_GROUP", "username": "prince"';
  await prince.answers(`${join}}`, `${join}, "partofgroup": false, "joined": true}`);
  await prince.answers(`${join}}`, `${join}, "partofgroup": true, "joined": true}`);
  await ama.ask('{"key": "REQUEST_JOIN_GROUP", "username": "ama"}');
  const group = '"msg": "hello \\u00e9\\ud83d\\ude00", "sentfrom": "prince"';
  await prince.answers(
    '{"key": "SENT_TO_GROUP", "msg": "hello é😀", "sentfrom": "prince"}',
    `{"key": "CONFIRM_MSG", ${group}, "sent": true, "time": "TIME"}`,
  );
  for (const member of [prince, ama]) {
    assertEquals(await member.take(), `{"key": "SENT_TO_GROUP", ${group}, "sent": true, "time": "TIME"}`);
  }
  const fields = '"msg": "hi ama", "sendto": "ama", "sentfrom": "prince"';
  await prince.answers(
    `{"key": "SENT_TO", ${fields}}`,
    `{"key": "CONFIRM_MSG", ${fields}, "sent": true, "time": "TIME"}`,
  );
  assertEquals(await ama.take(), `{"key": "SENT_FROM", ${fields}, "sent": true, "time": "TIME"}`);
  await ama.send('{"key": "CONFIRM_MSG_2", "msg": "hi ama", "sendto": "prince", "sentfrom": "ama", "sent": true}');
  assertEquals(
    await prince.take(),
    '{"key": "CONFIRM_MSG_2", "msg": "hi ama", "sendto": "prince", "sentfrom": "ama", "sent": true, "time": "TIME"}',
  );
  await ama.answers(
    '{"key": "GET_DATA", "find": "prince", "username": "ama"}',
    '{"key": "GET_DATA", "find": "prince", "username": "ama", ' +
      '"data": [{"username": "prince", "msg": "hi ama", "time": "TIME"}]}',
  );
  await ama.answers(
    '{"key": "GET_GROUP_DATA", "username": "ama"}',
    '{"key": "GET_GROUP_DATA", "username": "ama", ' +
      '"group_data": [{"username": "prince", "msg": "hello \\u00e9\\ud83d\\ude00", "time": "TIME"}]}',
  );
  await prince.answers(
    '{"key": "LOGOUT", "username": "prince"}',
    '{"key": "LOGOUT", "username": "prince", "Loggedout": true}',
  );
  assertMatch(await ama.ask('{"key": "GET_USERS", "username": "ama"}'), /"prince", "isOnline": false/);
  // A second contact, from another port.
  using again = new MychatProgram(portOf(server));
  assertMatch(
    await again.ask('{"key": "CONNECT", "isConnected": false, "username": "prince"}'),
    /"newAccount": false}$/,
  );
  await again.answers(`${join}}`, `${join}, "partofgroup": true, "joined": true}`);
});

Deno.test("IM users, native users and mychat programs talk to each other, in MyChat and in private", async () => {
  await using server = await open();
  using jacky = await RawNative.resume(server, "jacky");
  const bob = await server.join("bob");
  using prince = await MychatProgram.connect(portOf(server), "prince");
  await prince.ask('{"key": "REQUEST_JOIN_GROUP", "username": "prince"}');
  await jacky.say({ room: "lobby" }, "from jacky");
  assertEquals(
    await prince.take(),
    '{"key": "SENT_TO_GROUP", "msg": "from jacky", "sentfrom": "jacky", "sent": true, "time": "TIME"}',
  );
  assertEquals(await bob.take(), "/broadcastfrom jacky from jacky");
  await prince.ask('{"key": "SENT_TO_GROUP", "msg": "from prince", "sentfrom": "prince"}');
  assertEquals(await bob.take(), "/broadcastfrom prince from prince");
  assertEquals((await jacky.take()).text, "from prince");
  await prince.take();
  // IM to prince: the receipt is the program's confirmation.
  const reply = bob.la.ask("/to prince hi");
  assertMatch(await prince.take(), /^\{"key": "SENT_FROM", "msg": "hi", "sendto": "prince", "sentfrom": "bob"/);
  await prince.send('{"key": "CONFIRM_MSG_2", "msg": "hi", "sendto": "bob", "sentfrom": "prince"}');
  assertEquals(await reply, "303 Message delivery successful");
  await prince.ask('{"key": "SENT_TO", "msg": "yo", "sendto": "bob", "sentfrom": "prince"}');
  assertEquals(await bob.take(), "/from prince yo");
  assertMatch(await prince.take(), /^\{"key": "CONFIRM_MSG_2", "msg": "yo", "sendto": "prince", "sentfrom": "bob"/);
  // A message to oneself arrives like others, and its confirmation is one of a message that was sent.
  await prince.ask('{"key": "SENT_TO", "msg": "me", "sendto": "prince", "sentfrom": "prince"}');
  const [one, other] = [await prince.take(), await prince.take()];
  assertEquals([one, other].map((text) => JSON.parse(text).key).sort(), ["CONFIRM_MSG_2", "SENT_FROM"]);
  await prince.send('{"key": "CONFIRM_MSG_2", "msg": "me", "sendto": "prince", "sentfrom": "prince"}');
  // IM to all does not wait for a program that confirms nothing of it.
  const all = bob.la.ask("/toall everyone");
  assertMatch(await prince.take(), /"msg": "everyone", "sentfrom": "bob"/);
  const { seq } = await jacky.take();
  await jacky.send({ type: "ack", seq });
  assertEquals(await all, "303 Message delivery successful");
  bob.close();
});

Deno.test("who was away gets everything by GET_DATA, and its sender learns it once the program goes on", async () => {
  await using server = await open();
  (await MychatProgram.connect(portOf(server), "prince"))[Symbol.dispose]();
  using ama = await MychatProgram.connect(portOf(server), "ama");
  await ama.ask('{"key": "LOGOUT", "username": "ama"}');
  using jacky = await RawNative.resume(server, "jacky");
  for (const text of ["one", "two"]) await jacky.say({ to: "ama" }, text);
  await server.restart();
  using jackyAgain = await RawNative.resume(server, "jacky");
  using back = await MychatProgram.connect(portOf(server), "ama");
  const data = await back.ask('{"key": "GET_DATA", "find": "jacky", "username": "ama"}');
  assertMatch(data, /"data": \[\{"username": "jacky", "msg": "one".*"msg": "two", "time": "TIME"\}\]\}$/);
  await back.ask('{"key": "GET_USERS", "username": "ama"}');
  const received = await jackyAgain.take();
  assertEquals([received.type, received.by], ["received", "ama"]);
});

Deno.test("a message whose confirmation is lost does not count as received, nor do those after it", async () => {
  await using server = await open();
  using ama = await MychatProgram.connect(portOf(server), "ama");
  using jacky = await RawNative.resume(server, "jacky");
  const seqs: number[] = [];
  for (const text of ["lost", "second"]) {
    seqs.push((await jacky.say({ to: "ama" }, text)).seq);
    await ama.take();
  }
  await ama.send('{"key": "CONFIRM_MSG_2", "msg": "second", "sendto": "jacky"}');
  await ama.ask('{"key": "GET_USERS", "username": "ama"}');
  // Had it counted, this would come before the answer to the ping.
  assertEquals((await jacky.ask({ type: "ping", ref: 1 })).type, "pong");
  await ama.send('{"key": "CONFIRM_MSG_2", "msg": "lost", "sendto": "jacky"}');
  assertEquals(await jacky.take(), { type: "received", by: "ama", upTo: seqs[1] });
});

Deno.test("accounts, key-held names, reserved ones and lookalikes are refused", async () => {
  await using server = await StoringServer.open({ mychat: true, mailbox: true });
  for (const name of ["jacky", "JACKY", "jаcky", "admin", "two words", ""]) {
    using program = new MychatProgram(portOf(server));
    assertMatch(
      await program.ask(JSON.stringify({ key: "CONNECT", isConnected: false, username: name })),
      /"isConnected": false, .*"users": \[\], "newAccount": false\}$/,
      name,
    );
    // The same name again, as their client repeats it: the same answer.
    await program.send(JSON.stringify({ key: "CONNECT", isConnected: false, username: name }));
    assertMatch(await program.next(), /"isConnected": false/);
  }
  using prince = await MychatProgram.connect(portOf(server), "prince");
  await prince.send('{"key": "SENT_TO", "msg": "x", "sendto": "bob", "sentfrom": "jacky"}');
  using bob = await RawNative.resume(server, "bob");
  await prince.ask('{"key": "GET_DATA", "find": "bob", "username": "prince"}');
  assertEquals((await bob.ask({ type: "history", ref: 1, with: "jacky", limit: 5 })).messages, []);
});

Deno.test("a program that starts again at the same address takes the place of the former one; junk changes nothing", async () => {
  await using server = await open();
  using first = await MychatProgram.connect(portOf(server), "prince");
  using second = await MychatProgram.connect(portOf(server), "prince");
  using ama = await MychatProgram.connect(portOf(server), "ama");
  for (const junk of ["", "hello", "[]", '{"key": 7}', '{"key": "NOTHING"}', '{"key": "CONNECT"}', "\u0000\u0001"]) {
    await ama.send(junk);
    using stranger = new MychatProgram(portOf(server));
    await stranger.send(junk);
  }
  await ama.send(new Uint8Array([0xff, 0xfe, 0x00]));
  await ama.ask('{"key": "SENT_TO", "msg": "hi", "sendto": "prince", "sentfrom": "ama"}');
  assertMatch(await second.take(), /^\{"key": "SENT_FROM", "msg": "hi"/);
  // What the former one says claims the name again.
  assertMatch(await first.ask('{"key": "GET_USERS", "username": "prince"}'), /"users": \[\{"username": "ama"/);
});

Deno.test("a program under another name at the port of a former one is answered at once", async () => {
  await using server = await open();
  using program = await MychatProgram.connect(portOf(server), "prince");
  await program.answers(
    '{"key": "CONNECT", "username": "ama"}',
    '{"key": "CONNECT", "username": "ama", "isConnected": true, "users": ' +
      '[{"username": "ama", "isOnline": true}, {"username": "prince", "isOnline": false}], "newAccount": true}',
  );
  await program.send('{"key": "GET_USERS", "username": "prince"}');
  await program.answers(
    '{"key": "LOGOUT", "username": "ama"}',
    '{"key": "LOGOUT", "username": "ama", "Loggedout": true}',
  );
});

Deno.test("the first answer to an address has at most 1200 bytes, and such answers are limited", async () => {
  await using server = await StoringServer.open({
    mychat: true,
    limits: { unprovenNames: 1000, registrationsPerHour: 1000 },
  });
  const names = Array.from({ length: 60 }, (_, i) => `student-number-${i}`);
  for (const name of names) (await MychatProgram.connect(portOf(server), name))[Symbol.dispose]();
  using late = new MychatProgram(portOf(server));
  const first = await late.ask('{"key": "CONNECT", "isConnected": false, "username": "zz"}');
  assert(first.length <= 1200 && first.length > 1000, `${first.length}`);
  const users = JSON.parse(await late.ask('{"key": "GET_USERS", "username": "zz"}')).users;
  assertEquals(users.length, names.length);
  const gate = new MychatGate(limits({ strangersPerAddress: 3, strangerBurst: 5, strangersPerSecond: 1 }), 0);
  const connect = encoder.encode('{"key": "CONNECT", "username": "a"}');
  const admitted = (hostname: string, count: number, now: number) =>
    Array.from({ length: count }).filter(() => gate.admits(hostname, connect, now)).length;
  assertEquals([admitted("10.0.0.1", 9, 0), admitted("10.0.0.2", 9, 0), admitted("10.0.0.3", 9, 0)], [3, 2, 0]);
  assertEquals([admitted("10.0.0.4", 9, 2000), gate.dropped], [2, 29]);
  assertEquals(
    gate.report(2000),
    "29 datagrams dropped, the last because: more than 3 new programs at one address within a minute",
  );
  assertEquals(gate.report(2000), undefined);
});

Deno.test("a long message reaches a program that has said nothing but CONNECT", async () => {
  await using server = await StoringServer.open({ mychat: true });
  using prince = await MychatProgram.connect(portOf(server), "prince");
  using ama = await MychatProgram.connect(portOf(server), "ama");
  const msg = "long ".repeat(400);
  await prince.send(`{"key": "SENT_TO", "msg": "${msg}", "sendto": "ama", "sentfrom": "prince"}`);
  assertEquals(JSON.parse(await ama.next()).msg, msg);
});

Deno.test("a text that is longer than a list is a list of its own, and the end of one that fits into no datagram is cut off", async () => {
  await using server = await StoringServer.open({ mychat: true });
  using jacky = await RawNative.resume(server, "jacky");
  (await MychatProgram.connect(portOf(server), "ama"))[Symbol.dispose]();
  const list = async (program: MychatProgram): Promise<string[]> =>
    JSON.parse(await program.ask('{"key": "GET_DATA", "find": "jacky", "username": "ama"}'))
      .data.map(({ msg }: { msg: string }) => msg);
  const long = "я".repeat(8000);
  await jacky.say({ to: "ama" }, "before");
  await jacky.say({ to: "ama" }, long);
  using ama = await MychatProgram.connect(portOf(server), "ama");
  assertEquals(await list(ama), [long]);
  await jacky.say({ to: "ama" }, "\u0001".repeat(16_000));
  const { msg } = JSON.parse(await ama.next());
  assert(msg.length > 10_000 && msg === `${"\u0001".repeat(msg.length - 2)} …`, `${msg.length}`);
  assertEquals(await list(ama), [msg]);
  await jacky.say({ to: "ama" }, "after");
  assertEquals(JSON.parse(await ama.next()).msg, "after");
  assertEquals(await list(ama), ["after"]);
});

Deno.test("a text that fits into a datagram stays as it is; of a longer one as much of the beginning as fits comes, in whole characters", () => {
  const units = fc.array(fc.constantFrom("a", "\u0001", "\n", '"', "я", "😀", "\u007f"), {
    minLength: 1,
    maxLength: 9,
  });
  fc.assert(
    fc.property(units, fc.integer({ min: 9000, max: 20_000 }), (some, length) => {
      const text = some.join("").repeat(Math.ceil(length / some.length));
      const fitted = fittedText(text);
      assert(dumps(fitted).length <= 64_002);
      if (fitted === text) return;
      const kept = fitted.slice(0, -2);
      assert(fitted.endsWith(" …") && text.startsWith(kept) && kept.isWellFormed());
      // One more character does not fit, nor would the whole text.
      assert(dumps(kept).length > 64_000 - 20 && dumps(text).length > 64_002);
    }),
    { numRuns: 40 },
  );
});

Deno.test("the log says why a program's datagram has no answer, for the first ones of each; the others are counted", () => {
  const gate = new MychatGate(limits(), 0);
  const peer = { hostname: "127.0.0.1", port: 9 };
  const session = mychatProtocol(gate).openSession({ peer, registers: false }, limits(), 0);
  const says = (text: string) => session.receive(0, encoder.encode(text), 0);
  says('{"key": "CONNECT", "username": "prince"}');
  session.event({ type: "claimed", name: "prince", isNew: true, joined: false, number: 0, textBytes: 100 }, 0, 0);
  session.takeOutputs();
  says('{"key": "GET_USERS", "username": "ama"}');
  for (let i = 0; i < 11; i++) says('{"key": "GET_DATA", "username": "prince"}');
  const complaints = session.takeOutputs().flatMap((output) => output.type === "complaint" ? output.text : []);
  assertEquals(complaints, [
    'got no answer: a request under the name of another user, "ama"',
    ...Array(9).fill("got no answer: GET_DATA needs username and find, as texts"),
  ]);
  assertEquals([gate.dropped, gate.report(0)], [
    12,
    "2 datagrams dropped, the last because: GET_DATA needs username and find, as texts",
  ]);
});

Deno.test("any datagrams: a session never throws, ends once, and answers only with JSON", () => {
  const keys = ["CONNECT", "GET_USERS", "REQUEST_JOIN_GROUP", "GET_GROUP_DATA", "GET_DATA", "SENT_TO", "SENT_TO_GROUP"];
  const request = fc.record({
    key: fc.constantFrom(...keys, "CONFIRM_MSG_2", "LOGOUT", "x"),
    username: fc.constantFrom("prince", "ama"),
    sentfrom: fc.constantFrom("prince", "ama"),
    sendto: fc.constantFrom("ama", "bob"),
    find: fc.constantFrom("ama", "bob"),
    msg: fc.string({ unit: "binary" }),
  }, { requiredKeys: ["key"] }).map((object) => encoder.encode(JSON.stringify(object)));
  const datagram = fc.oneof(request, fc.uint8Array({ maxLength: 64 }), fc.json().map((text) => encoder.encode(text)));
  const events: Event[] = [
    { type: "claimed", name: "prince", isNew: true, joined: false, number: 0, textBytes: 100 },
    { type: "turnedAway", why: { text: "no" } },
    { type: "received", by: "ama", upTo: 9 },
    { type: "joined", ref: 1, room: "lobby", members: 1 },
    { type: "denied", ref: 1, why: "no" },
    { type: "notSent", number: 1, why: "no" },
  ];
  fc.assert(fc.property(fc.array(fc.oneof(datagram, fc.constantFrom(...events)), { maxLength: 20 }), (inputs) => {
    const gate = new MychatGate(limits(), 0);
    const peer = { hostname: "127.0.0.1", port: 9 };
    const facts = { peer, registers: false };
    const session = mychatProtocol(gate).openSession(facts, limits(), 0);
    let ends = 0;
    for (const input of inputs) {
      if (input instanceof Uint8Array) session.receive(0, input, 1);
      else session.event(input, 1, 0);
      for (const output of session.takeOutputs()) {
        if (output.type === "end") ends++;
        if (output.type === "write") JSON.parse(new TextDecoder().decode(output.bytes));
      }
    }
    assert(ends <= 1);
  }));
});

Deno.test("JSON is read as JSON.parse reads it, and written as Python's json.dumps writes it", async () => {
  fc.assert(fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
    let expected: unknown;
    try {
      expected = JSON.parse(text);
    } catch { /* is no JSON */ }
    const found = parseObject(text);
    const isObject = typeof expected === "object" && expected !== null && !Array.isArray(expected);
    // A nested text may be deeper than is read.
    if (!isObject) assert(found instanceof Fault);
    else if (!(found instanceof Fault)) assertEquals(JSON.parse(dumps(found)), expected);
  }));
  const texts = fc.sample(
    fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ maxDepth: 3, noUnicodeString: false })),
    {
      numRuns: 200,
      seed: 7,
    },
  ).map((value) => JSON.stringify(value, (_, each) => typeof each === "number" ? Math.trunc(each) % 1e9 + 0 : each));
  const python = new Deno.Command("python3", {
    args: ["-c", "import json,sys\nfor line in sys.stdin: print(json.dumps(json.loads(json.loads(line))))"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const output = python.output();
  const writer = python.stdin.getWriter();
  await writer.write(
    encoder.encode(
      texts.map((text) =>
        JSON.stringify(text).replace(
          /[^\x20-\x7e]/g,
          (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
        )
      ).join("\n"),
    ),
  );
  await writer.close();
  const { stdout } = await output;
  const lines = new TextDecoder().decode(stdout).trimEnd().split("\n");
  assertEquals(lines.length, texts.length);
  texts.forEach((text, index) => {
    const parsed = parseObject(text);
    assertEquals(parsed instanceof Fault ? parsed.message : dumps(parsed), lines[index]);
  });
});

Deno.test("the conversation in the document happens as it is written", async () => {
  await using server = await open();
  const document = Deno.readTextFileSync(new URL("../docs/protocols/mychat.md", import.meta.url));
  using ama = await MychatProgram.connect(portOf(server), "ama");
  using prince = new MychatProgram(portOf(server));
  const programs: Record<string, MychatProgram> = { C: prince, D: ama };
  let lines = 0;
  for (const [, from, to, json] of document.matchAll(/^ {4}([CDS])→([CDS]) {2}(.*)$/gm)) {
    lines++;
    if (from === "S") assertEquals(await programs[to!]!.take(), json!.replaceAll("12:10:55", "TIME"));
    else await programs[from!]!.send(json!);
  }
  assertEquals(lines, 9);
});

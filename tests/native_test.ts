import { assert, assertEquals } from "@std/assert";
import { limits } from "../lib/core/limits.ts";
import { NativeServerSession, WEB_PROTOCOL } from "../lib/protocols/native/server.ts";
import type { SessionOutput } from "../lib/protocols/session.ts";
import { drained } from "./support/drained.ts";
import { type Json, plain, RawNative, StoringServer } from "./support/native.ts";
import type { TestServer } from "./support/test_server.ts";

const FACTS = { peer: { hostname: "127.0.0.1", port: 1 }, registers: false };

Deno.test("a page session accepts nothing before it is authenticated", () => {
  const said: string[] = [];
  const session = drained(WEB_PROTOCOL.openSession(FACTS, limits(), 0), (output: SessionOutput) => {
    if (output.type === "command") said.push(output.command.type);
  });
  assertEquals(session.hungry(0), false);
  session.event({ type: "welcome", name: "alice" }, 0, 0);
  assertEquals(session.hungry(0), true);
  session.receive(0, new TextEncoder().encode('{"type":"resume","client":"a","answered":0}'), 0);
  assertEquals(said, ["resume"]);
});

const join = (server: TestServer, name: string) => RawNative.join(server, name);
const enter = (server: TestServer, name: string) => RawNative.resume(server, name);

Deno.test("two native clients: say, message to both, ack, received", async () => {
  await using server = await StoringServer.open();
  using alice = await join(server, "alice");
  using bob = await enter(server, "bob");
  const begun = await alice.resume();
  assertEquals([begun.type, begun.last, begun.accepted, begun.refused], ["begun", 0, 0, []]);
  assertEquals([begun.rooms, typeof begun.store, begun.searches], [["lobby"], "string", true]);
  const own = await alice.say({ to: "bob" }, "hi");
  const { client } = alice;
  assertEquals(plain(own), { type: "message", seq: 1, from: "alice", to: "bob", text: "hi", number: 1 });
  assertEquals(await bob.take(), { ...own, client });
  await bob.send({ type: "ack", seq: 1 });
  assertEquals(await alice.take(), { type: "received", by: "bob", upTo: 1 });
});

Deno.test("a repeated number gets its first answer again, also after a restart", async () => {
  await using server = await StoringServer.open();
  const answers: string[][] = [[], []];
  for (const round of answers) {
    using alice = await RawNative.join(server, "alice", "a");
    await alice.resume();
    for (let i = 0; i < 2; i++) {
      const says = [{ number: 1, to: "bob", text: `try ${i}` }, { number: 2, to: "nobody", text: "?" }];
      for (const say of says) round.push(JSON.stringify(plain(await alice.ask({ type: "say", ...say }))));
    }
    const { messages } = await alice.ask({ type: "history", ref: 1, with: "bob" });
    assertEquals(messages.map(({ text }: { text: string }) => text), ["try 0"]);
    alice.close();
    await server.restart();
  }
  const entry = '{"type":"message","seq":1,"from":"alice","to":"bob","text":"try 0","number":1}';
  const sent = '{"type":"sent","upTo":2}';
  const failed = '{"type":"failed","number":2,"why":"there is no user \\"nobody\\""}';
  assertEquals(answers, [[entry, failed, sent, failed], [sent, failed, sent, failed]]);
});

Deno.test("a refusal is told before a later message confirms everything up to its number", async () => {
  await using server = await StoringServer.open();
  using alice = await enter(server, "alice");
  const say = (number: number, to: string) => `{"type":"say","number":${number},"to":"${to}","text":"?"}\n`;
  await alice.wire.send(say(1, "bob") + say(2, "nobody") + say(3, "bob"));
  const answers = [await alice.take(), await alice.take(), await alice.take()];
  const at = (type: string, number: number) =>
    answers.findIndex((each) => each.type === type && each.number === number);
  assertEquals([at("failed", 2) >= 0, at("failed", 2) < at("message", 3)], [true, true]);
});

Deno.test("an absent user receives missed messages in order and once; the sender learns up to where they are received", async () => {
  await using server = await StoringServer.open();
  using alice = await enter(server, "alice");
  {
    using _bob = await enter(server, "bob");
  }
  for (const text of ["one", "two"]) await alice.say({ to: "bob" }, text);
  await alice.say({ room: "lobby" }, "three");
  {
    using bob = await enter(server, "bob");
    assertEquals([(await bob.take()).text, (await bob.take()).text, (await bob.take()).text], ["one", "two", "three"]);
    await bob.send({ type: "ack", seq: 2 });
    assertEquals(await alice.take(), { type: "received", by: "bob", upTo: 2 });
  }
  using bob = await enter(server, "bob");
  assertEquals((await bob.take()).text, "three");
});

Deno.test("two native clients of one user both stay up to date; a second IM client of that user is refused", async () => {
  await using server = await StoringServer.open();
  using one = await join(server, "alice");
  using two = await join(server, "alice");
  using bob = await join(server, "bob");
  for (const client of [one, two, bob]) await client.resume();
  await one.say({ to: "bob" }, "from one");
  assertEquals((await two.take()).text, "from one");
  await bob.take();
  await bob.say({ to: "alice" }, "to both");
  assertEquals([(await one.take()).text, (await two.take()).text], ["to both", "to both"]);
});

Deno.test("IM and native talk to each other; 303 when the native client has acknowledged, delivered when 302 has come", async () => {
  await using server = await StoringServer.open();
  using alice = await enter(server, "alice");
  using jacky = await server.join("jacky");
  await jacky.la.send("/to alice hello\n");
  const message = await alice.take();
  assertEquals([message.from, message.to, message.text], ["jacky", "alice", "hello"]);
  assertEquals(jacky.la.unread, "");
  await alice.send({ type: "ack", seq: message.seq });
  assertEquals(await jacky.la.line(), "303 Message delivery successful");

  const { seq } = await alice.say({ to: "jacky" }, "two\nlines");
  assertEquals([await jacky.take(), await jacky.take()], ["/from alice two", "/from alice lines"]);
  assertEquals(await alice.take(), { type: "received", by: "jacky", upTo: seq });

  await jacky.la.send("/toall all of you\n");
  const all = await alice.take();
  assertEquals([all.room, all.text], ["lobby", "all of you"]);
  await alice.send({ type: "ack", seq: all.seq });
  assertEquals(await jacky.la.line(), "303 Message delivery successful");
  await alice.say({ room: "lobby" }, "and you");
  assertEquals(await jacky.take(), "/broadcastfrom alice and you");
  assertEquals(await jacky.la.ask("/list"), "301 jacky alice");
});

Deno.test("an unacknowledged message gives the IM sender a 304 in time and is not stored", async () => {
  await using server = await StoringServer.open({ limits: { receiptMs: 200 } });
  {
    using _alice = await enter(server, "alice");
    using jacky = await server.join("jacky");
    assertEquals(await jacky.la.ask("/to alice hello"), "304 Message delivery failed");
    assertEquals(await jacky.la.ask("/to bob away"), "304 Message delivery failed");
  }
  using alice = await enter(server, "alice");
  assertEquals((await alice.ask({ type: "history", ref: 1, with: "jacky" })).messages, []);
});

Deno.test("waiting messages go down Lb once when the user logs in over IM", async () => {
  await using server = await StoringServer.open();
  using alice = await enter(server, "alice");
  for (const text of ["one", "two"]) await alice.say({ to: "jacky" }, text);
  {
    using jacky = await server.join("jacky");
    assertEquals([await jacky.take(), await jacky.take()], ["/from alice one", "/from alice two"]);
    let { upTo } = await alice.take();
    if (upTo === 1) ({ upTo } = await alice.take());
    assertEquals(upTo, 2);
  }
  using jacky = await server.join("jacky");
  assertEquals(await jacky.la.ask("/list"), "301 jacky alice");
  assertEquals(jacky.lb.unread, "");
});

Deno.test("a message without a receipt on Lb fails with a reason and is not sent again", async () => {
  await using server = await StoringServer.open({ limits: { receiptMs: 200 } });
  using alice = await enter(server, "alice");
  {
    using jacky = await server.join("jacky");
    await alice.say({ to: "jacky" }, "hi");
    assertEquals(await jacky.lb.line(), "/from alice hi");
    const failed = await alice.take();
    assertEquals([failed.type, failed.of, failed.text], ["failure", 1, "jacky's client did not confirm it"]);
  }
  using jacky = await server.join("jacky");
  await jacky.la.ask("/list");
  assertEquals(jacky.lb.unread, "");
});

Deno.test("rooms can be joined, used and left; non-members see nothing and may not send", async () => {
  await using server = await StoringServer.open();
  using alice = await join(server, "alice");
  using bob = await join(server, "bob");
  await alice.resume();
  await bob.resume();
  assertEquals(await alice.ask({ type: "join", ref: 1, room: "lab1" }), {
    type: "joined",
    ref: 1,
    room: "lab1",
    members: 1,
  });
  assertEquals((await bob.say({ room: "lab1" }, "?")).why, '"lab1" is not a room that you are in');
  assertEquals((await bob.ask({ type: "join", ref: 2, room: "lab1" })).members, 2);
  await alice.say({ room: "lab1" }, "hi");
  assertEquals((await bob.take()).text, "hi");
  assertEquals(await bob.ask({ type: "who", ref: 7, room: "lab1" }), {
    type: "who",
    ref: 7,
    room: "lab1",
    list: [{ name: "alice", online: true }, { name: "bob", online: true }],
    more: false,
  });
  assertEquals((await bob.ask({ type: "leave", ref: 3, room: "lab1" })).type, "left");
  assertEquals((await bob.ask({ type: "who", ref: 8, room: "lab1" })).why, '"lab1" is not a room that you are in');
  assertEquals((await bob.ask({ type: "leave", ref: 4, room: "lobby" })).type, "denied");
  assertEquals((await bob.ask({ type: "rooms", ref: 5 })).list, [
    { name: "lobby", members: 2, joined: true },
    { name: "lab1", members: 1, joined: false },
  ]);
  assertEquals((await bob.ask({ type: "join", ref: 6, room: "no blanks" })).type, "denied");
});

Deno.test("history comes in pages without gaps or duplicates, also while messages arrive", async () => {
  await using server = await StoringServer.open();
  using alice = await enter(server, "alice");
  for (let i = 0; i < 25; i++) await alice.say({ room: "lobby" }, `${i}`);
  const texts: string[] = [];
  let before: number | undefined;
  for (let ref = 1;; ref++) {
    const page = await alice.ask({ type: "history", ref, room: "lobby", before, limit: 7 });
    texts.unshift(...page.messages.map(({ text }: { text: string }) => text));
    before = page.messages[0].seq;
    await alice.say({ room: "lobby" }, "more");
    if (!page.more) break;
  }
  assertEquals(texts, Array.from({ length: 25 }, (_, i) => `${i}`));
});

Deno.test("a client that stops acknowledging is sent a bounded number, and the rest when it continues", async () => {
  await using server = await StoringServer.open({ limits: { burstCommands: 100_000 } });
  using alice = await join(server, "alice");
  using bob = await join(server, "bob");
  await alice.resume();
  await bob.resume();
  const count = 2000;
  const says = Array.from({ length: count }, (_, i) => ({ type: "say", number: i + 1, to: "bob", text: `${i}` }));
  await alice.wire.send(says.map((say) => `${JSON.stringify(say)}\n`).join(""));
  // Of its own entries the sender, too, is told only as many as it may have unacknowledged; then what is kept.
  let kept = 0;
  while (kept < count) {
    const { type, number, upTo } = await alice.take();
    if (type === "message" || type === "sent") kept = number ?? upTo;
  }
  const got: string[] = [];
  while (got.length < 256) got.push((await bob.take()).text);
  // Answers come behind everything already queued.
  assertEquals((await bob.ask({ type: "rooms", ref: 1 })).type, "rooms");
  let seq = 256;
  while (got.length < count) {
    await bob.send({ type: "ack", seq });
    for (let i = 0; i < 256 && got.length < count; i++) {
      const message = await bob.take();
      if (message.type !== "message") break;
      got.push(message.text);
      seq = message.seq;
    }
  }
  assertEquals(got, Array.from({ length: count }, (_, i) => `${i}`));
});

Deno.test("a client's mistakes are answered with a reason and change nothing", async () => {
  await using server = await StoringServer.open();
  using alice = await join(server, "alice");
  const wrong = async (line: string) => {
    await alice.wire.send(`${line}\n`);
    return (await alice.take()).why;
  };
  assertEquals(await wrong("hello"), "expected one JSON object, found hello");
  assertEquals(await wrong('{"type":"dance"}'), 'expected a message of a known type, found {"type":"dance"}');
  assertEquals(
    await wrong('{"type":"say","to":"bob","text":"x"}'),
    'expected "number", a whole number, found nothing',
  );
  assertEquals(await wrong('{"type":"say","number":1,"to":"bob","text":"x"}'), "nothing is said before resume");
  assertEquals(
    await wrong('{"type":"hello","version":2,"name":"bob","nonce":"n"}'),
    '"hello" is not known after welcome',
  );
  assertEquals((await alice.resume({ colour: "green" })).type, "begun");
  assertEquals((await alice.say({ to: "bob" }, "")).why, "an empty text is not sent");
  assertEquals(await alice.say({}, "x"), {
    type: "failed",
    number: 2,
    why: 'expected either "to" or "room", found {"type":"say","number":2,"text":"x"}',
  });
});

Deno.test("an IM client sees nothing of the native protocol; /partyline before 201 is unrecognized", async () => {
  await using server = await StoringServer.open();
  using wire = await server.connect();
  assertEquals(await wire.ask("/partyline 2"), "401 Unrecognized message");
  using jacky = await server.join("jacky");
  assertEquals(await jacky.la.ask("/partyline 1"), "401 Unrecognized message");
  assert(!(await Array.fromAsync(Deno.readDir(server.folder.path))).some(({ name }) => name.endsWith(".db")));
});

Deno.test("presence changes are collected and sent together", async () => {
  await using server = await StoringServer.open();
  using alice = await enter(server, "alice");
  using jacky = await server.join("jacky");
  let news = await alice.next();
  while (!news.online?.includes("jacky")) news = await alice.next();
  jacky.close();
  while (!news.offline?.includes("jacky")) news = await alice.next();
});

Deno.test("a new room and its members are told to all who are online, an unlisted one to its members alone", async () => {
  await using server = await StoringServer.open();
  using alice = await enter(server, "alice");
  using other = await enter(server, "alice");
  using bob = await enter(server, "bob");
  const changes = async (client: typeof alice, room: string) => {
    for (;;) {
      const { type, rooms } = await client.next();
      const found = type === "roomChanges" && rooms.find(({ name }: { name: string }) => name === room);
      if (found) return found;
    }
  };
  await alice.send({ type: "join", ref: 1, room: "hidden", unlisted: true });
  assertEquals(await changes(other, "hidden"), { name: "hidden", members: 1, joined: true });
  assertEquals(await changes(alice, "hidden"), { name: "hidden", members: 1 });
  await alice.send({ type: "join", ref: 2, room: "tea" });
  assertEquals(await changes(other, "tea"), { name: "tea", members: 1, joined: true });
  const seen: string[] = [];
  for (let names: string[] = []; !names.includes("tea");) {
    const { type, rooms } = await bob.next();
    names = type === "roomChanges" ? rooms.map(({ name }: { name: string }) => name) : [];
    seen.push(...names);
  }
  assertEquals(seen, ["tea"]);
  await bob.send({ type: "join", ref: 1, room: "tea" });
  assertEquals(await changes(bob, "tea"), { name: "tea", members: 2 });
  await alice.send({ type: "leave", ref: 3, room: "tea" });
  let news = await changes(other, "tea");
  while (news.joined !== false) news = await changes(other, "tea");
  assertEquals(news, { name: "tea", members: 1, joined: false });
  assertEquals(await changes(bob, "tea"), { name: "tea", members: 1 });
});

Deno.test("the members of a room are told who joins it and who leaves it, together, and nobody else is", async () => {
  await using server = await StoringServer.open();
  using alice = await enter(server, "alice");
  using other = await enter(server, "alice");
  using bob = await enter(server, "bob");
  using jacky = await enter(server, "jacky");
  const changes = async (client: typeof alice) => {
    for (;;) {
      const { type, ...change } = await client.next();
      if (type === "membersChanged") return change;
    }
  };
  await alice.ask({ type: "join", ref: 1, room: "tea" });
  assertEquals(await changes(other), { room: "tea", joined: ["alice"], left: [] });
  await bob.send({ type: "join", ref: 1, room: "tea" });
  assertEquals(await changes(alice), { room: "tea", joined: ["alice"], left: [] });
  assertEquals(await changes(alice), { room: "tea", joined: ["bob"], left: [] });
  assertEquals(await changes(bob), { room: "tea", joined: ["bob"], left: [] });
  await bob.send({ type: "leave", ref: 3, room: "tea" });
  assertEquals(await changes(alice), { room: "tea", joined: [], left: ["bob"] });
  await jacky.send({ type: "join", ref: 1, room: "hidden", unlisted: true });
  assertEquals(await changes(jacky), { room: "hidden", joined: ["jacky"], left: [] });
});

Deno.test("a client that has fallen behind is sent everything, also what another client has acknowledged", async () => {
  await using server = await StoringServer.open({ limits: { burstCommands: 100_000 } });
  using quick = await join(server, "alice");
  using slow = await join(server, "alice");
  using bob = await join(server, "bob");
  for (const client of [quick, slow, bob]) await client.resume();
  const texts = Array.from({ length: 600 }, (_, i) => `${i}`);
  const lines = texts.map((text, i) => `${JSON.stringify({ type: "say", number: i + 1, to: "alice", text })}\n`);
  await bob.wire.send(lines.join(""));
  for (let acked = 0; acked < texts.length; acked++) await quick.send({ type: "ack", seq: (await quick.take()).seq });
  // The end of its own entries, of which no more is told than it may have unacknowledged.
  await bob.send({ type: "say", number: 601, to: "alice", text: "last" });
  assertEquals((await quick.take()).text, "last");
  await quick.say({ to: "bob" }, "own");
  const got: string[] = [];
  while (got.at(-1) !== "own") {
    const message = await slow.take();
    got.push(message.text);
    await slow.send({ type: "ack", seq: message.seq });
  }
  assertEquals(got, [...texts, "last", "own"]);
});

Deno.test("the sender gets 303 when the user's IM client has confirmed, whatever the user's native client does", async () => {
  await using server = await StoringServer.open({ limits: { receiptMs: 60_000 } });
  using _screen = await enter(server, "jacky");
  using jacky = await server.join("jacky");
  using bob = await server.join("bob");
  await bob.la.send("/toall hi\n");
  assertEquals(await jacky.take(), "/broadcastfrom bob hi");
  assertEquals(await bob.la.line(), "303 Message delivery successful");
});

Deno.test("what a session has not confirmed on Lb comes again when it goes over to the native protocol, once", async () => {
  await using server = await StoringServer.open({ limits: { receiptMs: 60_000 } });
  using alice = await enter(server, "alice");
  for (const kind of ["private", "lobby"]) {
    using jacky = await server.join("jacky");
    using bob = await server.join("bob");
    await bob.la.send(kind === "private" ? "/to jacky hi\n" : "/toall hi\n");
    await jacky.lb.line();
    if (kind === "lobby") await alice.send({ type: "ack", seq: (await alice.take()).seq });
    assertEquals(await jacky.la.ask("/partyline 2"), "110 partyline 2");
    const native = new RawNative(jacky.la, jacky, kind);
    await native.resume();
    const { text, seq } = await native.take();
    assertEquals([text, bob.la.unread], ["hi", ""]);
    await native.send({ type: "ack", seq });
    assertEquals(await bob.la.line(), "303 Message delivery successful");
    assertEquals(await native.ask({ type: "ping", ref: 1 }), { type: "pong", ref: 1 });
  }
});

Deno.test("a client that requests the native protocol with a message in flight and then closes La is gone", async () => {
  await using server = await StoringServer.open({ limits: { receiptMs: 60_000 } });
  using jacky = await server.join("jacky");
  using bob = await server.join("bob");
  await bob.la.send("/to jacky hi\n");
  assertEquals(await jacky.lb.line(), "/from bob hi");
  await jacky.la.send("/partyline 2\n");
  await jacky.la.finish();
  using michael = await server.join("michael");
  assertEquals(await bob.la.line(), "304 Message delivery failed");
  assertEquals((await jacky.la.rest()).replace("110 partyline 2\n", ""), "");
  assertEquals(await michael.la.ask("/list"), "301 michael bob");
});

Deno.test("a signal goes to the online clients of a user, is not stored, and reaches nobody else", async () => {
  await using server = await StoringServer.open();
  using alice = await join(server, "alice");
  using screen = await join(server, "bob");
  using other = await join(server, "bob");
  using waiting = await join(server, "bob");
  await alice.resume();
  await screen.resume();
  await other.resume();
  await alice.send({ type: "signal", to: "bob", text: "psst" });
  const heard = { type: "signal", from: "alice", text: "psst" };
  assertEquals([await screen.take(), await other.take()], [heard, heard]);
  // The address of its sender only if that tells it.
  await alice.send({ type: "signal", to: "bob", text: "psst", at: true });
  assertEquals([await screen.take(), await other.take()], Array(2).fill({ ...heard, at: "127.0.0.1" }));
  // Neither later sessions nor the sender receive it.
  await waiting.resume();
  assertEquals(await waiting.ask({ type: "ping", ref: 1 }), { type: "pong", ref: 1 });
  await screen.send({ type: "signal", to: "bob", text: "my other screens" });
  assertEquals([(await other.take()).text, (await waiting.take()).text], ["my other screens", "my other screens"]);
  assertEquals(await screen.ask({ type: "ping", ref: 2 }), { type: "pong", ref: 2 });

  for (const to of ["michael", "nobody"]) {
    const unheard = await alice.ask({ type: "signal", to, text: "psst" });
    assertEquals(unheard, { type: "unheard", to, why: `no client of ${to} is online` });
  }
  const { type, why } = await alice.ask({ type: "signal", to: "bob", text: "x".repeat(24 * 1024 + 1) });
  assertEquals([type, why], ["unheard", "a signal has at most 24576 bytes, found 24577"]);
  const { type: fault } = await alice.ask({ type: "signal", to: "bob" });
  assertEquals(fault, "error");
});

Deno.test("signals to a client that does not read are dropped, and nothing else is", () => {
  const written: Json[] = [];
  const { outboxBytes } = limits();
  const session = drained(new NativeServerSession(FACTS, limits(), 0, "lines", "bob"), (output: SessionOutput) => {
    if (output.type === "write") written.push(JSON.parse(new TextDecoder().decode(output.bytes)));
  });
  const signal = { type: "signal", from: "alice", at: "10.0.0.1", text: "psst" } as const;
  for (const waiting of [0, outboxBytes / 2, outboxBytes / 2 + 1, outboxBytes, 0]) {
    session.event(signal, 0, waiting);
    session.event({ type: "denied", ref: waiting, why: "no" }, 0, waiting);
  }
  assertEquals(written.map(({ type, ref }) => `${type} ${ref ?? ""}`.trim()), [
    "signal",
    "denied 0",
    "signal",
    `denied ${outboxBytes / 2}`,
    `denied ${outboxBytes / 2 + 1}`,
    `denied ${outboxBytes}`,
    "signal",
    "denied 0",
  ]);
});

import { assertEquals } from "@std/assert";
import { type Json, plain, RawNative, StoringServer } from "./support/native.ts";

const enter = (server: StoringServer, name: string, client?: string) => RawNative.resume(server, name, client);
const textsOf = (messages: Json[]) => messages.map(({ text }) => text);

/** What comes before the answer to a ping, but for presence. */
async function everything(native: RawNative): Promise<Json[]> {
  const messages: Json[] = [];
  await native.send({ type: "ping", ref: 99 });
  for (;;) {
    const message = await native.take();
    if (message.type === "pong") return messages;
    messages.push(message);
  }
}

Deno.test("an edit and a withdrawal in the lobby reach native clients, IM clients and guests, each in its own words", async () => {
  await using server = await StoringServer.open({ lobby: true });
  using alice = await enter(server, "alice");
  using bob = await enter(server, "bob");
  using jacky = await server.join("jacky");
  using guest = await server.guest();
  await alice.say({ room: "lobby" }, "helo");
  assertEquals((await bob.take()).text, "helo");
  assertEquals([await jacky.take(), await guest.line()], ["/broadcastfrom alice helo", "<alice> helo"]);

  const edit = await alice.edit(1, "hello");
  const plainEdit = { type: "edit", seq: 2, from: "alice", room: "lobby", of: 1, text: "hello", number: 2 };
  assertEquals([plain(edit), await bob.take()], [plainEdit, edit]);
  assertEquals(await jacky.take(), "/broadcastfrom alice (edited) hello");
  assertEquals(await guest.line(), "<alice> (edited) hello");

  const withdrawal = await alice.withdraw(1);
  const plainWithdrawal = { type: "withdrawal", seq: 3, from: "alice", room: "lobby", of: 1, number: 3 };
  assertEquals([plain(withdrawal), await bob.take()], [plainWithdrawal, withdrawal]);
  assertEquals(await jacky.take(), "/broadcastfrom alice (withdrawn a message)");
  assertEquals(await guest.line(), "<alice> (withdrawn a message)");
  assertEquals(await alice.edit(1, "again"), { type: "failed", number: 4, why: "the message was withdrawn" });
});

Deno.test("a reaction reaches native clients alone; each user counts once a mark, and takes it back; history has it", async () => {
  await using server = await StoringServer.open({ lobby: true });
  using alice = await enter(server, "alice");
  using bob = await enter(server, "bob", "b");
  using jacky = await server.join("jacky");
  using guest = await server.guest();
  let number = 0;
  const react = async (of: number, text: string) => {
    await bob.send({ type: "react", number: ++number, of, text });
    return await bob.take();
  };
  const reactionsTo = async () => {
    await alice.send({ type: "history", ref: 1, room: "lobby", limit: 1 });
    return ((await alice.take()).messages as Json[])[0]!.reactions;
  };
  await alice.say({ room: "lobby" }, "oven 2 is free");
  await bob.take();
  assertEquals([await jacky.take(), await guest.line()], [
    "/broadcastfrom alice oven 2 is free",
    "<alice> oven 2 is free",
  ]);
  for (const text of ["👍", "👍", "🎉"]) {
    const reaction = await react(1, text);
    const { type, from, room, of } = reaction;
    assertEquals([type, from, room, of, reaction.text], ["reaction", "bob", "lobby", 1, text]);
    assertEquals(await alice.take(), reaction);
  }
  const party = { mark: "🎉", by: ["bob"] };
  assertEquals(await reactionsTo(), [{ mark: "👍", by: ["bob"] }, party]);
  await react(1, "-👍");
  await alice.take();
  assertEquals(await reactionsTo(), [party]);
  assertEquals((await react(1, "💣")).why, "a reaction is one of 👍 ❤️ 😄 🎉 👀 ✅");
  assertEquals((await react(99, "👍")).why, "there is no message 99 that you can see");
  // Neither handout client has heard of it.
  await alice.say({ room: "lobby" }, "next");
  assertEquals([await jacky.take(), await guest.line()], ["/broadcastfrom alice next", "<alice> next"]);

  // In private the entry goes to the other user; a third one cannot react, and nothing waits for who has left.
  const { seq } = await alice.say({ to: "jacky" }, "for you");
  assertEquals(await jacky.take(), "/from alice for you");
  assertEquals((await react(seq as number, "👍")).type, "message", "the second message in the lobby");
  assertEquals((await bob.take()).why, `there is no message ${seq} that you can see`);
  assertEquals(await alice.take(), { type: "received", by: "jacky", upTo: seq });
  jacky.close();
  await alice.send({ type: "react", number: 4, of: seq, text: "👀" });
  const own = await alice.take();
  assertEquals([own.type, own.to], ["reaction", "jacky"]);
  await alice.withdraw(1);
  assertEquals(await reactionsTo(), undefined);
});

Deno.test("private messages are edited and withdrawn like others: for who is there by IM, and for who comes later, who by IM is not told the text of a withdrawn one", async () => {
  await using server = await StoringServer.open();
  {
    using alice = await enter(server, "alice", "a");
    using jacky = await server.join("jacky");
    const { seq } = await alice.say({ to: "jacky" }, "at tree");
    assertEquals(await jacky.take(), "/from alice at tree");
    assertEquals(await alice.take(), { type: "received", by: "jacky", upTo: seq });
    const edit = await alice.edit(seq, "at three");
    assertEquals(await jacky.take(), "/from alice (edited) at three");
    assertEquals(await alice.take(), { type: "received", by: "jacky", upTo: edit.seq });
  }
  {
    using alice = await enter(server, "alice", "b");
    for (const to of ["bob", "michael", "jacky"]) {
      const { seq } = await alice.say({ to }, "at tree");
      await alice.edit(seq, "at three");
      const wrong = await alice.say({ to }, "wrong window");
      await alice.edit(wrong.seq, "wrong widow");
      await alice.withdraw(wrong.seq);
    }
  }
  const lines = ["/from alice at tree", "/from alice (edited) at three", "/from alice (withdrawn a message)"];
  using jacky = await server.join("jacky");
  assertEquals([await jacky.take(), await jacky.take(), await jacky.take()], lines);
  await server.restart();
  using bob = await enter(server, "bob");
  const waiting = [await bob.take(), await bob.take(), await bob.take(), await bob.take(), await bob.take()];
  assertEquals(waiting.map(({ type, of, text }) => [type, of, text]), [
    ["message", undefined, "at tree"],
    ["edit", waiting[0]!.seq, "at three"],
    ["message", undefined, "wrong window"],
    ["edit", waiting[2]!.seq, "wrong widow"],
    ["withdrawal", waiting[2]!.seq, undefined],
  ]);
  using michael = await server.join("michael");
  assertEquals([await michael.take(), await michael.take(), await michael.take()], lines);
});

Deno.test("only who said a message may change it, on any device; nothing else can be changed", async () => {
  await using server = await StoringServer.open();
  using alice = await enter(server, "alice");
  using screen = await enter(server, "alice");
  using bob = await enter(server, "bob");
  const { seq } = await alice.say({ room: "lobby" }, "mine");
  for (const native of [screen, bob]) await native.take();
  const refused = (number: number, of: number) => ({
    type: "failed",
    number,
    why: `there is no message ${of} of yours`,
  });
  assertEquals(await bob.edit(seq, "yours"), refused(1, seq));
  assertEquals(await bob.withdraw(seq), refused(2, seq));
  const edit = await screen.edit(seq, "edited elsewhere");
  assertEquals(await alice.take(), edit);
  assertEquals(await alice.edit(edit.seq, "an edit of an edit"), refused(2, edit.seq));
  assertEquals(await alice.withdraw(1000), refused(3, 1000));
  assertEquals(await alice.edit(seq, ""), { type: "failed", number: 4, why: "an empty text is not sent" });
  assertEquals((await alice.edit(seq, "x".repeat(16 * 1024 + 1))).type, "failed");
  // What was said by IM is the user's too.
  using jacky = await server.join("jacky");
  await jacky.la.send("/toall by IM\n");
  const said = await bob.take();
  assertEquals([said.type, said.text], ["edit", "edited elsewhere"]);
  const byIm = await bob.take();
  for (const native of [alice, screen, bob]) await native.send({ type: "ack", seq: byIm.seq });
  assertEquals(await jacky.la.line(), "303 Message delivery successful");
  assertEquals(await jacky.la.ask("/partyline 2"), "110 partyline 2");
  const desk = new RawNative(jacky.la, jacky, "desk");
  await desk.resume();
  const { type, of, text } = await desk.edit(byIm.seq, "by hand");
  assertEquals([type, of, text], ["edit", byIm.seq, "by hand"]);
});

Deno.test("the texts that a message had are told on request, to those who can see it, after a restart too", async () => {
  await using server = await StoringServer.open();
  {
    using alice = await enter(server, "alice");
    for (const text of ["apple", "banana"]) await alice.say({ to: "bob" }, text);
    for (const text of ["apricot", "almond"]) await alice.edit(1, text);
    await alice.withdraw(2);
  }
  await server.restart();
  using alice = await enter(server, "alice");
  using bob = await enter(server, "bob");
  using michael = await enter(server, "michael");
  // What waited: two messages, two edits, and a withdrawal.
  for (let i = 0; i < 5; i++) await bob.take();
  for (const native of [alice, bob]) {
    const { texts } = await native.ask({ type: "versions", ref: 1, of: 1 });
    assertEquals(textsOf(texts), ["apple", "apricot", "almond"]);
    assertEquals(textsOf((await native.ask({ type: "versions", ref: 2, of: 2 })).texts), ["banana"]);
    const name = native === alice ? "bob" : "alice";
    const { messages } = await native.ask({ type: "history", ref: 3, with: name });
    assertEquals(messages.map(({ seq, text, edited, withdrawn }: Json) => [seq, text, edited, withdrawn]), [
      [1, "almond", true, false],
      [2, "", false, true],
    ]);
    for (const [words, found] of [["almond", [1]], ["apple", []], ["banana", []]] as const) {
      const { hits } = await native.ask({ type: "search", ref: 4, words });
      assertEquals(hits.map(({ seq }: Json) => seq), found, words);
    }
  }
  const { why } = await michael.ask({ type: "versions", ref: 1, of: 1 });
  assertEquals(why, "there is no message 1 that you can see");
  assertEquals((await michael.ask({ type: "search", ref: 2, words: "almond" })).hits, []);
});

Deno.test("what is read on one device is read on the others, and stays so", async () => {
  await using server = await StoringServer.open();
  using phone = await enter(server, "alice", "phone");
  {
    using screen = await enter(server, "alice", "screen");
    using bob = await enter(server, "bob");
    for (const text of ["one", "two", "three"]) await bob.say({ to: "alice" }, text);
    await bob.say({ room: "lobby" }, "four");
    assertEquals((await everything(phone)).length, 4);
    assertEquals((await everything(screen)).length, 4);
    await screen.send({ type: "read", with: "bob", upTo: 2 });
    assertEquals(await phone.take(), { type: "read", with: "bob", upTo: 2 });
    // A cursor does not go back.
    await screen.send({ type: "read", with: "bob", upTo: 1 });
    await screen.send({ type: "read", room: "lobby", upTo: 4 });
    assertEquals(await phone.take(), { type: "read", room: "lobby", upTo: 4 });
    assertEquals([await everything(phone), await everything(screen)], [[], []]);
  }
  await server.restart();
  using again = await enter(server, "alice", "phone");
  assertEquals(
    (await again.overview()).map(({ with: name, room, last, read, unread }) => [name ?? room, last, read, unread])
      .sort(),
    [["bob", 3, 2, 1], ["lobby", 4, 4, 0]],
  );
});

Deno.test("what was received is told after a restart, and on a second device", async () => {
  await using server = await StoringServer.open();
  {
    using alice = await enter(server, "alice", "phone");
    using _bob = await enter(server, "bob");
    for (const text of ["one", "two"]) await alice.say({ to: "bob" }, text);
  }
  await server.restart();
  using screen = await enter(server, "alice", "screen");
  assertEquals((await screen.overview()).map((view) => [view.with, view.received]), [["bob", 0]]);
  {
    using bob = await enter(server, "bob");
    assertEquals(textsOf([await bob.take(), await bob.take()]), ["one", "two"]);
    await bob.send({ type: "ack", seq: 2 });
    assertEquals(await screen.take(), { type: "received", by: "bob", upTo: 2 });
  }
  await server.restart();
  for (const device of ["phone", "screen"]) {
    using native = await enter(server, "alice", device);
    assertEquals((await native.overview()).map((view) => [view.with, view.received]), [["bob", 2]]);
  }
});

Deno.test("what was refused is told again to a client that did not hear it, also after a restart", async () => {
  await using server = await StoringServer.open();
  const why = 'there is no user "nobody"';
  {
    using alice = await enter(server, "alice", "a");
    await alice.say({ to: "bob" }, "one");
    await alice.say({ to: "nobody" }, "two");
    await alice.say({ to: "bob" }, "three");
  }
  await server.restart();
  using again = await RawNative.join(server, "alice", "a");
  const begun = await again.resume();
  assertEquals([begun.accepted, begun.refused], [3, [{ number: 2, why }]]);
  // What it has heard is told no more.
  const { refused } = await again.resume({ answered: 2 });
  assertEquals(refused, []);
});

Deno.test("a text of several lines is kept as it is; IM clients and guests get one line after the other, and the receipt is that of the last", async () => {
  await using server = await StoringServer.open({ lobby: true });
  using alice = await enter(server, "alice");
  using bob = await enter(server, "bob");
  using jacky = await server.join("jacky");
  using guest = await server.guest();
  const text = "def f():\n\n\treturn 1\n";
  await alice.say({ room: "lobby" }, text);
  assertEquals((await bob.take()).text, text);
  for (const line of ["def f():", "\treturn 1"]) {
    assertEquals([await jacky.take(), await guest.line()], [`/broadcastfrom alice ${line}`, `<alice> ${line}`]);
  }
  const { seq } = await alice.say({ to: "jacky" }, "one\ntwo");
  assertEquals([await jacky.take(), await jacky.take()], ["/from alice one", "/from alice two"]);
  assertEquals(await alice.take(), { type: "received", by: "jacky", upTo: seq });
  await alice.send({ type: "history", ref: 1, with: "jacky" });
  assertEquals(textsOf((await alice.take()).messages as Json[]), ["one\ntwo"]);
  await alice.send({ type: "search", ref: 2, words: "return" });
  assertEquals(textsOf((await alice.take()).hits as Json[]), [text]);
  const most = "a text has at most 400 lines here, found 401";
  assertEquals(await alice.say({ to: "jacky" }, "\n".repeat(400)), { type: "failed", number: 3, why: most });
});

Deno.test("a message replies to one of its own conversation, which every client is told, also later", async () => {
  await using server = await StoringServer.open();
  using alice = await enter(server, "alice");
  using bob = await enter(server, "bob");
  using jacky = await server.join("jacky");
  await alice.say({ room: "lobby" }, "who has oven 2?");
  await bob.take();
  assertEquals(await jacky.take(), "/broadcastfrom alice who has oven 2?");
  const reply = await bob.say({ room: "lobby" }, "I have", { reply: 1 });
  assertEquals([reply.text, reply.reply], ["I have", 1]);
  assertEquals(await alice.take(), reply);
  assertEquals(await jacky.take(), "/broadcastfrom bob I have");
  const refused = (number: number, of: number) => {
    return { type: "failed", number, why: `there is no message ${of} in this conversation` };
  };
  assertEquals(await alice.say({ to: "bob" }, "until when?", { reply: 2 }), refused(2, 2));
  const asked = await alice.say({ to: "bob" }, "until when?");
  const seq = asked.seq as number;
  assertEquals(await bob.take(), asked);
  const answer = await bob.say({ to: "alice" }, "four", { reply: seq });
  assertEquals(answer.reply, seq);
  assertEquals(await alice.take(), answer);
  assertEquals(await bob.say({ to: "alice" }, "x", { reply: 99 }), refused(3, 99));
  assertEquals(await bob.say({ to: "jacky" }, "x", { reply: seq }), refused(4, seq));
  // An edit of what replies, and a reply to what is withdrawn, change nothing of it.
  const edit = await bob.edit(answer.seq as number, "five");
  assertEquals(await alice.take(), edit);
  await alice.withdraw(seq);
  await server.restart();
  using again = await enter(server, "bob", "another");
  await again.send({ type: "history", ref: 1, with: "alice" });
  const answerOf = async (type: string) => {
    for (;;) {
      const message = await again.take();
      if (message.type === type) return message;
    }
  };
  const messages = (await answerOf("history")).messages as Json[];
  assertEquals(messages.map(({ text, reply, edited, withdrawn }) => [text, reply, edited, withdrawn]), [
    ["", undefined, false, true],
    ["five", seq, true, false],
  ]);
  await again.send({ type: "search", ref: 2, words: "five" });
  assertEquals(((await answerOf("search")).hits as Json[]).map(({ reply }) => reply), [seq]);
});

Deno.test("who is writing is told to the other users' clients that asked for it; nothing of it is kept or answered", async () => {
  await using server = await StoringServer.open({ lobby: true, recordsRequests: true });
  using alice = await enter(server, "alice");
  using bob = await RawNative.resume(server, "bob", "b", { typing: true });
  using own = await RawNative.resume(server, "alice", "second", { typing: true });
  // A terminal does not ask for it, and handout clients have no word for it.
  using terminal = await enter(server, "bob", "t");
  using jacky = await server.join("jacky");
  using guest = await server.guest();
  const { said, delivered } = server.instance.hub.tally;
  await alice.send({ type: "typing", room: "lobby" });
  await alice.send({ type: "typing", to: "bob" });
  // To those who are not there, or do not exist, and of a room that alice is not in.
  for (const where of [{ to: "jacky" }, { to: "nobody" }, { to: "alice" }, { room: "tea" }]) {
    await alice.send({ type: "typing", ...where });
  }
  assertEquals(await everything(alice), []);
  assertEquals(await everything(bob), [
    { type: "typing", from: "alice", room: "lobby" },
    { type: "typing", from: "alice", to: "bob" },
  ]);
  assertEquals([await everything(own), await everything(terminal)], [[], []]);
  assertEquals([server.instance.hub.tally.said, server.instance.hub.tally.delivered], [said, delivered]);
  await alice.send({ type: "history", ref: 1, room: "lobby" });
  assertEquals((await alice.take()).messages, []);
  await alice.say({ room: "lobby" }, "written");
  assertEquals([await jacky.take(), await guest.line()], ["/broadcastfrom alice written", "<alice> written"]);
  await server.instance.stop();
  const requests = Deno.readTextFileSync(`${server.folder.path}/requests.log`);
  assertEquals([requests.includes("resume"), requests.includes("typing")], [true, false], requests);
});

Deno.test("of one user four signals are told at once; none in a room with more members than the limit says", async () => {
  await using server = await StoringServer.open({ limits: { typingMembers: 2, typingPerMinute: 1 } });
  using alice = await enter(server, "alice");
  using bob = await RawNative.resume(server, "bob", "b", { typing: true });
  for (let i = 0; i < 10; i++) await alice.send({ type: "typing", to: "bob" });
  await everything(alice);
  assertEquals((await everything(bob)).length, 4);

  using michael = await enter(server, "michael");
  await michael.send({ type: "typing", room: "lobby" });
  await michael.send({ type: "typing", to: "bob" });
  await michael.send({ type: "join", ref: 1, room: "tea" });
  await everything(michael);
  await bob.send({ type: "join", ref: 1, room: "tea" });
  assertEquals((await everything(bob)).filter(({ type }) => type === "typing"), [
    { type: "typing", from: "michael", to: "bob" },
  ]);
  await michael.send({ type: "typing", room: "tea" });
  await everything(michael);
  assertEquals((await everything(bob)).filter(({ type }) => type === "typing"), [
    { type: "typing", from: "michael", room: "tea" },
  ]);
});

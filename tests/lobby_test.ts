import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { limits, LOBBY_LEFT_MS } from "../lib/core/limits.ts";
import { sanitized } from "../lib/core/text.ts";
import type { Command } from "../lib/chat/command.ts";
import { Message } from "../lib/chat/event.ts";
import { LobbyClient } from "../lib/protocols/lobby/client.ts";
import { lobbyProtocol, type LobbySession } from "../lib/protocols/lobby/server.ts";
import type { SessionOutput } from "../lib/protocols/session.ts";
import { drained } from "./support/drained.ts";
import { HASHED_USERS, TestServer } from "./support/test_server.ts";
import { Folder, Running, SOURCES } from "./support/programs.ts";
import { until, Wire } from "./support/wire.ts";

/** A lobby session driven by hand, with its writes, commands and log lines. */
class Guest {
  out = "";
  readonly said: string[] = [];
  readonly commands: Command[] = [];
  ended: string | undefined;
  readonly session: LobbySession;

  constructor(given: Parameters<typeof limits>[0] = {}, protocol = lobbyProtocol()) {
    const facts = { peer: { hostname: "::ffff:10.0.0.5", port: 5000 }, registers: false };
    const session = protocol.openSession(facts, limits(given), 0) as LobbySession;
    this.session = drained(session, (output: SessionOutput) => {
      if (output.type === "write") this.out += new TextDecoder().decode(output.bytes);
      else if (output.type === "end") this.ended = output.why;
      else if (output.type === "command") {
        this.commands.push(output.command);
        if (output.command.type === "announce") this.said.push(output.command.text);
      }
    });
    this.session.tick(0);
  }

  push(text: string | Uint8Array, now = 0): this {
    this.session.receive(0, typeof text === "string" ? new TextEncoder().encode(text) : text, now);
    return this;
  }

  /** Lets the session process its input. */
  rest(now: number): this {
    while (this.session.wakeAt <= now) this.session.tick(now);
    return this;
  }
}

Deno.test("a guest is greeted and joins the room; each line is sent, empty ones are not", () => {
  const guest = new Guest();
  assertEquals([guest.out, guest.commands], ["Welcome to this chatroom!\n", [{
    type: "enterAsGuest",
    as: "10.0.0.5",
  }]]);
  guest.push("hello\r\n\nhow ").push("are you?\n");
  assertEquals(guest.said, ["hello", "how are you?"]);
});

Deno.test("messages of others arrive as lines without control characters", () => {
  const guest = new Guest();
  guest.session.event(new Message(-1, "10.0.0.6", "all", "hi\x1b[2J\nthere"), 0);
  assertEquals(guest.out, "Welcome to this chatroom!\n<10.0.0.6> hi␛[2J\n<10.0.0.6> there\n");
});

Deno.test("text without a line break is sent after a pause or when the guest leaves", () => {
  const guest = new Guest({ lobbyQuietMs: 500 });
  guest.push("no end", 0).rest(499);
  assertEquals(guest.said, []);
  guest.rest(500);
  assertEquals(guest.said, ["no end"]);
  guest.push("bye", 600).session.closed(0, "finished", 700);
  assertEquals([guest.said, guest.ended], [["no end", "bye"], "closed the connection"]);
});

Deno.test("bytes split, joined or corrupted: every line is sent once and in order, without exceptions", () => {
  const bytes = fc.array(fc.oneof(fc.constant(10), fc.constant(13), fc.integer({ min: 0, max: 255 })), {
    maxLength: 300,
  });
  fc.assert(fc.property(bytes, fc.array(fc.integer({ min: 1, max: 40 })), (bytes, cuts) => {
    const whole = new Guest().push(Uint8Array.from(bytes)).rest(0);
    const cut = new Guest();
    for (let at = 0, i = 0; at < bytes.length; i++) {
      const size = cuts[i % (cuts.length || 1)] ?? 1;
      cut.push(Uint8Array.from(bytes.slice(at, at + size))).rest(0);
      at += size;
    }
    assertEquals(cut.said, whole.said);
    assertEquals(
      whole.said.length,
      new TextDecoder().decode(Uint8Array.from(bytes)).split("\n").slice(0, -1)
        .filter((line) => line.replace(/\r$/, "") !== "").length,
    );
  }));
});

Deno.test("guests that flood share one rate, each line stays whole, and a guest who says little does not wait", () => {
  const protocol = lobbyProtocol();
  const given = { lobbyBurst: 100, lobbyLinesPerSecond: 40, turnLines: 1000 };
  const [one, other, quiet] = Array.from({ length: 3 }, () => new Guest(given, protocol)) as [Guest, Guest, Guest];
  // A text without an end first, whose time passes while lines wait.
  for (const guest of [one, other]) guest.push("begun", 0).push("\n".padStart(5, "!") + "spam\n".repeat(1500), 10);
  for (let now = 50; now <= 10_000; now += 50) {
    for (const guest of [one, other, quiet]) guest.rest(now);
    if (now % 2000 === 0) quiet.push(`at ${now}\n`, now);
  }
  assertEquals(quiet.said, [2000, 4000, 6000, 8000, 10_000].map((at) => `at ${at}`));
  const flood = one.said.length + other.said.length;
  assert(flood >= 100 + 40 * 9 && flood <= 100 + 40 * 10 + 2 * 15, `${flood} lines`);
  assert(Math.abs(one.said.length - other.said.length) <= 120, `${one.said.length} and ${other.said.length}`);
  assertEquals(new Set([...one.said, ...other.said]), new Set(["begun!!!!", "spam"]));
  // One leaves: what it has said goes on for a while only.
  one.session.closed(0, "finished", 10_000);
  for (let now = 10_050; now <= 30_000 && one.ended === undefined; now += 50) {
    for (const guest of [one, other]) guest.rest(now);
    if (one.ended !== undefined) assertEquals(now, 10_000 + LOBBY_LEFT_MS);
  }
  assertEquals(one.ended, "closed the connection");
  assertEquals([one.said.at(-1), one.said.length < 1501], ["spam", true]);
});

Deno.test("a line over the limit disconnects the guest, and the room stays", () => {
  const guest = new Guest({ lineBytes: 128 });
  guest.push("x".repeat(200));
  assertEquals(guest.ended, "expected a line of at most 128 bytes, found 200");
});

Deno.test("the client shows received text, with or without line breaks, and sends typed lines", () => {
  const shown: string[] = [];
  let sent = "";
  const ended: unknown[] = [];
  const client = new LobbyClient();
  const use = (input: () => void) => {
    input();
    for (const output of client.takeOutputs()) {
      if (output.type === "write") sent += new TextDecoder().decode(output.bytes);
      else if (output.type === "line") shown.push(output.line);
      else if (output.type === "own") shown.push(`<You>${output.text}`);
      else if (output.type === "finish") shown.push("(finished)");
      else ended.push([output.status, output.why]);
    }
  };
  const push = (text: string, now: number) => use(() => client.receive(new TextEncoder().encode(text), now));
  push("Welcome to this chat", 0);
  push("room!", 10);
  use(() => client.tick(109));
  assertEquals(shown, []);
  use(() => client.tick(110));
  push("<10.0.0.6> one\n<10.0.0.6> two\n", 200);
  use(() => client.typed("three", 300));
  use(() => client.typed("", 300));
  use(() => client.typed("/exit", 300));
  use(() => client.typed("four", 300));
  use(() => client.closed("finished"));
  assertEquals(shown, [
    "Welcome to this chatroom!",
    "<10.0.0.6> one",
    "<10.0.0.6> two",
    "<You>three",
    "(finished)",
  ]);
  assertEquals([sent, ended], ["three\n", [[0, undefined]]]);
});

Deno.test("guests and users share one room; a guest is known by address and in no list", async () => {
  await using server = await TestServer.open({ lobby: true });
  using first = await server.guest();
  using second = await server.guest();
  using jacky = await server.join("jacky");
  await first.send("hello all\n");
  assertEquals(await second.line(), "<127.0.0.1> hello all");
  assertEquals(await jacky.take(), "/broadcastfrom 127.0.0.1 hello all");
  assertEquals(await jacky.la.ask("/toall hi guests"), "303 Message delivery successful");
  for (const guest of [first, second]) assertEquals(await guest.line(), "<jacky> hi guests");
  assertEquals(await jacky.la.ask("/list"), "301 jacky");
  assertEquals(await jacky.la.ask("/to 127.0.0.1 psst"), "304 Message delivery failed");
  // The sender gets no copy: this is the next line it receives.
  await second.send("bye\n");
  assertEquals(await first.line(), "<127.0.0.1> bye");
  second.close();
  await first.send("alone\n");
  assertEquals(await jacky.take(), "/broadcastfrom 127.0.0.1 bye");
  assertEquals(await jacky.take(), "/broadcastfrom 127.0.0.1 alone");
});

Deno.test("a message to all with only guests present is delivered to them", async () => {
  await using server = await TestServer.open({ lobby: true });
  using guest = await server.guest();
  using jacky = await server.join("jacky");
  assertEquals(await jacky.la.ask("/toall anybody?"), "303 Message delivery successful");
  assertEquals(await guest.line(), "<jacky> anybody?");
});

Deno.test("150 guests, some of whom vanish: the others are not affected", async () => {
  await using server = await TestServer.open({ lobby: true });
  const guests = await Promise.all(Array.from({ length: 150 }, () => server.guest()));
  for (const gone of guests.splice(0, 50)) gone.close();
  const [first, ...rest] = guests;
  for (let n = 0; n < 20; n++) await first!.send(`number ${n}\n`);
  await Promise.all(rest.map(async (guest) => {
    for (let n = 0; n < 20; n++) assertEquals(await guest.line(), `<127.0.0.1> number ${n}`);
  }));
  for (const guest of guests) guest.close();
});

Deno.test("a full lobby: the oldest silent guest makes room for a new one, and a guest who has said something stays", async () => {
  await using server = await TestServer.open({ lobby: true, limits: { connections: 3 } });
  using first = await server.guest();
  using speaker = await server.guest();
  using third = await server.guest();
  await speaker.send("hello\n");
  for (const guest of [first, third]) assertEquals(await guest.line(), "<127.0.0.1> hello");
  using fourth = await server.guest();
  await first.rest().catch(() => {});
  await speaker.send("still here\n");
  for (const guest of [third, fourth]) assertEquals(await guest.line(), "<127.0.0.1> still here");
  for (const guest of [third, fourth]) await guest.send("so am I\n");
  for (let i = 0; i < 2; i++) assertEquals(await speaker.line(), "<127.0.0.1> so am I");
  using refused = await Wire.connect(server.portOf("lobby"));
  assertEquals(await refused.rest().catch(() => ""), "");
});

Deno.test("the server stops: every guest's connection ends", async () => {
  const server = await TestServer.open({ lobby: true });
  using guest = await server.guest();
  await server[Symbol.asyncDispose]();
  assertEquals(await guest.rest(), "");
});

Deno.test("the programs: lobby, chat and mailbox clients share one room, and its history contains the guests' messages", async () => {
  using folder = new Folder();
  const options = [
    "0",
    folder.write("users.txt", HASHED_USERS),
    "--lobby",
    "0",
    "--mailbox",
    "0",
    "--host",
    "127.0.0.1",
  ];
  await using server = new Running(SOURCES, "server", options, folder.path);
  const [, im, lobby] = await server.printed(/^im listening on \S+:(\d+)\nlobby listening on \S+:(\d+)\nmailbox /);
  await using guest = new Running(SOURCES, "client", ["lobby", "127.0.0.1", lobby!], folder.path);
  await guest.printed(/^Welcome to this chatroom!$/m);
  folder.write("password", "12345\n");
  const chat = ["chat", "127.0.0.1", im!, "--name", "bob", "--password-file", "password", "--data", "bob"];
  await using bob = new Running(SOURCES, "client", chat, folder.path);
  await bob.type("hello guest\n");
  await guest.printed(/^<bob> hello guest$/m);
  await guest.type("hello bob\n");
  await bob.printed(/^lobby 127\.0\.0\.1: hello bob$/m);
  await until(() => server.err.includes("<127.0.0.1> hello bob"), "the server's terminal shows it");
  await bob.type("/history lobby\n/list\n");
  await bob.printed(/^\S+ bob: hello guest\n\S+ 127\.0\.0\.1: hello bob$/m);
  await bob.printed(/^michael \(offline\)$/m);
  assert(!/^127\.0\.0\.1 \(/m.test(bob.out));
  await bob.type("/who\n");
  await bob.printed(/^members lobby 127\.0\.0\.1 bob$/m);
  await guest.endInput();
  assertEquals([await guest.over(), guest.out], [0, "Welcome to this chatroom!\n<bob> hello guest\n<You>hello bob\n"]);
  await using lost = new Running(SOURCES, "client", ["lobby", "127.0.0.1", lobby!], folder.path);
  await lost.printed(/^Welcome/);
  server.process.kill("SIGTERM");
  assertEquals([await lost.over(), await server.over()], [0, 0]);
  assertEquals(sanitized(lost.err), "");
});

Deno.test("a guest that never reads is disconnected in the end and delays nobody", async () => {
  await using server = await TestServer.open({ lobby: true, limits: { outboxBytes: 64 * 1024 } });
  using speaker = await server.guest();
  using reader = await server.guest();
  using deaf = await Deno.connect({ hostname: "127.0.0.1", port: server.instance.listeners[1]!.port });
  await until(() => server.instance.runner.size === 3, "three are in");
  const line = "word ".repeat(1600).trimEnd();
  for (let n = 0; server.instance.runner.size === 3; n++) {
    await speaker.send(`${n} ${line}\n`);
    assertEquals(await reader.line(), `<127.0.0.1> ${n} ${line}`);
  }
  await speaker.send("still here\n");
  assertEquals(await reader.line(), "<127.0.0.1> still here");
  assert(deaf.localAddr.port > 0);
});

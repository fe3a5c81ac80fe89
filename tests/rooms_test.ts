import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import type { Command } from "../lib/chat/command.ts";
import { type Event, Message } from "../lib/chat/event.ts";
import { FileBytes } from "../lib/chat/shared_file.ts";
import { concat, equals } from "../lib/core/bytes.ts";
import { type Limits, limits } from "../lib/core/limits.ts";
import { offerText } from "../lib/protocols/transfer/offer.ts";
import { RoomsClient } from "../lib/protocols/rooms/client.ts";
import { RoomsSession } from "../lib/protocols/rooms/server.ts";
import type { SessionOutput } from "../lib/protocols/session.ts";
import { drained } from "./support/drained.ts";
import { FILE_HASHING } from "./support/file_hashing.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** A session driven by hand: its pieces with their times, and what it asks of the hub, which is answered as told. */
class Client {
  now = 0;
  readonly pieces: [at: number, text: string][] = [];
  readonly commands: Command[] = [];
  readonly shared: FileBytes[] = [];
  ended: string | undefined;
  readonly session: RoomsSession;
  #events: Event[] = [];

  constructor(given: Partial<Limits> = {}, readonly fileAnswer?: string) {
    const facts = { peer: { hostname: "10.0.0.5", port: 5000 }, registers: false };
    this.session = drained(
      new RoomsSession(facts, limits(given), 0, FILE_HASHING),
      (output: SessionOutput) => this.#do(output),
    );
  }

  /** A client that is in a room, a second after it has connected. */
  static entered(given?: Partial<Limits>, fileAnswer?: string): Client {
    return new Client(given, fileAnswer).send("alice").pass(100).send("lab").pass(900);
  }

  send(bytes: string | Uint8Array): this {
    this.session.receive(0, typeof bytes === "string" ? bytesOf(bytes) : bytes, this.now);
    this.#answer();
    return this;
  }

  event(event: Event): this {
    this.session.event(event, this.now, 0);
    this.#answer();
    return this;
  }

  /** Lets so many milliseconds pass, as a server that ticks every 50 does. */
  pass(ms: number): this {
    for (const until = this.now + ms; this.now < until;) {
      this.now = Math.min(until, this.now - this.now % 50 + 50);
      if (this.session.wakeAt <= this.now) this.session.tick(this.now, 0);
      this.#answer();
    }
    return this;
  }

  get texts(): string[] {
    return this.commands.flatMap((command) => command.type === "announce" ? [command.text] : []);
  }

  #do(output: SessionOutput): void {
    if (output.type === "write") this.pieces.push([this.now, new TextDecoder().decode(output.bytes)]);
    else if (output.type === "end") this.ended = output.why;
    if (output.type !== "command") return;
    const { command } = output;
    this.commands.push(command);
    if (command.type === "enterRoom") this.#events.push({ type: "entered", isNew: true });
    if (command.type === "beginFile") this.#events.push({ type: "fileAnswer", why: this.fileAnswer });
    if (command.type === "shareFile") this.shared.push(command.contents);
  }

  #answer(): void {
    for (const event of this.#events.splice(0)) this.event(event);
  }
}

function contents(bytes: Uint8Array): FileBytes {
  const made = new FileBytes(bytes.length);
  made.add(bytes);
  return made;
}

Deno.test("the handout's transcript: name, room, greeting, texts with and without a line break", () => {
  const alice = new Client().send("alice").pass(100).send("lab").pass(100);
  assertEquals(alice.commands, [{ type: "enterRoom", as: "alice", room: "lab" }]);
  assertEquals(alice.pieces.map(([, text]) => text), ["New Group created"]);
  alice.send("from the terminal\n").pass(100).send("from the window").pass(100);
  alice.event(new Message(-1, "bob", "room", "hi\x1b[2J\nthere")).pass(1000);
  assertEquals(alice.texts, ["from the terminal", "from the window"]);
  assertEquals(alice.pieces.slice(-2).map(([, text]) => text), ["<bob> hi␛[2J", "<bob> there"]);
  alice.session.closed(0, "finished", alice.now);
  assertEquals(alice.ended, "closed the connection");
});

Deno.test("a trace hides the room, in however many segments name and room arrive", () => {
  const traced = (...segments: string[]) => {
    const client = new Client();
    return segments.map((segment) => {
      const shown = client.session.masked(0, segment);
      segment === "" ? client.pass(100) : client.send(segment);
      return shown;
    });
  };
  assertEquals(traced("alice", "", "lab1", "", "hi"), ["alice", "", "****", "", "hi"]);
  assertEquals(traced("al", "ice", "", "la", "b1", "", "hi"), ["al", "***", "", "**", "**", "", "hi"]);
  assertEquals(traced("alice", "lab1", "", "lab1"), ["alice", "****", "", "****"]);
  assertEquals(traced("alice\nlab1", "", "hi"), ["alice\n****", "", "hi"]);
});

Deno.test("a text that arrives in several segments is one text; a later one is another", () => {
  const alice = Client.entered().send("hel").pass(40).send("lo").pass(40).send(" you").pass(60).send("bye").pass(60);
  assertEquals(alice.texts, ["hello you", "bye"]);
});

Deno.test("what a server that was busy got in one piece is a text and a file all the same", () => {
  const begun = (client: Client) => client.commands.flatMap((each) => each.type === "beginFile" ? [each.name] : []);
  const late = Client.entered().send("hello\nFILEclient_a.txt").pass(100).send("2").pass(100).send("hi").pass(100);
  assertEquals([late.texts, begun(late)], [["hello"], ["a.txt"]]);
  const less = Client.entered().send("hello\r\nFILE").pass(100).send("client_a.txt").pass(100).send("0").pass(100);
  assertEquals([less.texts, begun(less)], [["hello"], ["a.txt"]]);
  const text = Client.entered().send("see the\nFILE that I sent").pass(100);
  assertEquals([text.texts, begun(text)], [["see the\nFILE that I sent"], []]);
});

Deno.test("a server that is woken late does not join two pieces that arrived apart", () => {
  const alice = Client.entered().send("one");
  alice.now += 55;
  alice.send("two");
  alice.pass(100);
  assertEquals(alice.texts, ["one", "two"]);
});

Deno.test("a file is taken by its count, however it arrives; what follows it is text", () => {
  const bytes = fc.uint8Array({ maxLength: 3000 });
  const cuts = fc.array(fc.tuple(fc.integer({ min: 1, max: 700 }), fc.integer({ min: 0, max: 300 })), {
    maxLength: 20,
  });
  fc.assert(fc.property(bytes, cuts, (bytes, cuts) => {
    const alice = Client.entered().send("FILE").pass(100).send("client_a.bin").pass(100).send(String(bytes.length));
    alice.pass(100);
    let rest = concat([bytes, bytesOf("after")]);
    for (const [length, pause] of cuts) {
      // The text is one piece.
      const part = rest.subarray(0, Math.min(length, Math.max(0, rest.length - 5)));
      if (part.length > 0) alice.send(part).pass(pause);
      rest = rest.subarray(part.length);
    }
    alice.send(rest).pass(100);
    assert(equals(alice.shared[0]!.read(0, 3000), bytes));
    assertEquals(alice.shared[0]!.missing, 0);
    assertEquals(alice.texts, ["after"]);
  }));
});

Deno.test("a name of a file is no path, hides nothing and steers no terminal", () => {
  for (
    const [given, cleaned] of [
      ["client_../../etc/passwd", "_._.._etc_passwd"],
      ["client_.bashrc", "_bashrc"],
      ["client_a\x1b[2J.txt", "a_[2J.txt"],
      ["C:\\x.exe", "C__x.exe"],
    ] as const
  ) {
    const alice = Client.entered().send("FILE").pass(100).send(given).pass(100).send("1").pass(100);
    assertEquals(alice.commands.at(-1), { type: "beginFile", name: cleaned, bytes: 1 });
  }
});

Deno.test("a file that is not taken is skipped by its count, and its sender is told", () => {
  const alice = Client.entered({}, "it is too large").send("FILE").pass(100).send("client_x").pass(100).send("4");
  alice.pass(100).send("1234hello").pass(200);
  assertEquals([alice.texts, alice.shared], [["hello"], []]);
  assertEquals(alice.pieces.at(-1)![1], "x is not sent: it is too large");
});

Deno.test("a size that is no number ends the session with a line that says so", () => {
  const alice = Client.entered().send("FILE").pass(100).send("client_x").pass(100).send("12kB").pass(100);
  assertMatch(alice.ended!, /expected the size of x in decimal, found "12kB"/);
  assertEquals(alice.pieces.at(-1)![1], alice.ended);
});

Deno.test("to a receiver: every piece apart, the bytes whole, then silence; what is said meanwhile waits", () => {
  const alice = Client.entered();
  const bytes = new Uint8Array(200_000).fill(65);
  alice.event(new Message(-1, "bob", "room", "before"));
  alice.event({ type: "file", id: 1, from: "bob", name: "a.bin", contents: contents(bytes) });
  alice.event(new Message(-2, "bob", "room", "meanwhile")).pass(3000);
  const texts = alice.pieces.map(([, text]) => text);
  assertEquals(texts.slice(1, 6), ["<bob> before", "FILE", "client_a.bin", "200000", "bob"]);
  assertEquals(texts.slice(6, -1).join("").length, bytes.length);
  assertEquals(texts.at(-1), "<bob> meanwhile");
  for (const [i, [at, text]] of alice.pieces.entries()) {
    const before = alice.pieces[i - 1];
    const isData = /^A+$/.test(text) && before && /^A+$/.test(before[1]);
    if (before && !isData) assert(at - before[0] >= 100, `${text.slice(0, 20)} came ${at - before[0]} ms after`);
  }
  assertEquals(alice.commands.at(-1), { type: "fileTaken", id: 1 });
});

Deno.test("no text can be read as the announcement of a file", () => {
  const alice = Client.entered();
  // Clients read 1,024 bytes at once: what is left of this one would be FILE.
  const text = `${"x".repeat(1024 - "<mallory> ".length)}FILE`;
  alice.event(new Message(-1, "mallory", "room", text)).pass(200);
  assertEquals(alice.pieces.at(-1)![1], `<mallory> ${text} `);
});

Deno.test("many texts that wait come as lines of one piece; more than may wait end the session", () => {
  const alice = Client.entered();
  for (let i = 0; i < 100; i++) alice.event(new Message(-1, "bob", "room", `text ${i}`));
  alice.pass(5000);
  const lines = alice.pieces.slice(1).flatMap(([, piece]) => piece.split("\n"));
  assertEquals(lines, Array.from({ length: 100 }, (_, i) => `<bob> text ${i}`));
  assert(alice.pieces.every(([, piece]) => piece.length <= 1024));
  const slow = Client.entered({ outboxBytes: 2000 });
  for (let i = 0; i < 100; i++) slow.event(new Message(-1, "bob", "room", "x".repeat(100)));
  assertEquals(slow.ended, "more than 2000 bytes waited for it to read");
});

Deno.test("a client that says no name, or stops in the middle of a file, is disconnected", () => {
  assertEquals(new Client({ loginMs: 1000 }).pass(1000).ended, "no name came in time");
  assertEquals(new Client({ loginMs: 1000 }).send("a").pass(1100).ended, "no room came in time");
  const alice = Client.entered({ roomsStallMs: 1000 }).send("FILE").pass(100).send("client_x").pass(100).send("9");
  assertEquals(alice.pass(100).send("12").pass(1000).ended, "a file stopped arriving");
});

Deno.test("random bytes, cut anywhere, with any pauses: nothing throws, and nothing is held without bound", () => {
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.constantFrom("FILE", "client_a", "FILEclient_a", "5", "0", "99999999999999", "\n").map(bytesOf),
  );
  fc.assert(fc.property(fc.array(fc.tuple(part, fc.integer({ min: 0, max: 120 })), { maxLength: 30 }), (parts) => {
    const alice = Client.entered({ lineBytes: 128 });
    for (const [bytes, pause] of parts) if (alice.ended === undefined) alice.send(bytes).pass(pause);
    alice.pass(100);
    assert(alice.texts.every((text) => text.length <= 128));
  }));
});

Deno.test("a member's offer is no text: memory is asked for; where there is none, a line says who offered what, and the member is refused", () => {
  const client = Client.entered();
  const id = "A".repeat(22);
  const offer = { id, name: "slides.pdf", bytes: 2_000_000, files: undefined, digest: "B".repeat(42) + "A" };
  client.event(new Message(1, "bob", "room", offerText(offer)));
  assertEquals(client.commands.at(-1), { type: "reserveFile", offer: id, bytes: 2_000_000 });
  client.event({ type: "fileReserved", offer: id, why: "memory is full" }).pass(1000);
  assertEquals(client.pieces.at(-1)?.[1], "<bob> offers slides.pdf (2.0 MB), which is not sent here: memory is full");
  const refusals = client.commands.flatMap((each) => each.type === "signal" ? [[each.to, JSON.parse(each.text)]] : []);
  assertEquals(refusals, [["bob", { file: "refused", offer: id, why: "memory is full" }]]);
  client.event(new Message(2, "bob", "room", offerText({ ...offer, files: 3 }))).pass(1000);
  assertEquals(
    client.pieces.at(-1)?.[1],
    "<bob> offers the folder slides.pdf (2.0 MB), which is not sent here: a folder cannot be sent to this client",
  );
});

Deno.test("a client whose input ends right after a line sends the line, and then its end", () => {
  const client = new RoomsClient({ name: "bob", room: "lab", autoAccept: true, confirms: false });
  client.typed("hello");
  client.inputEnded();
  const done: string[] = [];
  for (let now = 0; now < 5000 && client.wakeAt < Infinity; now = Math.max(now, client.wakeAt)) {
    client.tick(now);
    for (const output of client.takeOutputs()) {
      done.push(output.type === "write" ? new TextDecoder().decode(output.bytes) : output.type);
    }
  }
  // The server never ends.
  assertEquals(done, ["bob", "lab", "hello\n", "finish", "ended"]);
});

Deno.test("a client that was busy takes the pieces of a file that have come as one; it leaves once the file is there", () => {
  const client = new RoomsClient({ name: "bob", room: "lab", autoAccept: true, confirms: false });
  let now = 0;
  const step = (text = "") => {
    if (text !== "") client.receive(bytesOf(text), now);
    client.tick(now += 1000);
    const outputs = client.takeOutputs().filter(({ type }) => type !== "write");
    return outputs.map((output) => output.type === "line" ? output.line : output.type);
  };
  assertEquals([...step("FILEclient_a 1.txt"), ...step("10joe")], ["receive", "file 1 from joe: a 1.txt (10 bytes)"]);
  client.inputEnded();
  assertEquals([...step("01234"), ...step(), ...step()], ["keep", "finish"]);
  assertEquals(step("56789"), ["keep", "save", "ended"]);
});

Deno.test("a text after a file that its server has spoiled is shown, as soon as the file's bytes are over", () => {
  for (const [size, data] of [[100, "x".repeat(100)], [70_000, "y".repeat(70_000)]] as const) {
    const client = new RoomsClient({ name: "bob", room: "lab", autoAccept: true, confirms: false });
    const lines: string[] = [];
    let now = 0;
    // The server separates the data from the name as little as the handout's own; the text follows after a pause.
    for (
      const pieces of [["FILE"], ["client_a.txt"], [`${size}`], [`joe${data.slice(0, 90)}`, data.slice(90)], [
        "<joe> hi",
      ]]
    ) {
      for (const piece of pieces) client.receive(bytesOf(piece), now);
      client.tick(now += 100);
      for (const output of client.takeOutputs()) if (output.type === "line") lines.push(output.line);
    }
    const why = "the server does not separate its bytes from its sender's name";
    assertEquals(lines, [`a.txt failed: ${why}`, "<joe> hi"], `${size}`);
  }
});

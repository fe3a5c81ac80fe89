import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { concat } from "../lib/core/bytes.ts";
import { UserError } from "../lib/core/errors.ts";
import { encodeText } from "../lib/core/text.ts";
import { TraceFilter } from "../lib/core/trace_filter.ts";
import { decodeWire, encodeWire, quoted, visible } from "../lib/core/wire_text.ts";
import { traceJson, type TraceRecord, traceText, WireTrace } from "../lib/core/wire_trace.ts";
import { maskPassword } from "../lib/protocols/im/mask.ts";
import { openTraceFile } from "../lib/store/trace_file.ts";
import { TraceWriter } from "../lib/terminal/trace_writer.ts";
import { ended, Folder, Running, SOURCES } from "./support/programs.ts";
import { RawClient, RECEIPT, TestServer, USERS } from "./support/test_server.ts";
import { until, Wire } from "./support/wire.ts";

const LA = 0;
const LB = 1;

Deno.test("bytes become text and bytes again, whatever they are", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
    assertEquals(encodeWire(decodeWire(bytes)), bytes);
  }));
});

Deno.test("what a reader would not see is shown, and a backslash is not mistaken for it", () => {
  const cases: [Uint8Array, string][] = [
    [encodeText("/list\r"), "/list\\r"],
    [encodeText("a\0b\tc\x1b[2J\x7f"), "a\\0b\\tc\\x1b[2J\\x7f"],
    [encodeText("a\u00a0b\u200bc\u202ed"), "a\\u{a0}b\\u{200b}c\\u{202e}d"],
    [Uint8Array.of(0x61, 0xff, 0xc3), "a\\xff\\xc3"],
    [encodeText("C:\\r ä 😀"), "C:\\\\r ä 😀"],
  ];
  for (const [bytes, shown] of cases) assertEquals(visible(decodeWire(bytes)), shown);
  assertEquals(quoted(" a  b c "), '"␠a␠␠b c␠"');
});

Deno.test("a password is masked where one stands, character for character, and nothing else is", () => {
  const before: [string, string][] = [
    ["/login joe 12345", "/login joe *****"],
    ["/login  joe 12345", "/login  joe *****"],
    ["/login joe  12345", "/login joe  *****"],
    ["/login joe\t12345\r", "/login joe\t*****\r"],
    ["/login joe 12345\0\0", "/login joe *****\0\0"],
    ["/login joe pä😀s", "/login joe ****"],
    ["/login joe 123 45 ", "/login joe *** ** "],
    ["/LOGIN joe 12345", "/LOGIN joe *****"],
    ["/lgoin joe 12345", "/lgoin joe *****"],
    ["login joe 12345", "login joe *****"],
    ["/login:joe:12345", "/login**********"],
    ["/loginjoe 12345", "/login*** *****"],
    ["joe 12345", "joe *****"],
    ["/login joe 12345/port 3000", "/login joe ********** ****"],
    // The name is empty.
    ["/login  12345", "/login  *****"],
    ["/login a", "/login a"],
    ["/register joe 12345", "/register joe *****"],
    ["/to bob hi there", "/to bob hi there"],
    ["/port 3000", "/port 3000"],
    ["", ""],
  ];
  for (const [line, shown] of before) assertEquals(maskPassword(line, true, false), shown, line);
  assertEquals(maskPassword("joe", true, true), "joe", "the answer to the first prompt");
  assertEquals(maskPassword("12345", true, false), "*****", "the answer to the second");
  assertEquals(maskPassword("/to bob /login joe 12345", false, false), "/to bob /login joe 12345");
  assertEquals(maskPassword("/login is what you say first", false, false), "/login is what you say first");
  assertEquals(maskPassword("/login joe 12345", false, false), "/login joe *****", "a client that logs in again");
  const padded = "\0\0/login joe 12345";
  for (const beforeLogin of [true, false]) {
    assertEquals(
      maskPassword(padded, beforeLogin, false),
      "\0\0/login joe *****",
      "behind the NULs of the line before",
    );
  }
});

/** A trace of a server session, as lines without the time. */
function serverTrace(given: { framing?: "lines" | "loose lines" | "pieces" } = {}) {
  const trace = new WireTrace(["La", "Lb"], "up", given.framing ?? "lines", (link) => {
    return link === LA ? (text, nth) => maskPassword(text, true, nth === 0) : undefined;
  });
  return { trace, lines: () => trace.takeOutputs().map((entry) => traceText(record(entry)).slice(9)) };
}

function record(entry: Partial<TraceRecord>): TraceRecord {
  const rest = { link: "La", direction: "up", text: "/list\n", kind: "line", remark: undefined } as const;
  return { time: 0, session: 1, name: "joe", user: "joe", ...rest, ...entry };
}

Deno.test("a trace shows a line that has not ended, how long it waits, and then the whole line", () => {
  const { trace, lines } = serverTrace();
  trace.received(LA, encodeText("/login joe "), 0);
  trace.received(LA, encodeText("1234567890123456"), 100);
  assertEquals(lines(), []);
  assertEquals(trace.wakeAt, 1100);
  trace.tick(1100);
  trace.tick(5100);
  assertEquals(lines(), [
    "joe La> (27 bytes without a line end, waiting 1 s) /login joe ****************\n",
    "joe La> (27 bytes without a line end, waiting 5 s) /login joe ****************\n",
  ]);
  trace.received(LA, encodeText("\r\n/list\n\n"), 6000);
  assertEquals(lines(), ["joe La> /login joe ****************\\r\n", "joe La> /list\n", "joe La> \n"]);
  assertEquals(trace.wakeAt, Infinity);
});

Deno.test("a trace shows what never gets a line end, what comes after the end, and what could not be sent", () => {
  const { trace, lines } = serverTrace();
  trace.received(LB, encodeText("302 Messa"), 0);
  trace.closed(LB);
  trace.closed(LB);
  trace.received(LA, encodeText("/exit\n/li"), 0, true);
  trace.sent(LA, encodeText("310 Bye bye\n"));
  trace.notTaken(LA, 12);
  trace.sent(LB, encodeText("no end"));
  assertEquals(lines(), [
    "joe Lb> (9 bytes without a line end, then the end) 302 Messa\n",
    "joe La> (after the end) /exit\n",
    "joe La> (3 bytes without a line end, after the end) /li\n",
    "joe La< 310 Bye bye\n",
    "joe La< (12 bytes of that could not be sent)\n",
    "joe Lb< (6 bytes without a line end) no end\n",
  ]);
});

Deno.test("protocols without line ends are traced read by read, and those that take any text at once", () => {
  const pieces = serverTrace({ framing: "pieces" });
  pieces.trace.received(LB, encodeText('{"a":1}\n{"b"'), 0);
  pieces.trace.sent(LB, Uint8Array.of(0, 0xff));
  assertEquals(pieces.lines(), ['joe Lb> {"a":1}\\n{"b"\n', "joe Lb< \\0\\xff\n"]);
  const loose = serverTrace({ framing: "loose lines" });
  loose.trace.received(LB, encodeText("hi\nhel"), 0);
  loose.trace.received(LB, encodeText("lo\n"), 0);
  assertEquals(loose.lines(), ["joe Lb> hi\n", "joe Lb> (3 bytes without a line end) hel\n", "joe Lb> lo\n"]);
});

Deno.test("a trace has exactly the bytes that arrived, wherever they are cut", () => {
  const line = fc.oneof(
    fc.uint8Array({ maxLength: 30 }),
    fc.constantFrom(...["/login joe 12345\r\n", "\0\n", "  \n", "ä\n"].map(encodeText)),
    fc.uint8Array({ minLength: 5000, maxLength: 5000 }),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), fc.array(fc.nat(3000), { maxLength: 60 }), (parts, cuts) => {
      const bytes = concat(parts);
      const { trace } = serverTrace();
      let at = 0;
      for (const cut of [...cuts, bytes.length]) {
        trace.received(LB, bytes.subarray(at, at + cut), 0);
        at = Math.min(bytes.length, at + cut);
      }
      trace.closed(LB);
      assertEquals(concat(trace.takeOutputs().map(({ text }) => encodeWire(text!))), bytes);
    }),
    { numRuns: 200 },
  );
});

Deno.test("no cut and no pause shows a password", () => {
  const login = fc.constantFrom(
    "/login joe S3CR3T\n",
    "/login  joe  S3CR3T\r\n",
    "/login\tjoe S3CR3T",
    "joe\nS3CR3T\n",
    "/login joe\nS3CR3T\n",
    `/login joe ${"x".repeat(5000)}S3CR3T\n`,
  );
  fc.assert(fc.property(login, fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 30 }), (text, cuts) => {
    const { trace, lines } = serverTrace();
    const bytes = encodeText(text);
    let at = 0;
    let now = 0;
    for (const cut of [...cuts, bytes.length]) {
      trace.received(LA, bytes.subarray(at, at + cut), now);
      at = Math.min(bytes.length, at + cut);
      trace.tick(now += 1000);
    }
    trace.closed(LA);
    const shown = lines().join("");
    assert(!/S3CR|3CR3|CR3T/.test(shown), shown);
  }));
});

Deno.test("a record for programs has the bytes as text, or in base64 where they are not UTF-8", () => {
  assertEquals(JSON.parse(traceJson(record({ text: "/list\r\n" }))), {
    time: "1970-01-01T00:00:00.000Z",
    session: 1,
    name: "joe",
    link: "La",
    direction: "up",
    bytes: "/list\r\n",
    verdict: null,
  });
  const binary = JSON.parse(traceJson(record({ text: decodeWire(Uint8Array.of(0xff, 0x0a)) })));
  assertEquals([binary.bytes, binary.base64], [undefined, "/wo"]);
});

Deno.test("--trace-only shows a user's login too, also one that fails, and no other user", () => {
  const filter = new TraceFilter(["Joe"]);
  const unnamed = (session: number, text: string) =>
    filter.take(record({ session, name: `10.0.0.${session}:5000`, user: undefined, text })).map(({ text }) => text);
  assertEquals(unnamed(1, "/lst\n"), []);
  assertEquals(unnamed(2, "/login bob 1\n"), []);
  assertEquals(unnamed(1, "/login joe"), ["/lst\n", "/login joe"]);
  assertEquals(unnamed(1, "102\n"), ["102\n"]);
  assertEquals(filter.take(record({ session: 2, user: "bob" })), []);
  assertEquals(filter.take(record({ session: 1, user: "joe" })).length, 1);
  const byAddress = new TraceFilter(["10.0.0.7"]);
  assertEquals(byAddress.take(record({ name: "10.0.0.7:5000", user: undefined })).length, 1);
});

Deno.test("a trace file is its owner's alone, is appended to, and begins on a line of its own", async () => {
  using folder = new Folder();
  const path = folder.write("trace.jsonl", '{"half');
  if (Deno.build.os !== "windows") Deno.chmodSync(path, 0o644);
  const writer = new TraceWriter({ file: openTraceFile(path) });
  writer.write(record({}));
  writer.write(record({ kind: "complaint", text: undefined, remark: "no" }));
  await writer.close();
  const [half, first, second, ...rest] = folder.read("trace.jsonl").split("\n");
  assertEquals([half, JSON.parse(first!).bytes, JSON.parse(second!).verdict, rest], ['{"half', "/list\n", "no", [""]]);
  if (Deno.build.os === "windows") return;
  assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
  Deno.symlinkSync(path, `${folder.path}/link`);
  assertThrows(() => openTraceFile(`${folder.path}/link`), UserError, "it is a symbolic link");
  assertThrows(() => openTraceFile(folder.path), UserError, "cannot write the trace file");
});

Deno.test("a disk that does not keep up costs lines, which are counted, and never waits", async () => {
  const { promise: ready, resolve: release } = Promise.withResolvers<void>();
  let written = "";
  const file = {
    path: "slow",
    async write(bytes: Uint8Array) {
      await ready;
      written += new TextDecoder().decode(bytes);
      return bytes.length;
    },
    close() {},
  };
  const writer = new TraceWriter({ file });
  // The first write takes one record; 8 MB of the others wait.
  writer.write(record({}));
  await Promise.resolve();
  await Promise.resolve();
  for (let i = 0; i < 3000; i++) writer.write(record({ text: `${"x".repeat(4096)}\n` }));
  release();
  await writer.close();
  const lines = written.trimEnd().split("\n").map((line) => JSON.parse(line));
  const dropped = Number(/^(\d+) lines were dropped/.exec(lines.at(-1).verdict)![1]);
  assert(dropped > 500);
  assertEquals(lines.length - 1 + dropped, 3001);
});

const hasPython = await new Deno.Command("python3", { args: ["-V"] }).output().then(() => true, () => false);

/** A small program as students write it: one recv is one message. It makes one mistake, then waits for the server to go. */
const STUDENT = `
import socket, sys
mistake, port = sys.argv[1], int(sys.argv[2])
la = socket.create_connection(("127.0.0.1", port))
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(1)
def ask(text):
    la.sendall(text.encode())
    return la.recv(1024)
if mistake == "login":
    ask("/login  bob 12345\\n")
elif mistake == "newline":
    la.sendall(b"/login bob 12345")
    la.recv(1024)
else:
    ask("/login bob 12345\\n")
    la.sendall(b"/port %d\\n" % listener.getsockname()[1])
    lb, _ = listener.accept()
    la.recv(1024)
    lb.recv(1024)
    lb.sendall(b"303 ok\\n")
    la.recv(1024)
`;

/** A student's program at `server --trace`, until the server has logged the mistake; what the server has said, without times. */
async function mistaken(
  mistake: string,
  logged: RegExp,
  limits: readonly string[],
  meanwhile?: (jacky: RawClient) => Promise<void>,
) {
  using folder = new Folder();
  const args = ["0", folder.write("users.txt", USERS), "--host", "127.0.0.1", "--trace", "--trace-file", "t.jsonl"];
  await using server = new Running(SOURCES, "server", [...args, ...limits, "--trace-only", "bob"], folder.path);
  const [, port] = await server.printed(/^im listening on 127\.0\.0\.1:(\d+)\n/);
  using jacky = meanwhile && await RawClient.open(Number(port));
  await jacky?.login("jacky", "12345");
  const student = new Deno.Command("python3", { args: ["-c", STUDENT, mistake, port!] }).spawn();
  try {
    if (jacky) {
      await until(() => server.err.includes("bob La< 201"), "bob is linked");
      await meanwhile!(jacky);
    }
    await until(() => logged.test(server.err), () => `${logged} in ${server.err}`);
  } finally {
    await ended(student);
  }
  server.process.kill("SIGTERM");
  await server.over();
  const said = server.err.replaceAll(/^\d\d:\d\d:\d\d /gm, "").replaceAll(/127\.0\.0\.1:\d+/g, "ADDR")
    .replaceAll(/\/port \d+/g, "/port N").split("\n");
  const records = folder.read("t.jsonl").trimEnd().split("\n").map((line) => JSON.parse(line));
  return { said, records };
}

const students = { ignore: !hasPython && !Deno.env.has("PARTYLINE_REQUIRE_ALL") };

Deno.test("a malformed login at server --trace: the trace and one log line name it", students, async () => {
  const { said, records } = await mistaken("login", /got 401/, []);
  assertEquals(said.slice(0, 3), [
    "ADDR La> /login  bob *****",
    'warning ADDR got 401: "/login␠␠bob *****" is malformed: expected "/login NAME PASSWORD"',
    "ADDR La< 401 Unrecognized message",
  ]);
  assertEquals(said.filter((line) => line.startsWith("warning ADDR got")).length, 1);
  assertEquals(records.slice(0, 3).map(({ link, direction, bytes, verdict }) => [link, direction, bytes, verdict]), [
    ["La", "up", "/login  bob *****\n", null],
    ["La", "up", "", 'got 401: "/login␠␠bob *****" is malformed: expected "/login NAME PASSWORD"'],
    ["La", "down", "401 Unrecognized message\n", null],
  ]);
  assertEquals(JSON.stringify([said, records]).includes("12345"), false);
});

Deno.test("a missing newline at server --trace: the trace and one log line name it", students, async () => {
  const { said, records } = await mistaken("newline", /left/, ["--login-ms", "4000"]);
  assertEquals(said.slice(0, 3), [
    "ADDR La> (16 bytes without a line end, waiting 1 s) /login bob *****",
    'warning 127.0.0.1 left: no successful /login within 4 s, after 16 bytes without a line end, "/login bob *****" ' +
    "(0 online)",
    "ADDR La> (16 bytes without a line end, then the end) /login bob *****",
  ]);
  assertEquals(records[0].bytes, "/login bob *****");
  assertEquals(records[0].verdict, "16 bytes without a line end, waiting 1 s");
  assertEquals(JSON.stringify([said, records]).includes("12345"), false);
});

Deno.test("a wrong receipt at server --trace: the trace and one log line name it", students, async () => {
  const { said } = await mistaken("receipt", /got 304/, ["--receipt-ms", "3000"], async (jacky) => {
    assertEquals(await jacky.la.ask("/to bob hi"), "304 Message delivery failed");
  });
  const bobs = said.filter((line) => /^(warning )?(ADDR|bob) /.test(line)).slice(0, 7);
  assertEquals(bobs, [
    "ADDR La> /login bob *****",
    "bob La< 101 Authentication successful",
    "bob La> /port N",
    "bob La< 201 Build connection successful",
    "bob Lb< /from jacky hi",
    "bob Lb> 303 ok",
    'warning bob answered "303 ok", expected "302 Message receipt successful"',
  ]);
  assertEquals(said.filter((line) => line.startsWith("warning jacky")), ["warning jacky got 304: no receipt from bob"]);
});

/** A server that answers the handout's client as `serve` does; what `client --trace` has said, without times. */
async function clientOf(serve: (la: Wire, client: Running) => Promise<void>, seen: RegExp): Promise<string> {
  using folder = new Folder();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const args = ["127.0.0.1", String(listener.addr.port), "--trace", "--name", "jacky"];
  const password = ["--password-file", folder.write("password", "12345\n")];
  await using client = new Running(SOURCES, "client", [...args, ...password], folder.path);
  using la = new Wire(await listener.accept());
  await serve(la, client);
  await until(() => seen.test(client.err), () => `${seen} in ${client.err}`);
  return client.err.replaceAll(/^\d\d:\d\d:\d\d /gm, "").replaceAll(/\/port \d+/g, "/port N");
}

Deno.test("client --trace: a server's reply without a newline, and how long the client waits for it", async () => {
  const said = await clientOf(async (la) => {
    assertEquals(await la.line(), "/login jacky 12345");
    await la.send("101 Authentication successful");
  }, /without a line end[^]*waiting for|waiting for[^]*without a line end/);
  assertEquals(said.split("\n").toSorted(), [
    "",
    "jacky La< (29 bytes without a line end, waiting 1 s) 101 Authentication successful",
    "jacky La< (waiting for a reply to /login, 1 s)",
    "jacky La> /login jacky *****",
  ]);
});

Deno.test("client --trace: a server's wrong reply, and its line ends", async () => {
  const said = await clientOf(async (la) => {
    await la.line();
    await la.send("100 Welcome\0\r\n");
  }, /client: /);
  assertEquals(said.split("\n").slice(0, 5), [
    "jacky La> /login jacky *****",
    "jacky La< 100 Welcome\\0\\r",
    'warning the server sent "100 Welcome\\0\\r\\n" on La, expected 100 Welcome\\0\\n ' +
    "(im/1/2: each line of the server ends in a newline, and in nothing else)",
    'warning the server sent "100 Welcome\\0" on La, expected 101 Authentication successful or ' +
    "102 Authentication failed, to /login jacky ***** (im/2/1: the right password is answered 101)",
    "client: the server refused the login of jacky: 100 Welcome␀",
  ]);
});

/** Logs jacky in at a server that is played, and connects Lb. */
async function linked(la: Wire): Promise<Wire> {
  await la.line();
  await la.send("101 Authentication successful\n");
  const port = Number((await la.line()).slice("/port ".length));
  const lb = await Wire.connect(port);
  await la.send("201 Build connection successful\n");
  return lb;
}

Deno.test("client --trace: a server that sends a message without a newline on Lb", async () => {
  const said = await clientOf(async (la) => {
    await (await linked(la)).send("/from bob hi");
  }, /warning/);
  assertEquals(said.split("\n").slice(-4), [
    "jacky Lb< (12 bytes without a line end, waiting 1 s) /from bob hi",
    "jacky Lb< (12 bytes without a line end, waiting 5 s) /from bob hi",
    'warning the server sent "/from bob hi" on Lb, expected /from bob hi\\n ' +
    "(im/1/2: each line of the server ends in a newline, and in nothing else)",
    "",
  ]);
});

Deno.test("client --trace: a server with a wrong code and a wrong verb, each named once", async () => {
  const said = await clientOf(async (la, client) => {
    using lb = await linked(la);
    await lb.send("/form bob hi\n");
    assertEquals(await lb.line(), "302 Message receipt successful");
    await client.type("/to bob hi\n");
    assertEquals(await la.line(), "/to bob hi");
    await la.send("303ok\n");
  }, /im\/4\/2/);
  assertEquals(said.split("\n").filter((line) => line.startsWith("warning")), [
    'warning the server sent "/form bob hi" on Lb, expected /from SENDER TEXT, or /broadcastfrom SENDER TEXT ' +
    "(im/4/1: the server passes a private message on to its receiver)",
    'warning the server sent "303ok" on La, expected 303 Message delivery successful or 304 Message delivery failed, ' +
    "to /to bob hi (im/4/2: a message that its receiver has acknowledged is answered 303)",
  ]);
});

Deno.test("--trace shows every kind of listener as its bytes went, and what comes after the end", async () => {
  await using server = await TestServer.open({
    ...{ trace: true, lobby: true, addressBook: true },
    // What the guest has not ended is not said to others while they are looked at.
    limits: { lobbyQuietMs: 60_000 },
  });
  const traced = () => server.traced.map((line) => line.slice(9).replaceAll(/127\.0\.0\.1(:\d+)?/g, "ADDR"));
  using guest = await server.guest();
  await guest.send("/login is what you say first\r\nhel");
  await until(() => traced().length >= 3, "the lobby is traced");
  assertEquals(traced(), [
    "ADDR tcp< Welcome to this chatroom!\n",
    "ADDR tcp> /login is what you say first\\r\n",
    "ADDR tcp> (3 bytes without a line end) hel\n",
  ]);
  server.traced.length = 0;
  using book = await Wire.connect(server.portOf("address-book"));
  await book.send("R:10.9.9.9:3002:bob\0");
  await book.rest();
  assertEquals(traced()[0], "ADDR tcp> R:10.9.9.9:3002:bob\\0\n");
  server.traced.length = 0;
  using jacky = await server.join("jacky");
  await jacky.la.send("/exit\n/list\n");
  assertEquals(await jacky.la.rest(), "310 Bye bye\n");
  await jacky.la.send("/list\n");
  await until(() => traced().some((line) => line.includes("after the end")), "what is late is traced");
  assertEquals(traced().slice(4), [
    "jacky La> /exit\n",
    "jacky La> /list\n",
    "jacky La< 310 Bye bye\n",
    "jacky La> (after the end) /list\n",
  ]);
});

Deno.test("a client that never answers a broadcast but private messages costs a sender 250 ms, and stays", async () => {
  await using server = await TestServer.open({ limits: { receiptMs: 3000, deafMs: 20 } });
  using deaf = await server.join("bob");
  using jacky = await server.join("jacky");
  const answering = (async () => {
    for (let i = 0; i < 7; i++) if ((await deaf.lb.line()).startsWith("/from")) await deaf.lb.send(RECEIPT);
  })();
  assertEquals(await jacky.la.ask("/to bob 1"), "303 Message delivery successful");
  for (let i = 0; i < 5; i++) assertEquals(await jacky.la.ask(`/toall ${i}`), "304 Message delivery failed");
  assertEquals(await jacky.la.ask("/to bob 2"), "303 Message delivery successful");
  await answering;
  assertEquals(await jacky.la.ask("/list"), "301 jacky bob");
});

Deno.test("a client that closes one of its two connections is gone, whichever it is", async () => {
  await using server = await TestServer.open({ limits: { partingMs: 20 } });
  using jacky = await server.join("jacky");
  for (const link of ["la", "lb"] as const) {
    using bob = await server.join("bob");
    bob[link].close();
    assertEquals(await bob[link === "la" ? "lb" : "la"].rest(), "");
    assertEquals(await jacky.la.ask("/to bob hi"), "304 Message delivery failed");
  }
  assertEquals(await jacky.la.ask("/list"), "301 jacky");
});

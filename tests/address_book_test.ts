import { assert, assertEquals, assertMatch } from "@std/assert";
import { decodeLossy } from "../lib/core/text.ts";
import { AddressBookServer } from "./support/address_book.ts";
import { Folder, Running, SOURCES } from "./support/programs.ts";
import { hasPython } from "./support/python.ts";
import { USERS } from "./support/test_server.ts";
import { until, Wire } from "./support/wire.ts";

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
  await using server = await AddressBookServer.open({ bookRequestMs: 60_000 });
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

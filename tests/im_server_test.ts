import { delay } from "@std/async/delay";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { freePort } from "../lib/net/free_port.ts";
import { RawClient, RECEIPT, TestServer } from "./support/test_server.ts";
import { until } from "./support/wire.ts";

Deno.test("the handout's complete session, byte for byte", async () => {
  await using server = await TestServer.open();
  using bob = await server.join("bob");
  using michael = await server.join("michael");
  using jacky = await RawClient.open(server.port);
  assertEquals(await jacky.la.ask("/login jacky 12345"), "101 Authentication successful");
  await jacky.link();
  assertEquals(await jacky.la.ask("/list"), "301 jacky bob michael");

  await jacky.la.send("/to bob Hello! Nice to meet you!\n");
  assertEquals(await bob.take(), "/from jacky Hello! Nice to meet you!");
  assertEquals(await jacky.la.line(), "303 Message delivery successful");

  await michael.la.send("/to jacky Hi, Jacky!\n");
  assertEquals(await jacky.take(), "/from michael Hi, Jacky!");
  assertEquals(await michael.la.line(), "303 Message delivery successful");

  await jacky.la.send("/toall How about meeting at 3pm today?\n");
  assertEquals(await bob.take(), "/broadcastfrom jacky How about meeting at 3pm today?");
  assertEquals(await michael.take(), "/broadcastfrom jacky How about meeting at 3pm today?");
  assertEquals(await jacky.la.line(), "303 Message delivery successful");

  assertEquals(await jacky.la.ask("/exit"), "310 Bye bye");
  assertEquals(await jacky.la.rest(), "");
  assertEquals(await jacky.lb.rest(), "");
  assertEquals(await bob.la.ask("/list"), "301 bob michael");
});

Deno.test("everything but a login is 401 before the login, and changes nothing", async () => {
  await using server = await TestServer.open();
  using la = await server.connect();
  for (
    const line of [
      "",
      "hello",
      "/list",
      "/port 5000",
      "/to bob hi",
      "/toall hi",
      "/exit",
      "/login a",
      "/login",
      "/login a b c",
    ]
  ) {
    assertEquals(await la.ask(line), "401 Unrecognized message", line);
  }
  assertEquals(await la.ask("/login jacky 12345"), "101 Authentication successful");
});

Deno.test("everything but a port is 401 before the link", async () => {
  await using server = await TestServer.open();
  using la = await server.connect();
  await la.ask("/login jacky 12345");
  for (
    const line of ["/list", "/port x", "/port 70000", "/port 0", "/port", "/port 1 2", "/exit", "/login jacky 12345"]
  ) {
    assertEquals(await la.ask(line), "401 Unrecognized message", line);
  }
});

Deno.test("malformed commands are 401 in the chat, and the chat goes on", async () => {
  await using server = await TestServer.open();
  using jacky = await server.join("jacky");
  for (
    const line of [
      "/to bob",
      "/to bob ",
      "/to",
      "/to  hi",
      "/toall",
      "/toall ",
      "/list x",
      "/exit x",
      "/LIST",
      " /list",
      "/port 5000",
      "/login bob 12345",
    ]
  ) {
    assertEquals(await jacky.la.ask(line), "401 Unrecognized message", line);
  }
  assertEquals(await jacky.la.ask("/list"), "301 jacky");
});

Deno.test("every wrong password gets 102; then the right one gets 101", async () => {
  await using server = await TestServer.open({ limits: { freeFailures: 10 } });
  using la = await server.connect();
  for (let i = 0; i < 8; i++) assertEquals(await la.ask("/login jacky guess"), "102 Authentication failed");
  assertEquals(await la.ask("/login nobody 12345"), "102 Authentication failed");
  assertEquals(await la.ask("/login jacky 12345"), "101 Authentication successful");
});

Deno.test("a name that is online cannot log in again until it has left", async () => {
  await using server = await TestServer.open();
  const first = await server.join("jacky");
  using second = await server.connect();
  assertEquals(await second.ask("/login jacky 12345"), "102 Authentication failed");
  first.close();
  await until(() => server.instance.hub.size.online === 0, "jacky is offline");
  assertEquals(await second.ask("/login jacky 12345"), "101 Authentication successful");
});

Deno.test("message text is forwarded unchanged: blanks, tabs, other scripts, control characters", async () => {
  await using server = await TestServer.open();
  using jacky = await server.join("jacky");
  for (const text of [" two  blanks ", "\ttab", "Ünïcødé 你好 🎉", "a\rb", "\x1b[31mred\x00", "\ufeffmark", "/exit"]) {
    await jacky.la.send(`/to jacky ${text}\n`);
    assertEquals(await jacky.take(), `/from jacky ${text}`);
    assertEquals(await jacky.la.line(), "303 Message delivery successful");
  }
});

Deno.test("/to an unknown or offline user is 304; /toall with nobody else online is 303", async () => {
  await using server = await TestServer.open();
  using jacky = await server.join("jacky");
  assertEquals(await jacky.la.ask("/to bob hi"), "304 Message delivery failed");
  assertEquals(await jacky.la.ask("/to nobody hi"), "304 Message delivery failed");
  assertEquals(await jacky.la.ask("/toall hi"), "303 Message delivery successful");
});

Deno.test("/toall is 304 if one user does not confirm, and the others receive it", async () => {
  await using server = await TestServer.open({ limits: { receiptMs: 100 } });
  using jacky = await server.join("jacky");
  using bob = await server.join("bob");
  using michael = await server.join("michael");
  await jacky.la.send("/toall hi\n");
  assertEquals(await bob.take(), "/broadcastfrom jacky hi");
  assertEquals(await michael.lb.line(), "/broadcastfrom jacky hi");
  assertEquals(await jacky.la.line(), "304 Message delivery failed");
});

Deno.test("one message at a time on Lb: the second is sent only after the receipt for the first", async () => {
  await using server = await TestServer.open();
  using jacky = await server.join("jacky");
  using bob = await server.join("bob");
  using michael = await server.join("michael");
  await bob.la.send("/to jacky one\n");
  assertEquals(await jacky.lb.line(), "/from bob one");
  await michael.la.send("/to jacky two\n");
  // michael's next command shows that the server has taken "two", had it been willing to send it.
  using alice = await server.join("alice");
  assertEquals(await alice.la.ask("/to nobody x"), "304 Message delivery failed");
  assertEquals(jacky.lb.unread, "");
  await jacky.lb.send(RECEIPT);
  assertEquals(await bob.la.line(), "303 Message delivery successful");
  assertEquals(await jacky.take(), "/from michael two");
  assertEquals(await michael.la.line(), "303 Message delivery successful");
});

Deno.test("a receiver that never confirms delays nobody else and is disconnected after three messages", async () => {
  await using server = await TestServer.open({ limits: { receiptMs: 1000 } });
  using deaf = await server.join("michael");
  using jacky = await server.join("jacky");
  using bob = await server.join("bob");
  await jacky.la.send("/to michael 1\n");
  await bob.la.send("/to bob me\n");
  assertEquals(await bob.take(), "/from bob me");
  assertEquals(await bob.la.line(), "303 Message delivery successful");
  assertEquals(await jacky.la.line(), "304 Message delivery failed");
  assertEquals(await jacky.la.ask("/to michael 2"), "304 Message delivery failed");
  assertEquals(await jacky.la.ask("/to michael 3"), "304 Message delivery failed");
  assertEquals(await deaf.la.rest(), "");
  assertEquals(await jacky.la.ask("/list"), "301 jacky bob");
});

Deno.test("a receipt with nothing in flight is ignored", async () => {
  await using server = await TestServer.open({ limits: { receiptMs: 80 }, trace: true });
  using jacky = await server.join("jacky");
  using bob = await server.join("bob");
  await bob.lb.send(RECEIPT + RECEIPT);
  await until(() => server.traced.filter((line) => line.includes("bob Lb> 302")).length === 2, "both have come");
  await jacky.la.send("/to bob hi\n");
  assertEquals(await bob.lb.line(), "/from jacky hi");
  assertEquals(await jacky.la.line(), "304 Message delivery failed");
});

Deno.test("a receipt without a newline counts", async () => {
  await using server = await TestServer.open();
  using jacky = await server.join("jacky");
  for (const text of ["one", "two", "three"]) {
    await jacky.la.send(`/to jacky ${text}\n`);
    assertEquals(await jacky.lb.line(), `/from jacky ${text}`);
    await jacky.lb.send(RECEIPT.trimEnd());
    assertEquals(await jacky.la.line(), "303 Message delivery successful");
  }
});

Deno.test("commands split, joined or ended with \\r\\n are processed in order", async () => {
  await using server = await TestServer.open();
  using la = await server.connect();
  for (const byte of "/login jacky 12345\r\n") await la.send(byte);
  assertEquals(await la.line(), "101 Authentication successful");
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await la.send(`/port ${listener.addr.port}\r\n/list\r\n/toall x\n/nonsense\n/exit\n/list\n`);
  using _lb = await listener.accept();
  assertEquals(await la.lines(5), [
    "201 Build connection successful",
    "301 jacky",
    "303 Message delivery successful",
    "401 Unrecognized message",
    "310 Bye bye",
  ]);
  assertEquals(await la.rest(), "");
});

Deno.test("a client that listens shortly after /port is linked", async () => {
  await using server = await TestServer.open({ limits: { linkRetryMs: 10_000 } });
  using la = await server.connect();
  await la.ask("/login jacky 12345");
  const port = freePort();
  await la.send(`/port ${port}\n`);
  await new Promise((resolve) => setTimeout(resolve, 200));
  using _listener = Deno.listen({ hostname: "127.0.0.1", port });
  assertEquals(await la.line(), "201 Build connection successful");
});

Deno.test("a client that never listens gets 202 and may announce another port", async () => {
  await using server = await TestServer.open({ limits: { linkRetryMs: 100 } });
  using jacky = await RawClient.open(server.port);
  await jacky.la.ask("/login jacky 12345");
  assertEquals(await jacky.la.ask(`/port ${freePort()}`), "202 Build connection failed");
  await jacky.link();
  assertEquals(await jacky.la.ask("/list"), "301 jacky");
});

Deno.test("an incomplete last line ends the session and has no effect", async () => {
  await using server = await TestServer.open();
  const jacky = await server.join("jacky");
  using bob = await server.join("bob");
  await jacky.la.send("/to bob hel");
  jacky.close();
  await until(() => server.instance.runner.size === 1, "jacky is gone");
  assertEquals(await bob.la.ask("/list"), "301 bob");
  assertEquals(bob.lb.unread, "");
});

Deno.test("a line longer than the limit is 401, and the connection ends", async () => {
  await using server = await TestServer.open();
  using jacky = await server.join("jacky");
  await jacky.la.send(`/to jacky ${"x".repeat(20_000)}`);
  assertEquals(await jacky.la.line(), "401 Unrecognized message");
  assertEquals(await jacky.la.rest(), "");
});

Deno.test("a line of exactly the limit is accepted", async () => {
  await using server = await TestServer.open();
  using jacky = await server.join("jacky");
  const text = "x".repeat(16 * 1024 - "/to jacky ".length);
  await jacky.la.send(`/to jacky ${text}\r\n`);
  assertEquals(await jacky.take(), `/from jacky ${text}`);
  assertEquals(await jacky.la.line(), "303 Message delivery successful");
});

Deno.test("a line that is not UTF-8 is 401, and the chat goes on", async () => {
  await using server = await TestServer.open();
  using jacky = await server.join("jacky");
  await jacky.la.send(Uint8Array.from([...new TextEncoder().encode("/to jacky "), 0xff, 0xfe, 0x0a]));
  assertEquals(await jacky.la.line(), "401 Unrecognized message");
  assertEquals(await jacky.la.ask("/list"), "301 jacky");
});

Deno.test("a login that never comes ends the connection", async () => {
  await using server = await TestServer.open({ limits: { loginMs: 2000 } });
  using la = await server.connect();
  using jacky = await server.connect();
  await jacky.ask("/login jacky 12345");
  assertEquals([await la.rest(), await jacky.rest()], ["", ""]);
  assertEquals(server.instance.hub.size, { sessions: 0, online: 0, underWay: 0, heldLogins: 0, waitingBytes: 0 });
});

Deno.test("when Lb closes with a message in flight: 304, the name is gone, /exit still gets 310", async () => {
  await using server = await TestServer.open({ limits: { partingMs: 60_000 } });
  using jacky = await server.join("jacky");
  using bob = await server.join("bob");
  await jacky.la.send("/to bob hi\n");
  assertEquals(await bob.lb.line(), "/from jacky hi");
  bob.lb.close();
  assertEquals(await jacky.la.line(), "304 Message delivery failed");
  assertEquals(await jacky.la.ask("/list"), "301 jacky");
  assertEquals(await bob.la.ask("/list"), "401 Unrecognized message");
  assertEquals(await bob.la.ask("/exit"), "310 Bye bye");
  assertEquals(await bob.la.rest(), "");
});

Deno.test("a client that closes only La is logged out, and its Lb is closed", async () => {
  await using server = await TestServer.open();
  using jacky = await server.join("jacky");
  using bob = await server.join("bob");
  jacky.la.close();
  assertEquals(await jacky.lb.rest(), "");
  assertEquals(await bob.la.ask("/list"), "301 bob");
});

Deno.test("a client that half-closes La still receives its replies", async () => {
  await using server = await TestServer.open();
  using jacky = await server.join("jacky");
  await jacky.la.send("/list\n/toall x\n");
  await jacky.la.finish();
  assertEquals(await jacky.la.rest(), "301 jacky\n303 Message delivery successful\n");
});

Deno.test("a stopping server sends 304 for pending messages and 310 to all, and closes every connection", async () => {
  const server = await TestServer.open();
  using jacky = await server.join("jacky");
  using bob = await server.join("bob");
  using stranger = await server.connect();
  await stranger.ask("/hello");
  await jacky.la.send("/to bob hi\n");
  await bob.lb.line();
  await server.instance.stop();
  assertEquals(await jacky.la.rest(), "304 Message delivery failed\n310 Bye bye\n");
  assertEquals(await bob.la.rest(), "310 Bye bye\n");
  assertEquals(await stranger.rest(), "");
  assertEquals(server.instance.hub.size.sessions, 0);
});

Deno.test("the server has stopped only when every Lb is closed too", async () => {
  const server = await TestServer.open();
  using bob = await server.join("bob");
  const stopped = server.instance.stop();
  assertEquals(await bob.la.rest(), "310 Bye bye\n");
  bob.la.close();
  await stopped;
  // bob's end of Lb is still open; the server's is closed, and the first write to it is answered with a reset.
  await assertRejects(async () => {
    for (let tries = 0; tries < 300; tries++) {
      await bob.lb.send(RECEIPT);
      await delay(10);
    }
  });
});

Deno.test("--trace shows every wire line and no password", async () => {
  await using server = await TestServer.open({ trace: true });
  using jacky = await server.join("jacky");
  await jacky.la.send("/to jacky hi\n");
  await jacky.take();
  await jacky.la.line();
  const lines = server.traced.map((line) =>
    line.replace(/^\d\d:\d\d:\d\d (127\.0\.0\.1:\d+ )?/, "").replace(/\d+\n/, "N\n")
  );
  assertEquals(lines, [
    "La> /login jacky *****\n",
    "jacky La< 101 Authentication successful\n",
    "jacky La> /port N\n",
    "jacky La< 201 Build connection successful\n",
    "jacky La> /to jacky hi\n",
    "jacky Lb< /from jacky hi\n",
    "jacky Lb> 302 Message receipt successful\n",
    "jacky La< 303 Message delivery successful\n",
  ]);
  assertEquals(server.traced.join("").includes("12345"), false);
  assertStringIncludes(server.traced[0]!, "127.0.0.1:");
});

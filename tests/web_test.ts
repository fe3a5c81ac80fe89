import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Browser } from "./support/browser.ts";
import { type Accounts, decodeUsers } from "../lib/chat/accounts.ts";
import { Folder, Running, SOURCES } from "./support/programs.ts";
import { HASHED_USERS, TestServer, WebTestServer } from "./support/test_server.ts";
import { WAIT_MS, Wire } from "./support/wire.ts";

function browser(server: TestServer): Browser {
  return new Browser(server.portOf("web"));
}

Deno.test("a user of the page chats with the IM handout's client and sees the outcome of each message", async () => {
  await using server = await WebTestServer.open();
  using bob = await server.join("bob");
  const alice = browser(server);
  assertEquals((await alice.about()).name, null);
  await using chat = await alice.join("alice");
  assertEquals((await alice.about()).name, "alice");
  assertEquals((await chat.next("welcome")).name, "alice");
  assertEquals((await chat.resume()).rooms, ["lobby"]);
  await chat.say({ type: "say", number: 1, to: "bob", text: "are you there?" });
  assertEquals(await bob.take(), "/from alice are you there?");
  const own = await chat.next("message");
  assertEquals([own.from, own.number], ["alice", 1]);
  assertEquals(await chat.next("received"), { type: "received", by: "bob", upTo: own.seq });
  await bob.la.send("/to alice yes\n");
  const { seq, text } = await chat.next("message");
  assertEquals(text, "yes");
  await chat.say({ type: "ack", seq });
  assertEquals(await bob.la.line(), "303 Message delivery successful");
});

Deno.test("without a login there is no chat, and a refused login reveals nothing else", async () => {
  await using server = await WebTestServer.open();
  const alice = browser(server);
  await assertRejects(() => alice.chat(), Error, "401");
  assertEquals(await alice.post("/login", { name: "alice", password: "wrong" }), [403, {
    why: "wrong name or password",
  }]);
  assertEquals(await alice.post("/login", { name: "nobody", password: "x" }), [403, { why: "wrong name or password" }]);
  assertEquals(await alice.post("/login", { name: 1 }), [400, { why: 'expected "name" and "password", both text' }]);
  assertEquals(await alice.post("/login", "x".repeat(5000)), [413, "expected at most 4096 bytes\n"]);
  assertEquals((await alice.post("/login", {}, { "content-type": "text/plain" }))[0], 400);
  assertEquals((await alice.post("/register", { name: "dora", password: "qwertz" }))[0], 403);
  assertEquals(alice.cookie, undefined);
  assertEquals(server.instance.hub.size.sessions, 0);
});

Deno.test("a login cookie is hidden from scripts and other sites, survives a restart, and ends with the password", async () => {
  using folder = new Folder();
  const first = await TestServer.open({ web: true, data: folder.path });
  const response = await browser(first).ask("/login", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "alice", password: "12345" }),
  });
  const { key } = await response.json();
  const cookie = response.headers.get("set-cookie")!;
  assertMatch(cookie, /; HttpOnly(;|$)/);
  assertMatch(cookie, /; SameSite=Strict(;|$)/);
  assert(!cookie.includes("Secure"));
  await first.instance.stop();

  await using second = await TestServer.open({ web: true, data: folder.path });
  const alice = browser(second);
  // The other server has another port, and the browser one jar for both.
  alice.cookie = cookie.split(";")[0]!.replace(/^[^=]+/, `partyline-${alice.port}`);
  alice.key = key;
  assertEquals((await alice.about()).name, "alice");
  const other = browser(second);
  other.key = key;
  other.cookie = alice.cookie.replace(/=[^.]+/, "=Ym9i");
  assertEquals((await other.about()).name, null, "bob's name under alice's seal");
  second.instance.hub.replaceAccounts(decodeUsers("alice 54321") as Accounts);
  assertEquals((await alice.about()).name, null);
  await alice.post("/logout", {});
  assertEquals(alice.cookie, `partyline-${alice.port}=`);
});

Deno.test("an account registered at the page is valid for every protocol", async () => {
  using folder = new Folder();
  folder.write("users.txt", "jacky 12345\n");
  await using server = await WebTestServer.open({ enrollIn: `${folder.path}/users.txt` });
  const dora = browser(server);
  assertEquals((await dora.about()).registration, true);
  assertEquals(await dora.post("/register", { name: "dora", password: "qwertz" }), [200, { name: "dora" }]);
  assertEquals((await dora.about()).name, "dora");
  const [status, said] = await dora.post("/register", { name: "dora", password: "qwertz" });
  assertEquals([status, said], [403, { why: '"dora" is taken' }]);
  using raw = await server.join("dora", "qwertz");
  assertEquals(await raw.la.ask("/list"), "301 dora");
});

Deno.test("a foreign host name is refused, and so is a request of another site", async () => {
  await using server = await WebTestServer.open();
  const alice = browser(server);
  using rebound = await Wire.connect(alice.port);
  await rebound.send("GET /about HTTP/1.1\r\nHost: stranger.example\r\nConnection: close\r\n\r\n");
  assertMatch(await rebound.rest(), /^HTTP\/1\.1 421 [\s\S]*--web-names stranger\.example/);
  const [status] = await alice.post("/login", { name: "alice", password: "12345" }, {
    origin: "http://stranger.example",
  });
  assertEquals(status, 403);
  await (await alice.join("alice"))[Symbol.asyncDispose]();
  await assertRejects(() => alice.chat("/chat", { origin: "http://stranger.example" }), Error, "403");
  await using chat = await alice.chat("/chat", { origin: `http://127.0.0.1:${alice.port}` });
  await chat.resume();
});

Deno.test("pages load nothing from elsewhere, and are sent once", async () => {
  await using server = await WebTestServer.open();
  const page = await browser(server).ask("/");
  assertEquals([page.status, page.headers.get("content-type")], [200, "text/html; charset=utf-8"]);
  const policy = page.headers.get("content-security-policy")!;
  assertStringIncludes(policy, "default-src 'none'; script-src 'self'; style-src 'self';");
  assertStringIncludes(policy, "frame-ancestors 'none'");
  assertNotEquals(await page.text(), "");
  const tag = page.headers.get("etag")!;
  const again = await browser(server).ask("/", { headers: { "if-none-match": tag } });
  assertEquals([again.status, await again.text()], [304, ""]);
  for (const path of ["/nothing", "/page/", "/page/../chat.html", "/page/..%2f..%2f..%2fserver.ts"]) {
    const response = await browser(server).ask(path);
    await response.body?.cancel();
    assertEquals(response.status, 404, path);
  }
});

Deno.test("a binary or an overlong frame ends only the session that sent it", async () => {
  await using server = await WebTestServer.open();
  const [alice, bob] = [browser(server), browser(server)];
  await using hers = await alice.join("alice");
  await using his = await bob.join("bob");
  await his.resume();
  await hers.frame("text", "no JSON");
  assertStringIncludes(String((await hers.next("error")).why), "JSON");
  await hers.frame("binary", new Uint8Array([1, 2, 3]));
  await hers.over;
  assertEquals(hers.closed, "frames are text here");
  await using again = await alice.chat();
  await again.frame("text", "x".repeat(200_000));
  await again.over;
  assertMatch(again.closed!, /^a message has at most \d+ bytes$/);
  await his.say({ type: "ping", ref: 7 });
  assertEquals((await his.next("pong")).ref, 7);
});

Deno.test("a browser that does not read is disconnected, without an effect on others", async () => {
  await using server = await WebTestServer.open({ limits: { outboxBytes: 64 * 1024 } });
  using bob = await server.join("bob");
  const jacky = await browser(server).join("jacky");
  await jacky.resume();
  for (let number = 1; number <= 4; number++) {
    await jacky.say({ type: "say", number, room: "lobby", text: "x".repeat(10_000) });
  }
  for (let i = 0; i < 4; i++) assertMatch(await bob.take(), /^\/broadcastfrom jacky x+$/);
  jacky.deafen();
  // The answers come as fast as the store is, and some megabytes fit into the system's buffers.
  const end = Date.now() + WAIT_MS;
  for (let asked = 1; server.instance.hub.size.sessions > 1; asked++) {
    await jacky.say({ type: "history", ref: asked, room: "lobby", limit: 4 }).catch(() => {});
    assert(Date.now() < end, `it is still there after ${asked} answers of 40 kB that it did not read`);
    assertMatch(await bob.la.ask("/list"), /^301 bob( jacky)?$/);
  }
  assertEquals(await bob.la.ask("/list"), "301 bob");
  jacky.conn.close();
});

Deno.test("over TLS with the server's own certificate, the login cookie is for TLS only", async () => {
  await using server = await WebTestServer.open({ tls: "own" });
  const port = server.portOf("web");
  const cert = server.folder.read("tls-cert.pem");
  using client = Deno.createHttpClient({ caCerts: [cert] });
  for (const host of ["127.0.0.1", "localhost"]) {
    const response = await fetch(`https://${host}:${port}/login`, {
      client,
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "alice", password: "12345" }),
    });
    assertEquals((await response.json()).name, "alice");
    assertMatch(response.headers.get("set-cookie")!, /; Secure(;|$)/);
  }
});

Deno.test("when the server stops, the pages are told and every connection ends", async () => {
  const server = await WebTestServer.open();
  const alice = await browser(server).join("alice");
  await alice.resume();
  await server[Symbol.asyncDispose]();
  await alice.next("closing");
  await alice.over;
  assertEquals(alice.closed, "the server stops");
});

Deno.test("client chat over TLS accepts the server's certificate and no other", async () => {
  await using server = await WebTestServer.open({ tlsPort: true, users: HASHED_USERS });
  using bob = await server.join("bob");
  using folder = new Folder();
  const [cert, secret] = [`${server.folder.path}/tls-cert.pem`, folder.write("secret", "12345\n")];
  const who = ["--name", "alice", "--password-file", secret, "--data", folder.path];
  const port = String(server.portOf("tls"));
  await using alice = new Running(
    SOURCES,
    "client",
    ["chat", "127.0.0.1", port, "--tls-cert", cert, ...who],
    folder.path,
  );
  await alice.type("/to bob nobody else reads this\n");
  assertEquals(await bob.take(), "/from alice nobody else reads this");
  await alice.printed(/^delivered bob /m);
  await bob.la.send("/to alice nor this\n");
  await alice.printed(/^from bob: nor this$/m);
  await alice.type("/exit\n");
  assertEquals(await alice.over(), 0);
  await using wary = new Running(SOURCES, "client", ["chat", "127.0.0.1", port, "--tls", ...who], folder.path);
  assertEquals(await wary.over(), 1);
  assertMatch(wary.err, /^client: cannot connect to 127\.0\.0\.1:\d+ over TLS: .*certificate/m);
});

Deno.test("client chat at a port of another kind says what it has found, and sends no password", async () => {
  await using server = await WebTestServer.open({ tlsPort: true });
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using folder = new Folder();
  const who = ["--name", "alice", "--password-file", folder.write("secret", "a-secret\n"), "--data", folder.path];
  const received = (async () => {
    using conn = await silent.accept();
    return await new Response(conn.readable).text();
  })();
  const ports: [number, RegExp][] = [
    [server.portOf("tls"), /this port speaks TLS: try --tls/],
    [server.portOf("web"), /this is an HTTP server/],
    [silent.addr.port, /has said nothing for 5 s, so no password was sent/],
  ];
  await Promise.all(ports.map(async ([port, why]) => {
    await using client = new Running(SOURCES, "client", ["chat", "127.0.0.1", String(port), ...who], folder.path);
    assertEquals(await client.over(), 1);
    assertMatch(client.err, why);
  }));
  assertEquals(await received, "/partyline 2 tls\n");
});

Deno.test("files of the page that cannot be read are reported before any listener opens", async () => {
  using folder = new Folder();
  folder.write("users.txt", "alice 12345\n");
  const [cert, key] = [folder.write("cert.pem", "no certificate\n"), folder.write("key.pem", "no key\n")];
  const wrong: [string[], RegExp][] = [
    [["--tls-cert", cert, "--tls-key", key], /cert\.pem is not a certificate in PEM/],
    [["--tls-cert", `${folder.path}/none.pem`, "--tls-key", key], /cannot read .*none\.pem: /],
    [["--tls-cert", cert], /--tls-cert and --tls-key go together/],
    [["--watch-password-file", `${folder.path}/none`], /cannot read the password file .*none: /],
  ];
  for (const [options, why] of wrong) {
    const args = ["0", "users.txt", "--host", "127.0.0.1", "--web", "0", ...options];
    await using server = new Running(SOURCES, "server", args, folder.path);
    assertEquals([await server.over(), server.out], [2, ""], options.join(" "));
    assertMatch(server.err, why);
    assertEquals(server.err.trimEnd().split("\n").length, 1, server.err);
  }
});

import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { UserError } from "../lib/core/errors.ts";
import { openTls } from "../lib/client/connections.ts";
import type { Limits } from "../lib/core/limits.ts";
import { readSecret } from "../lib/store/private_file.ts";
import { Browser, type Chat } from "./support/browser.ts";
import { TestServer } from "./support/test_server.ts";
import { Folder, type Programs, Running, SOURCES } from "./support/programs.ts";
import { until, Wire } from "./support/wire.ts";

/** A server with a page, whose messages are kept in this folder. */
function serverIn(folder: Folder, limits: Partial<Limits> = {}): Promise<TestServer> {
  return TestServer.open({ web: true, data: folder.path, limits });
}

/** Asks in these words, without a browser; the whole answer. */
async function raw(port: number, ...lines: readonly string[]): Promise<string> {
  using wire = await Wire.connect(port);
  await wire.send(lines.map((line) => `${line}\r\n`).join("") + "connection: close\r\n\r\n");
  return await wire.rest();
}

Deno.test("a browser over the limit of connections is told so, and the others are still served", async () => {
  using folder = new Folder();
  await using server = await serverIn(folder, { connections: 1 });
  const alice = new Browser(server.portOf("web"));
  await using chat = await alice.join("alice");
  await assertRejects(() => alice.chat(), Error, "503");
  assertEquals((await alice.about()).name, "alice");
  await chat.say({ type: "ping", ref: 1 });
  await chat.resume();
});

Deno.test("a failed WebSocket upgrade releases its connection slot", async () => {
  using folder = new Folder();
  await using server = await serverIn(folder, { connections: 1 });
  const alice = new Browser(server.portOf("web"));
  assertEquals((await alice.post("/login", { name: "alice", password: "12345" }))[0], 200);
  await assertRejects(() => alice.chat("/chat", { connection: "keep-alive" }), Error, "400");
  using old = await Wire.connect(alice.port);
  // Nothing older than HTTP/1.1 can be made a WebSocket of, and not every Deno has said so before.
  await old.send(
    `GET /chat HTTP/1.0\r\nhost: 127.0.0.1\r\ncookie: ${alice.cookie}\r\nupgrade: websocket\r\n` +
      `connection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${btoa("0123456789abcdef")}\r\n\r\n`,
  );
  await old.finish();
  await old.rest();
  let chat: Chat | undefined;
  for (let tries = 0; !chat && tries < 1000; tries++) chat = await alice.chat().catch(() => undefined);
  await chat!.resume();
  await chat![Symbol.asyncDispose]();
});

Deno.test("an invalid host is refused and not logged as an error", async () => {
  using folder = new Folder();
  await using server = await serverIn(folder);
  for (const host of ["a b<>", "[::", "127.0.0.1:99999999"]) {
    assertMatch(await raw(server.portOf("web"), "GET /about HTTP/1.1", `host: ${host}`), /^HTTP\/1\.1 400 /, host);
  }
});

Deno.test("simultaneous logins are limited, and a client that leaves makes room", async () => {
  using folder = new Folder();
  const slow = { freeFailures: 1, failureDelayMs: 600_000 };
  await using server = await serverIn(folder, { connections: 1, ...slow });
  const browser = new Browser(server.portOf("web"));
  const login = { name: "alice", password: "wrong" };
  assertEquals((await browser.post("/login", login))[0], 403);
  using first = await Wire.connect(browser.port);
  const body = JSON.stringify(login);
  await first.send(
    `POST /login HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n` +
      `content-length: ${body.length}\r\n\r\n${body}`,
  );
  await until(() => server.instance.hub.size.heldLogins === 1, "the first is held");
  assertEquals(await browser.post("/login", login), [503, {
    why: "Refused: 1 sessions are open, the most allowed.",
  }]);
  first.close();
  await until(() => server.instance.hub.size.heldLogins === 0, "the first is gone");
  const gone = new AbortController();
  const init = { method: "POST", body, headers: { "content-type": "application/json" }, signal: gone.signal };
  const third = browser.ask("/login", init).then(() => "answered", () => "given up");
  await until(() => server.instance.hub.size.heldLogins === 1, "the third is held");
  gone.abort();
  assertEquals(await third, "given up");
});

Deno.test("the server writes only its log to standard error", async () => {
  using folder = new Folder();
  folder.write("users.txt", "alice 12345\n");
  const args = ["0", "users.txt", "--web", "0", "--log-json"];
  await using server = new Running(SOURCES, "server", args, folder.path);
  const [, port] = await server.printed(/^web listening on 127\.0\.0\.1:(\d+)$/m);
  const alice = new Browser(Number(port));
  await (await alice.join("alice"))[Symbol.asyncDispose]();
  assertMatch(await raw(alice.port, "GET /about HTTP/1.1", "host: a b<>"), /^HTTP\/1\.1 400 /);
  server.process.kill("SIGINT");
  assertEquals(await server.over(), 0);
  for (const line of server.err.trim().split("\n")) JSON.parse(line);
});

Deno.test("a client over TLS gives up on a server that accepts and stays silent", async () => {
  using mute = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = mute.accept();
  const ended = Promise.withResolvers<string>();
  const unexpected = () => ended.resolve("it was opened");
  void openTls(
    { host: "127.0.0.1", port: mute.addr.port, trusted: undefined },
    {
      ...{ attempt: unexpected, opened: unexpected, receive: unexpected, turnEnded: unexpected },
      disconnected: ended.resolve,
    },
    100,
  );
  using _conn = await accepted;
  assertMatch(await ended.promise, /over TLS: no handshake within 100 ms$/);
});

Deno.test("a password file without a password is an error", () => {
  using folder = new Folder();
  for (const text of ["", "\n", "\r\n12345\n", "\ufeff\n"]) {
    const path = folder.write("secret", text);
    assertThrows(() => readSecret(path), UserError, "no password in its first line");
  }
  assertEquals(readSecret(folder.write("secret", "12345")), "12345");
});

Deno.test("a damaged cookie key is reported when the server starts, not to each user with a cookie", async () => {
  using folder = new Folder();
  for (const text of ["", "null", "[]", '{"key":"x"}']) {
    folder.write("page-key.json", text);
    await assertRejects(() => serverIn(folder), UserError, "remove it to have a new one");
  }
});

Deno.test("without a working store, a login at the page is told the reason", async () => {
  using folder = new Folder();
  await using server = await TestServer.open({ web: true, data: `${folder.path}/data` });
  // Where the data would lie, something else is put.
  folder.write("data", "");
  const alice = new Browser(server.portOf("web"));
  assertEquals(await alice.post("/login", { name: "alice", password: "12345" }), [503, {
    why: "logging in is not possible; the server's log says why",
  }]);
});

Deno.test("a client that leaves in the middle of its request causes no error", async () => {
  using folder = new Folder();
  await using server = await serverIn(folder);
  const head =
    "POST /login HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 30\r\n\r\n";
  for (const part of ["POST /log", head, `${head}{"name":`]) {
    using wire = await Wire.connect(server.portOf("web"));
    await wire.send(part);
    await wire.finish();
    assertEquals(await wire.rest(), "");
  }
  assertEquals((await new Browser(server.portOf("web")).about()).name, null);
});

/** From the sources, with few file descriptors. */
const NARROW: Programs = {
  name: "with few file descriptors",
  command: (program, args) => {
    const { path, args: all } = SOURCES.command(program, args);
    return { path: "sh", args: ["-c", 'ulimit -n 64; exec "$0" "$@"', path, ...all] };
  },
};

Deno.test({
  name: "more come than the server has file descriptors for: the page is served all the time",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using folder = new Folder();
    folder.write("users.txt", "alice 12345\n");
    await using server = new Running(NARROW, "server", ["0", "users.txt", "--web", "0"], folder.path);
    const [, port] = await server.printed(/^web listening on 127\.0\.0\.1:(\d+)$/m);
    const alice = new Browser(Number(port));
    const dialled: Deno.Conn[] = [];
    for (let count = 0; count < 200; count++) {
      dialled.push(await Deno.connect({ hostname: "127.0.0.1", port: Number(port) }));
      if (count % 50 === 49) assertEquals((await alice.about()).name, null);
    }
    const refused = /web: refused 127\.0\.0\.1:\d+: the file descriptors for connections are used up/;
    await until(() => refused.test(server.err), () => `a refusal in ${server.err}`);
    for (const conn of dialled) conn.close();
    server.process.kill("SIGINT");
    assertEquals(await server.over(), 0);
  },
});

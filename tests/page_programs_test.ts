import { delay } from "@std/async/delay";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Browser } from "./support/browser.ts";
import { HASHED_USERS, TestServer } from "./support/test_server.ts";
import type { Json } from "./support/native.ts";
import { paged } from "./support/paged.ts";
import { Folder, PROGRAMS, programTest as test, Running } from "./support/programs.ts";
import { WAIT_MS } from "./support/wire.ts";

/** The table of a peer, as soon as it is as it must be. */
async function tableOf(browser: Browser, isReady: (table: Json) => boolean): Promise<Json> {
  for (const end = Date.now() + WAIT_MS;; await delay(50)) {
    const table = await (await browser.ask("/table")).json();
    if (isReady(table)) return table;
    if (Date.now() > end) throw new Error(`waited for the table; it is ${JSON.stringify(table)}`);
  }
}

async function status(browser: Browser, path: string): Promise<number> {
  const response = await browser.ask(path);
  await response.body?.cancel();
  return response.status;
}

for (const mode of ["chat", "mailbox"] as const) {
  test(`client ${mode} --page: the page sends and receives in place of the client, behind a one-time address`, async () => {
    using folder = new Folder();
    await using lab = await TestServer.open({ mailbox: true, data: folder.path, users: HASHED_USERS });
    using bob = await lab.join("bob");
    const port = lab.portOf(mode === "chat" ? "im" : "mailbox");
    const secret = folder.write("secret", "12345\n");
    const { client, browser, ticket } = await paged(
      [mode, "127.0.0.1", String(port), "--name", "alice", "--password-file", secret],
      folder,
    );
    await using _client = client;
    const stranger = new Browser(browser.port);
    assertEquals([await stranger.post("/open", { ticket }), await status(stranger, "/about")], [
      [403, { why: "this address has been used; start the client again for a new one" }],
      403,
    ]);
    await assertRejects(() => stranger.chat(), Error, "403");
    const { name, host } = await browser.about();
    assertEquals([name, host], ["alice", "client"]);

    await using first = await browser.chat();
    assertEquals((await first.resume()).rooms, ["lobby"]);
    await first.say({ type: "say", number: 1, to: "bob", text: "from a page" });
    assertEquals(await bob.take(), "/from alice from a page");
    const own = await first.next("message");
    assertEquals([own.from, own.number, own.text], ["alice", 1, "from a page"]);
    assertEquals(await first.next("received"), { type: "received", by: "bob", upTo: own.seq });
    await using second = await browser.chat();
    await first.next("elsewhere");
    await first.over;
    assertEquals(first.closed, "it goes on in another window");
    await second.resume();
    await bob.la.send("/to alice to a page\n");
    const { text, seq } = await second.next("message");
    assertEquals(text, "to a page");
    await second.say({ type: "ack", seq });
    assertEquals(await bob.la.line(), "303 Message delivery successful");
    client.process.kill("SIGINT");
    await client.over();
  });
}

test("client peer --page: a page chats with a peer found through the address book, and sees receipts", async () => {
  using folder = new Folder();
  using other = new Folder();
  // By multicast, the peers of other tests would be found too.
  await using lab = await TestServer.open({ addressBook: true, data: folder.path });
  const peer = ["peer", "127.0.0.1", String(lab.portOf("address-book"))];
  await using bob = new Running(PROGRAMS, "client", [...peer, "--name", "bob", "--data", other.path], other.path);
  const { client, browser } = await paged([...peer, "--name", "alice", "--table-refresh", "1"], folder);
  await using _client = client;
  await using chat = await browser.chat();
  await chat.resume();
  assertEquals((await chat.next("presence")).online, ["bob"]);
  await chat.say({ type: "users", ref: 4 });
  const { ref, list } = await chat.next("users");
  assertEquals([ref, list], [4, [{ name: "bob", online: true }]]);
  await chat.say({ type: "say", number: 1, to: "bob", text: "no server here" });
  const own = await chat.next("message");
  assertEquals([own.from, own.number, own.text], ["alice", 1, "no server here"]);
  await bob.printed(/^from alice: no server here$/m);
  assertEquals(await chat.next("received"), { type: "received", by: "bob", upTo: own.seq });
  await chat.say({ type: "say", number: 1, to: "bob", text: "no server here" });
  assertEquals(await chat.next("sent"), { type: "sent", upTo: 1 }, "said again it is confirmed, not sent again");
  const { hasTable } = await browser.about();
  // Alice may have been at the address book before bob, and have found him without it.
  const table = await tableOf(browser, ({ self, entries }) => self !== undefined && entries.length > 0);
  const [entry, ...more] = table.entries;
  assertEquals([hasTable, table.self.hostname, entry.hostname, entry.name, more], [
    ...[true, "127.0.0.1", "127.0.0.1", "bob"],
    [],
  ]);
  assertEquals(await status(new Browser(browser.port), "/table"), 403, "only for the user of the page");
  await bob.type("/to alice so I see\n");
  assertEquals((await chat.next("message")).text, "so I see");
  await chat.say({ type: "history", ref: 5, with: "bob", limit: 10 });
  const { messages } = await chat.next("history");
  assertEquals((messages as { text: string }[]).map(({ text }) => text), ["no server here", "so I see"]);
});

test("client peer --page: without a name the page begins with the form, and then has the table and the chat", async () => {
  using folder = new Folder();
  await using lab = await TestServer.open({ addressBook: true, data: folder.path });
  const { client, browser } = await paged(["peer", "--table-refresh", "1"], folder);
  await using _client = client;
  const firstPage = async () => await (await browser.ask("/")).text();
  assertMatch(await firstPage(), /id="name"[^]*id="udp"[^]*id="table"[^]*type="submit"/);
  const stranger = new Browser(browser.port);
  assertEquals([await status(stranger, "/form"), (await stranger.post("/form", { name: "eve" }))[0]], [403, 403]);
  const form = await (await browser.ask("/form")).json();
  assertEquals([form.asked, form.name, form.table], [["name", "udp", "table"], "", ""]);
  await assertRejects(() => browser.chat(), Error, "503");
  const table = `127.0.0.1:${lab.portOf("address-book")}`;
  assertEquals(await browser.post("/form", { name: "al ice", udp: "", table }), [400, {
    field: "name",
    why: 'a name is 1 to 64 bytes without blanks, "@" and characters that are not seen',
  }]);
  assertEquals(await browser.post("/form", { name: "alice", udp: "0", table }), [200, {}]);
  assertEquals(await browser.post("/form", { name: "bob", udp: "0", table }), [
    400,
    { why: "the form is confirmed already" },
  ]);
  assertMatch(await firstPage(), /id="chat"/);
  const { self } = await tableOf(browser, ({ self }) => self !== undefined);
  assertEquals(self.hostname, "127.0.0.1");
  await using chat = await browser.chat();
  await chat.resume();
  assertEquals((await browser.about()).name, "alice");
  // A program without a console stays for its page.
  await client.endInput();
  await chat.say({ type: "users", ref: 1 });
  assertEquals((await chat.next("users")).ref, 1);
  client.process.kill("SIGTERM");
  assertEquals(await client.over(), 130);
});

test("client peer --page ends by a signal before its form is filled in", async () => {
  using folder = new Folder();
  const { client } = await paged(["peer"], folder);
  await using _client = client;
  client.process.kill("SIGTERM");
  assertEquals(await client.over(), 130);
});

test("--page is refused by clients that have no page", async () => {
  using folder = new Folder();
  await using client = new Running(PROGRAMS, "client", ["127.0.0.1", "2001", "--page"], folder.path);
  assertEquals(await client.over(), 2);
  assertEquals(
    client.err,
    'client: im has no option --page; chat, mailbox, peer have it: "client help chat" shows more\n',
  );
});

test("the server serves its pages from whatever folder it is started in", async () => {
  using folder = new Folder();
  const file = folder.write("users.txt", "alice 12345\n");
  await using server = new Running(PROGRAMS, "server", ["0", file, "--web", "0", "--tls-port", "0"], folder.path);
  const [, port] = await server.printed(/^web listening on 127\.0\.0\.1:(\d+)$/m);
  const browser = new Browser(Number(port));
  const page = await (await browser.ask("/")).text();
  const wanted = [...page.matchAll(/(?:href|src)="(\/page\/[\w.]+)"/g)].map(([, path]) => path!);
  assertEquals(wanted.length > 2, true, page);
  for (const path of [...wanted, "/server", "/metrics"]) assertEquals(await status(browser, path), 200, path);
  await server.printed(/^tls listening on /m);
  server.process.kill("SIGTERM");
  assertEquals(await server.over(), 0);
  assertMatch(server.err, /the SHA-256 fingerprint of this server's certificate is ([0-9A-F]{2}:){31}[0-9A-F]{2}$/m);
});

import { assertEquals, assertMatch } from "@std/assert";
import { Browser } from "./support/browser.ts";
import { RawNative, StoringServer } from "./support/native.ts";
import { Folder, Running, SOURCES } from "./support/programs.ts";

const PEERS = new URL("./peers/", import.meta.url).pathname;

/** The authors' programs, as Python runs them. */
const AUTHORS = {
  name: "the authors'",
  command: (program: "server" | "client", args: readonly string[]) => ({
    path: "python3",
    args: ["-u", `${PEERS}mychat_${program}.py`, ...args],
  }),
};

async function authorsServer(folder: Folder): Promise<{ server: Running; port: string }> {
  const server = new Running(AUTHORS, "server", ["0"], folder.path);
  const [, port] = await server.printed(/^(\d+)\n/);
  return { server, port: port! };
}

Deno.test("two of the authors' clients chat at our server, in MyChat and in private, also with who comes later", async () => {
  await using server = await StoringServer.open({ mychat: true });
  using folder = new Folder();
  const port = String(server.portOf("mychat"));
  const join = async (name: string) => {
    const client = new Running(AUTHORS, "client", ["127.0.0.1", port, name], folder.path);
    await client.printed(/^--> \[connecting to server\]\*+\[connected to server\]\n/);
    return client;
  };
  await using prince = await join("prince");
  await using ama = await join("ama");
  for (const client of [prince, ama]) {
    await client.type("JOIN MyChat\n");
    await client.printed(/\[Access granted\]/);
  }
  using jacky = await RawNative.resume(server, "jacky");
  await prince.type("hello\n");
  await ama.printed(/>> prince: hello\n/);
  await prince.printed(/\[Message sent - \d\d:\d\d:\d\d\]/);
  assertEquals((await jacky.take()).text, "hello");
  await jacky.say({ room: "lobby" }, "hi prince");
  await prince.printed(/>> jacky: hi prince\n/);
  await prince.type("CHAT ama\npsst\n");
  await ama.printed(/>> prince: psst\n/);
  await prince.printed(/\[Message received - /);
  await ama.type("E\n");
  assertEquals(await ama.over(), 0);
  assertMatch(ama.out, /\[logged out\]\n$/);
  await prince.type("later\nR\n");
  await prince.printed(/ama \(offline\)\njacky \(online\)\n/);
  await using again = await join("ama");
  await again.type("CHAT prince\n");
  await again.printed(/>> prince: psst - \S+\n>> prince: later - /);
  await again.type("R\n");
  await prince.printed(/(Message received[^]*){2}/);
});

Deno.test("our client chats at the authors' server: --plain, and by itself, since theirs is tried first", async () => {
  using folder = new Folder();
  const { server, port } = await authorsServer(folder);
  await using _ = server;
  const args = ["mailbox", "127.0.0.1", port, "--data", folder.path, "--name"];
  await using alice = new Running(SOURCES, "client", [...args, "alice", "--plain"], folder.path);
  await alice.type("JOIN MyChat\n");
  await alice.printed(/joined lobby\n/);
  await using bob = new Running(SOURCES, "client", [...args, "bob"], folder.path);
  await bob.type("JOIN MyChat\nhello everyone\n");
  await alice.printed(/lobby bob: hello everyone\n/);
  await bob.printed(/sent 1\n/);
  await alice.type("/to bob psst\n");
  await bob.printed(/from alice: psst\n/);
  await alice.printed(/sent 1\ndelivered bob 1\n/);
  await bob.type("E\n");
  assertEquals(await bob.over(), 0);
  await alice.type("/to bob later\n/list\n");
  await alice.printed(/alice \(online\)\n?|bob \(offline\)\n/);
  await using again = new Running(SOURCES, "client", [...args, "bob"], folder.path);
  await again.type("CHAT alice\n");
  await again.printed(/alice: psst\n.*alice: later\n/);
  await alice.endInput();
  assertEquals(await alice.over(), 0);
  // It has survived: nothing of ours was sent to it.
  await again.type("/say lobby still there\n");
  await again.printed(/sent 1\n/);
});

Deno.test("our own plain client and the mailbox's meet at our server, which refuses the name of an account", async () => {
  await using server = await StoringServer.open({ mychat: true, mailbox: true });
  using folder = new Folder();
  using other = new Folder();
  const join = (listener: string, name: string, data: Folder, ...more: string[]) =>
    new Running(
      SOURCES,
      "client",
      ["mailbox", "127.0.0.1", String(server.portOf(listener)), "--data", data.path, "--name", name, ...more],
      folder.path,
    );
  await using plain = join("mychat", "prince", folder, "--plain");
  await using ours = join("mailbox", "carol", other);
  await plain.type("JOIN MyChat\n");
  await plain.printed(/joined lobby\n/);
  await ours.type("/toall from carol\n");
  await plain.printed(/lobby carol: from carol\n/);
  await plain.type("/to carol hi\n");
  await ours.printed(/from prince: hi\n/);
  await plain.printed(/delivered carol 1\n/);
  await using refused = join("mychat", "jacky", folder, "--plain");
  assertEquals(await refused.over(), 1);
  assertMatch(refused.err, /client: the server does not take this name\n$/);
});

Deno.test("client mailbox --page at the authors' server: the page chats, with what was said before, and truthful marks", async () => {
  using folder = new Folder();
  const { server, port } = await authorsServer(folder);
  await using _ = server;
  const join = (name: string) => new Running(AUTHORS, "client", ["127.0.0.1", port, name], folder.path);
  await using early = new Running(
    SOURCES,
    "client",
    ["mailbox", "127.0.0.1", port, "--data", folder.path, "--name", "alice"],
    folder.path,
  );
  await early.type("JOIN MyChat\n");
  await early.printed(/joined lobby/);
  await early.type("E\n");
  await early.over();
  await using bob = join("bob");
  await bob.printed(/connected to server\]\n/);
  await bob.type("JOIN MyChat\n");
  await bob.printed(/Access granted/);
  await bob.type("before\nCHAT alice\nto you alone\n");
  await bob.printed(/(Message sent[^]*){2}/);

  const args = ["mailbox", "127.0.0.1", port, "--name", "alice", "--data", folder.path, "--page"];
  await using client = new Running(SOURCES, "client", args, folder.path);
  const [, web, ticket] = await client.printed(/^page on http:\/\/127\.0\.0\.1:(\d+)\/#open=(\w+)$/m);
  const browser = new Browser(Number(web));
  await browser.post("/open", { ticket });
  await using page = await browser.chat();
  await page.resume();
  await page.say({ type: "users", ref: 1 });
  assertEquals((await page.next("users")).list, [{ name: "bob", online: true }]);
  await page.say({ type: "join", ref: 2, room: "lobby" });
  assertEquals(await page.next("joined"), { type: "joined", ref: 2, room: "lobby", members: 0 });
  const { from, text, to } = await page.next("message");
  assertEquals([from, text, to], ["bob", "before", undefined]);
  await page.say({ type: "who", ref: 3, room: "lobby" });
  assertEquals((await page.next("denied")).why, 'the server does not say who is in "lobby"');
  await page.say({ type: "join", ref: 4, room: "lab1" });
  assertEquals((await page.next("denied")).why, "this server has one group, MyChat");

  // The conversation is opened: what was said in it comes, once, also after a message that came meanwhile.
  await bob.type("and now\n");
  await page.say({ type: "history", ref: 5, with: "bob", limit: 10 });
  const texts = [(await page.next("message")).text, (await page.next("message")).text];
  assertEquals(texts, ["to you alone", "and now"]);
  for (const [i, text] of ["hi bob", "again"].entries()) {
    await page.say({ type: "say", number: i + 1, to: "bob", text });
    const own = await page.next("message");
    assertEquals([own.from, own.number, own.text], ["alice", i + 1, text]);
    assertEquals(await page.next("received"), { type: "received", by: "bob", upTo: own.seq });
  }
  await bob.printed(/>> alice: hi bob\n[^]*>> alice: again\n/);
  await page.say({ type: "edit", number: 3, of: 4, text: "x" });
  assertEquals(await page.next("failed"), { type: "failed", number: 3, why: "a message cannot be changed here" });
  await bob.type("E\n");
  assertEquals((await page.next("presence")).offline, ["bob"]);

  // A server that is gone confirms nothing.
  server.process.kill("SIGKILL");
  await page.say({ type: "say", number: 4, to: "lobby", text: "lost" });
  assertMatch(String((await page.next("failed")).why), /no confirmation within 5 s/);
  client.process.kill("SIGTERM");
  assertEquals(await client.over(), 130);
});

Deno.test("client mailbox --page at our server: the authors' protocol is tried first, and the page is the server's", async () => {
  await using server = await StoringServer.open({ mailbox: true });
  using folder = new Folder();
  const args = ["mailbox", "127.0.0.1", String(server.portOf("mailbox")), "--name", "carol", "--data", folder.path];
  await using client = new Running(SOURCES, "client", [...args, "--page"], folder.path);
  const [, web, ticket] = await client.printed(/^page on http:\/\/127\.0\.0\.1:(\d+)\/#open=(\w+)$/m);
  const browser = new Browser(Number(web));
  await browser.post("/open", { ticket });
  await using page = await browser.chat();
  assertEquals((await page.resume()).rooms, ["lobby"]);
});

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import type { Limits } from "../lib/core/limits.ts";
import { readAttachment } from "../lib/protocols/transfer/attachment.ts";
import { append, begin, fetched, leave, pngHeader, sha256Of } from "./support/attachments.ts";
import { AttachmentLinks } from "../lib/server/attachment_links.ts";
import { Browser } from "./support/browser.ts";
import { MychatProgram } from "./support/mychat.ts";
import { randomBytes, sizeOf } from "./support/file_bytes.ts";
import { Folder } from "./support/programs.ts";
import { WebTestServer } from "./support/test_server.ts";
import { becomes, until, Wire } from "./support/wire.ts";

async function browserOf(server: WebTestServer, name: string): Promise<Browser> {
  const browser = new Browser(server.portOf("web"));
  assertEquals((await browser.post("/login", { name, password: "12345" }))[0], 200);
  return browser;
}

async function opened(limits: Partial<Limits> = {}, data?: string) {
  const server = await WebTestServer.open({ limits, ...(data === undefined ? {} : { data }) });
  const [alice, bob, jacky] = await Promise.all(["alice", "bob", "jacky"].map((name) => browserOf(server, name)));
  return {
    server,
    alice: alice!,
    bob: bob!,
    jacky: jacky!,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const utf8 = (text: string) => new TextEncoder().encode(text);

Deno.test("a file that was left is fetched whole and in ranges, and a client that has it is told so", async () => {
  await using stage = await opened();
  const bytes = randomBytes(3_000_000);
  const left = await leave(stage.alice, bytes, { name: "slides.pdf" });
  assertEquals(readAttachment(left.text), {
    id: left.id,
    name: "slides.pdf",
    bytes: bytes.length,
    sha256: sha256Of(bytes),
    image: undefined,
  });
  const [status, all, headers] = await fetched(stage.bob, left.id);
  assertEquals([status, sha256Of(all), headers.get("etag")], [200, sha256Of(bytes), `"${sha256Of(bytes)}"`]);
  const [partial, part, about] = await fetched(stage.bob, left.id, { range: "bytes=1000000-" });
  assertEquals([partial, sha256Of(part)], [206, sha256Of(bytes.subarray(1_000_000))]);
  assertEquals(about.get("content-range"), "bytes 1000000-2999999/3000000");
  assertEquals((await fetched(stage.bob, left.id, { range: "bytes=3000000-" }))[0], 416);
  assertEquals((await fetched(stage.bob, left.id, { "if-none-match": headers.get("etag")! }))[0], 304);
  const head = await stage.bob.ask(`/attachments/${left.id}`, { method: "HEAD" });
  assertEquals([head.status, head.headers.get("content-length")], [200, "3000000"]);
});

Deno.test("it stays over a restart of the server", async () => {
  using folder = new Folder();
  let id: string;
  {
    await using stage = await opened({}, folder.path);
    id = (await leave(stage.alice, utf8("stays"))).id;
  }
  await using stage = await opened({}, folder.path);
  assertEquals(text((await fetched(stage.bob, id))[1]), "stays");
});

Deno.test("only members of the conversation can fetch a file; to others, and to guesses, there is none", async () => {
  await using stage = await opened();
  const { alice, bob, jacky, server } = stage;
  const { id } = await leave(alice, utf8("for bob"));
  assertEquals([await fetched(alice, id), await fetched(bob, id)].map(([status]) => status), [200, 200]);
  assertEquals((await fetched(jacky, id))[0], 404);
  // In a room: members, and after they have left, not any more.
  await using chat = await jacky.chat();
  await chat.resume();
  await chat.say({ type: "join", ref: 1, room: "lab" });
  await chat.next("joined");
  const inRoom = await leave(jacky, utf8("for the lab"), { to: undefined, room: "lab" });
  assertEquals((await fetched(alice, inRoom.id))[0], 404);
  assertEquals((await fetched(jacky, inRoom.id))[0], 200);
  await chat.say({ type: "leave", ref: 2, room: "lab" });
  await chat.next("left");
  assertEquals((await fetched(jacky, inRoom.id))[0], 404);
  // All are in the lobby.
  const forAll = await leave(bob, utf8("for all"), { to: undefined, room: "lobby" });
  assertEquals((await fetched(jacky, forAll.id))[0], 200);
  // Where a user cannot speak, and to a user that there is not, nothing can be left.
  assertEquals((await begin(alice, utf8("x"), { to: undefined, room: "lab" }))[0], 403);
  assertEquals((await begin(alice, utf8("x"), { to: "nobody" }))[0], 403);
  // Without a login, or with the cookie alone, nothing is told.
  const stranger = new Browser(server.portOf("web"));
  assertEquals((await fetched(stranger, id))[0], 401);
  stranger.cookie = bob.cookie;
  assertEquals((await fetched(stranger, id))[0], 401);
  stranger.key = bob.key;
  assertEquals((await fetched(stranger, id))[0], 200);
});

Deno.test("no path leads out of the folder, and no request of another site's page is taken", async () => {
  await using stage = await opened();
  const { alice, server } = stage;
  await leave(alice, utf8("here"));
  for (
    const path of [
      "/attachments/index.db",
      "/attachments/..%2findex.db",
      "/attachments/../index.db",
      "/attachments/%2e%2e/%2e%2e/partyline.db",
      `/attachments/files/${sha256Of(utf8("here"))}`,
      `/attachments/${sha256Of(utf8("here"))}`,
      `/attachments/${"0".repeat(32)}`,
      `/attachments/${"0".repeat(32)}/../index.db`,
      "/attachments/",
    ]
  ) {
    const response = await alice.ask(path);
    const said = await response.text();
    assertEquals(response.status, 404, `${path}: ${said}`);
  }
  const foreign = { origin: "http://evil.example", "content-type": "application/json" };
  assertEquals((await alice.post("/attachments", {}, foreign))[0], 403);
  using wire = await Wire.connect(server.portOf("web"));
  await wire.send(`GET /attachments/../../users.txt HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n`);
  assert((await wire.rest()).startsWith("HTTP/1.1 404 "));
});

Deno.test("only its owner adds to an upload and removes a file; a name that is a path is only a name", async () => {
  await using stage = await opened();
  const { alice, bob } = stage;
  const [, { id }] = await begin(alice, utf8("mine"));
  assertEquals((await append(bob, id, utf8("mine")))[0], 404);
  assertEquals((await fetched(alice, id as string))[0], 404);
  const left = await leave(alice, utf8("mine"), { name: '../../"evil".html\r\nset-cookie: a=b' });
  const [, , headers] = await fetched(bob, left.id);
  assertEquals(headers.get("set-cookie"), null);
  assert(!/[\\/]|\.\.[\\/]/.test(readAttachment(left.text)!.name));
  assertEquals((await bob.ask(`/attachments/${left.id}`, { method: "DELETE" })).status, 404);
  assertEquals((await alice.ask(`/attachments/${left.id}`, { method: "DELETE" })).status, 204);
  assertEquals((await fetched(bob, left.id))[0], 404);
});

Deno.test("nothing of a file can run: it is saved and not shown, with a type that its bytes have", async () => {
  await using stage = await opened();
  const html = await leave(stage.alice, utf8("<script>alert(1)</script>"), { name: "picture.png" });
  const svg = await leave(stage.alice, utf8("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"));
  const png = await leave(stage.alice, pngHeader(4, 3));
  const bomb = await leave(stage.alice, pngHeader(10_000, 10_000));
  for (
    const [id, type] of [[html.id, "application/octet-stream"], [svg.id, "application/octet-stream"], [
      png.id,
      "image/png",
    ], [bomb.id, "application/octet-stream"]] as const
  ) {
    const [, , headers] = await fetched(stage.bob, id);
    assertEquals(headers.get("content-type"), type);
    assertEquals(headers.get("x-content-type-options"), "nosniff");
    assertEquals(headers.get("content-security-policy"), "default-src 'none'; sandbox");
    assertEquals(headers.get("cross-origin-resource-policy"), "same-origin");
    assert(headers.get("content-disposition")!.startsWith("attachment; "));
  }
  assertEquals(readAttachment(png.text)!.image, { kind: "png", width: 4, height: 3 });
  assertEquals(readAttachment(bomb.text)!.image, undefined);
});

Deno.test("a wrong hash, a wrong size and a wrong place are refused; what was cut off goes on where it stands", async () => {
  await using stage = await opened();
  const { alice, server } = stage;
  const [, wrong] = await begin(alice, utf8("right"));
  assertEquals((await append(alice, wrong.id, utf8("wrong")))[0], 422);
  const [, long] = await begin(alice, utf8("right"));
  assertEquals((await append(alice, long.id, utf8("right and more")))[0], 422);
  assertEquals((await append(alice, long.id, utf8("right")))[0], 404);

  const bytes = randomBytes(1_000_000);
  const [, { id }] = await begin(alice, bytes);
  assertEquals(await append(alice, id, bytes.subarray(500_000), 500_000), [409, { offset: 0 }]);
  {
    using wire = await Wire.connect(server.portOf("web"));
    await wire.send(
      `PATCH /attachments/${id} HTTP/1.1\r\nhost: 127.0.0.1:${server.portOf("web")}\r\ncookie: ${alice.cookie}\r\n` +
        `x-partyline-key: ${alice.key}\r\nupload-offset: 0\r\ncontent-length: 1000000\r\n\r\n`,
    );
    await wire.send(bytes.subarray(0, 300_000));
    const path = join(server.folder.path, "attachments", "uploads", id as string);
    await until(() => sizeOf(path) === 300_000, "the beginning has arrived");
  }
  let [status, said] = [409, {} as Record<string, unknown>];
  // The server may not know yet that the other connection is gone.
  while (status === 409) [status, said] = await append(alice, id, bytes.subarray(300_000), 300_000);
  assertEquals([status, said.offset], [200, 1_000_000]);
  assertEquals(sha256Of((await fetched(stage.bob, id as string))[1]), sha256Of(bytes));
});

Deno.test("a client that sends a piece the server does not want reads why, and the connection stays", async () => {
  await using stage = await opened();
  const { alice, server } = stage;
  const bytes = randomBytes(5_000_000);
  const [, { id }] = await begin(alice, bytes);
  await append(alice, id, bytes.subarray(0, 1000), 0);
  using wire = await Wire.connect(server.portOf("web"));
  const head = (offset: number, length: number) =>
    `PATCH /attachments/${id} HTTP/1.1\r\nhost: 127.0.0.1:${server.portOf("web")}\r\ncookie: ${alice.cookie}\r\n` +
    `x-partyline-key: ${alice.key}\r\nupload-offset: ${offset}\r\ncontent-length: ${length}\r\n`;
  const answered = (said: string) => until(() => wire.unread.includes(said), () => `${said} in ${wire.unread}`);
  // It stands at 1,000, as after a connection that was lost.
  await wire.send(`${head(0, 4_000_000)}\r\n`);
  await wire.send(bytes.subarray(0, 4_000_000));
  await answered('{"offset":1000}');
  // A client that asks first is answered before it has sent the piece; there is no telling whether it will.
  using asks = await Wire.connect(server.portOf("web"));
  await asks.send(`${head(0, 4_000_000)}expect: 100-continue\r\n\r\n`);
  assertStringIncludes(await asks.rest(), '{"offset":1000}');

  await wire.send(`${head(1000, bytes.length - 1000)}\r\n`);
  await wire.send(bytes.subarray(1000));
  await answered('"text":');
});

Deno.test("limits are told: the largest file, the share of a user, the place of all, and how many a minute", async () => {
  await using stage = await opened({
    attachments: 250,
    attachmentBytes: 100,
    attachmentBytesPerUser: 150,
    attachmentsPerMinute: 4,
  });
  const { alice, bob, jacky } = stage;
  const whyOf = async (browser: Browser, size: number) => {
    const [status, { why }] = await begin(browser, new Uint8Array(size), { room: "lobby", to: undefined });
    return `${status} ${why}`;
  };
  assert((await whyOf(alice, 101)).startsWith("413 a file of 101 bytes cannot be left"));
  await leave(alice, new Uint8Array(100), { name: "a" });
  assert((await whyOf(alice, 51)).includes("the share of one user"));
  await leave(bob, new Uint8Array(100), { name: "b" });
  assert((await whyOf(jacky, 60)).includes("the server's storage for files is full"));
  await leave(alice, new Uint8Array(10), { name: "c" });
  assert((await whyOf(alice, 1)).startsWith("429 you have begun 4 files within a minute"));
  // A body that is longer than any file may be is not read.
  const [, { id }] = await begin(jacky, new Uint8Array(10));
  const response = await jacky.ask(`/attachments/${id}`, {
    method: "PATCH",
    headers: { "upload-offset": "0" },
    body: new Uint8Array(5000),
  });
  assertEquals(response.status, 413);
  await response.body?.cancel();
});

Deno.test("a program without a cookie uses a ticket of its session, which opens nothing else", async () => {
  await using stage = await opened();
  const { alice, bob, server } = stage;
  const { id } = await leave(alice, utf8("for bob"));
  await using chat = await bob.chat();
  assertEquals((await chat.resume()).files, `http:${server.portOf("web")}`);
  await chat.say({ type: "ticket", ref: 1 });
  const { ticket } = await chat.next("ticket");
  const program = new Browser(server.portOf("web"));
  const headers = { authorization: `Bearer ${ticket}` };
  assertEquals(text((await fetched(program, id, headers))[1]), "for bob");
  for (const wrong of ["Bearer", `Bearer ${"0".repeat(48)}`, `Basic ${ticket}`, `Bearer ${ticket}0`]) {
    assertEquals((await fetched(program, id, { authorization: wrong }))[0], 401, wrong);
  }
  assertEquals((await (await program.ask("/about", { headers })).json()).name, null);
});

Deno.test("with --attachments 0 nothing can be left, and the page is told", async () => {
  await using stage = await opened({ attachments: 0 });
  assertEquals((await begin(stage.alice, utf8("x")))[0], 404);
  assertEquals((await stage.alice.about()).attachmentBytes, 0);
});

Deno.test("an upload that stands still, and a download that is not read, end; the next ones are served", async () => {
  await using stage = await opened({ requestMs: 2000 });
  const { alice, bob, server } = stage;
  const bytes = randomBytes(30_000_000);
  const [, { id }] = await begin(alice, bytes);
  const head = (browser: Browser) =>
    `host: 127.0.0.1:${server.portOf("web")}\r\ncookie: ${browser.cookie}\r\nx-partyline-key: ${browser.key}\r\n`;
  using still = await Wire.connect(server.portOf("web"));
  await still.send(
    `PATCH /attachments/${id} HTTP/1.1\r\n${head(alice)}upload-offset: 0\r\ncontent-length: ${bytes.length}\r\n\r\n`,
  );
  await still.send(bytes.subarray(0, 1000));
  await still.rest().catch(() => {});
  let status = 409;
  while (status === 409) [status] = await append(alice, id, bytes.subarray(1000), 1000);
  assertEquals(status, 200);
  // So many at the same time are the most of one user; each ends, since its reader has stopped.
  using deaf = new DisposableStack();
  for (let count = 0; count < 8; count++) {
    const conn = deaf.use(await Deno.connect({ hostname: "127.0.0.1", port: server.portOf("web") }));
    await conn.write(utf8(`GET /attachments/${id} HTTP/1.1\r\n${head(bob)}\r\n`));
  }
  await becomes(async () => (await fetched(bob, id as string, { range: "bytes=0-0" }))[0], 429, "all are under way");
  await becomes(async () => (await fetched(bob, id as string, { range: "bytes=0-0" }))[0], 206, "they have ended");
  assertEquals(sha256Of((await fetched(bob, id as string))[1]), sha256Of(bytes));
});

/** What a browser without a login gets at an address. */
async function opens(address: string, init: RequestInit = {}): Promise<[number, Uint8Array, Headers]> {
  const response = await fetch(address, init);
  return [response.status, new Uint8Array(await response.arrayBuffer()), response.headers];
}

Deno.test("clients of the handouts are told an address of a file that a browser opens, for as long as it is valid", async () => {
  using folder = new Folder();
  await using server = await WebTestServer.open({
    data: folder.path,
    lobby: true,
    mychat: true,
    recordsRequests: true,
  });
  const page = `http://127.0.0.1:${server.portOf("web")}/`;
  const alice = await browserOf(server, "alice");
  await using chat = await alice.chat();
  await chat.resume();
  using bob = await server.join("bob");
  using guest = await server.guest();
  using ama = await MychatProgram.connect(server.portOf("mychat"), "ama");
  await ama.ask('{"key": "REQUEST_JOIN_GROUP", "username": "ama"}');
  const bytes = randomBytes(300_000);
  const inPrivate = await leave(alice, bytes, { name: "slides.pdf" });
  await chat.say({ type: "say", number: 1, to: "bob", text: inPrivate.text });
  const line = await bob.take();
  const [, address = ""] = /^\/from alice left slides\.pdf \(300 kB\) at the server (\S+)$/.exec(line) ?? [];
  assertEquals([address.startsWith(`${page}left/`), address.length < 80], [true, true], line);
  const [status, found, headers] = await opens(address);
  assertEquals([status, sha256Of(found), headers.get("content-disposition")], [
    200,
    sha256Of(bytes),
    "attachment; filename=\"slides.pdf\"; filename*=UTF-8''slides.pdf",
  ]);
  assertEquals(headers.get("content-security-policy"), "default-src 'none'; sandbox");
  const [partial, part] = await opens(address, { headers: { range: "bytes=200000-" } });
  assertEquals([partial, sha256Of(part)], [206, sha256Of(bytes.subarray(200_000))]);

  // In the lobby every such client is told; a page is told what it was.
  const inLobby = await leave(alice, utf8("for all"), { to: undefined, room: "lobby", name: "b.txt" });
  await chat.say({ type: "say", number: 2, room: "lobby", text: inLobby.text });
  const [heard, read] = [await bob.take(), await guest.line()];
  assertEquals(heard.replace("/broadcastfrom alice ", ""), read.replace("<alice> ", ""));
  assertEquals(text((await opens(/\S+$/.exec(read)![0]))[1]), "for all");
  assertEquals(await chat.next("message").then(({ text }) => text), inPrivate.text);
  const told = JSON.parse(await ama.next()).msg;
  const listed = JSON.parse(await ama.ask('{"key": "GET_GROUP_DATA", "username": "ama"}')).group_data.at(-1).msg;
  for (const each of [told, listed]) assertEquals(text((await opens(/\S+$/.exec(each)![0]))[1]), "for all", each);

  // Another user's message makes no address of it, nor does one in another conversation.
  await chat.say({ type: "say", number: 3, room: "lobby", text: inPrivate.text });
  const elsewhere = await bob.take();
  assertEquals(elsewhere, `/broadcastfrom alice ${inPrivate.text}`);
  assertEquals(await guest.line(), `<alice> ${inPrivate.text}`);

  // A changed address is none, and so is one whose file is gone.
  const last = address.at(-1) === "A" ? "Q" : "A";
  const wrong = [address.slice(0, -1) + last, address.slice(0, -2), `${page}left/x`, `${page}left/`, `${address}?x`];
  assertEquals(await Promise.all(wrong.map(async (each) => (await opens(each))[0])), [404, 404, 404, 404, 200]);
  assertEquals((await alice.ask(`/attachments/${inPrivate.id}`, { method: "DELETE" })).status, 204);
  assertEquals((await opens(address))[0], 404);
  await server.instance.stop();
  const requests = Deno.readTextFileSync(join(folder.path, "requests.log"));
  assertEquals([requests.includes("/left/"), requests.includes(address.slice(-43))], [true, false]);
});

Deno.test("the address of a file is valid for a while only, and in one run of the server", () => {
  let now = 1_000_000;
  const id = "ab".repeat(16);
  const none = { find: () => undefined, remove: () => {} };
  const links = new AttachmentLinks({ lifeMs: 60_000, now: () => now, files: none });
  const token = links.addressOf(id).replace("left/", "");
  assertEquals([token.length, links.idOf(token)], [43, id]);
  now += 59_999;
  assertEquals(links.idOf(token), id);
  now += 1;
  assertEquals(links.idOf(token), undefined);
  const other = new AttachmentLinks({ lifeMs: 60_000, now: () => now, files: none });
  assertEquals(other.idOf(links.addressOf(id).replace("left/", "")), undefined, "of another run");
  for (const text of ["", "A", "%", "a".repeat(43), "a".repeat(1000)]) assertEquals(links.idOf(text), undefined);
});

Deno.test("a file goes when its owner withdraws the message about it, after a restart too; a message elsewhere takes none along", async () => {
  using folder = new Folder();
  let number = 0;
  const open = async () => {
    const stage = await opened({}, folder.path);
    const [alice, bob] = [await stage.alice.chat(), await stage.bob.chat()];
    await alice.resume();
    await bob.resume();
    const say = async (chat: typeof alice, message: Record<string, unknown>) => {
      await chat.say({ type: "say", number: ++number, ...message });
      return (await chat.next("message")).seq as number;
    };
    return { stage, alice, bob, say, withdraw: (of: number) => alice.say({ type: "withdraw", number: ++number, of }) };
  };
  const isThere = async ({ alice }: Awaited<ReturnType<typeof opened>>, id: string) =>
    (await fetched(alice, id))[0] === 200;
  let seq: number;
  let first: Awaited<ReturnType<typeof leave>>;
  {
    const { stage, alice, bob, say, withdraw } = await open();
    await using _stage = stage;
    await using _alice = alice;
    await using _bob = bob;
    first = await leave(stage.alice, utf8("first"));
    seq = await say(alice, { to: "bob", text: first.text });
    const second = await leave(stage.alice, utf8("second"));
    const about = await say(alice, { to: "bob", text: second.text });
    // The same file in the lobby, and a file of bob's: neither is what it says.
    const elsewhere = await say(alice, { room: "lobby", text: first.text });
    const bobs = await leave(stage.bob, utf8("bob's"), { to: "alice" });
    const foreign = await say(alice, { to: "bob", text: bobs.text });
    for (const each of [elsewhere, foreign, about]) await withdraw(each);
    await becomes(() => isThere(stage, second.id), false, "the file is gone");
    assertEquals([await isThere(stage, first.id), await isThere(stage, bobs.id)], [true, true]);
  }
  const { stage, alice, bob, withdraw } = await open();
  await using _stage = stage;
  await using _alice = alice;
  await using _bob = bob;
  await withdraw(seq);
  await becomes(() => isThere(stage, first.id), false, "it is gone after a restart");
  assertEquals([...Deno.readDirSync(join(folder.path, "attachments", "files"))].length, 1);
});

import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { append, begin, fetched, leave, sha256Of } from "./support/attachments.ts";
import { Browser } from "./support/browser.ts";
import { contains, exists, randomBytes, sizeOf } from "./support/file_bytes.ts";
import { Folder, Running, SOURCES } from "./support/programs.ts";
import { paged } from "./support/paged.ts";
import { HASHED_USERS } from "./support/test_server.ts";
import { until } from "./support/wire.ts";

// Both programs, as users start them, and files at the server.

async function serve(folder: Folder): Promise<{ server: Running; im: string }> {
  const options = ["0", folder.write("users.txt", HASHED_USERS), "--web", "0", "--host", "127.0.0.1"];
  const server = new Running(SOURCES, "server", options, folder.path);
  const [, im] = await server.printed(/^im listening on \S+:(\d+)\n/m);
  await server.printed(/^web listening on /m);
  return { server, im: im! };
}

function client(folder: Folder, name: string, im: string): Running {
  folder.write("password", "12345\n");
  const who = ["--name", name, "--data", `data-${name}`, "--downloads", name, "--password-file", "password"];
  return new Running(SOURCES, "client", ["chat", "127.0.0.1", im, ...who], folder.path);
}

Deno.test("a file for a user who is away is left at the server, and fetched when its sender is gone, over a kill", async () => {
  using folder = new Folder();
  const { server, im } = await serve(folder);
  await using _server = server;
  const film = randomBytes(60_000_000);
  Deno.writeFileSync(join(folder.path, "film.bin"), film);
  let n = "";
  {
    await using alice = client(folder, "alice", im);
    await alice.type("/list\n");
    await alice.printed(/^jacky/m);
    await alice.type("/send bob film.bin\n");
    [, n = ""] = await alice.printed(/^file (\d+) left for bob: film\.bin \(60 MB\)$/m);
    await until(() => /bob is away: film\.bin is left at the server/.test(alice.out + alice.err), "it is said");
    await alice.type("/exit\n");
    assertEquals(await alice.over(), 0);
  }
  {
    await using bob = client(folder, "bob", im);
    await bob.printed(new RegExp(`^file ${n} from alice: film\\.bin \\(60 MB\\)$`, "m"));
    await bob.type(`/accept ${n}\n`);
    const parts = () => exists(join(folder.path, "bob")) ? [...Deno.readDirSync(join(folder.path, "bob"))] : [];
    await until(() => parts().some(({ name }) => sizeOf(join(folder.path, "bob", name)) > 1_000_000), "it arrives");
  }
  await using bob = client(folder, "bob", im);
  await bob.type("/history alice\n");
  await bob.printed(new RegExp(`^file ${n} from alice: film\\.bin \\(60 MB\\)$`, "m"));
  await bob.type(`/accept ${n}\n`);
  const [, path] = await bob.printed(new RegExp(`^file ${n} received: (.*)$`, "m"));
  assert(contains(join(folder.path, path!), film));
  assert([...Deno.readDirSync(join(folder.path, "bob"))].every(({ name }) => !name.endsWith(".part")));
});

Deno.test("--leave leaves a file for a room; what cannot be left, or fetched, is said", async () => {
  using folder = new Folder();
  const { server, im } = await serve(folder);
  await using _server = server;
  await using alice = client(folder, "alice", im);
  await using bob = client(folder, "bob", im);
  await bob.type("/join lab\n");
  await bob.printed(/^joined lab$/m);
  await alice.type("/join lab\n");
  await alice.printed(/^joined lab$/m);
  folder.write("notes.txt", "notes\n");
  Deno.mkdirSync(join(folder.path, "tree"));
  await alice.type("/send lab notes.txt --leave\n");
  const [, notes] = await bob.printed(/^file (\d+) from alice: notes\.txt \(6 bytes\)$/m);
  await bob.type(`/accept ${notes}\n`);
  await bob.printed(new RegExp(`^file ${notes} received: bob.notes\\.txt$`, "m"));
  assertEquals(folder.read("bob/notes.txt"), "notes\n");
  await alice.type("/send lab tree --leave\n/send lab nothing.txt --leave\n");
  await until(() => /tree is no single file/.test(alice.out + alice.err), "a folder is refused");
  await until(() => /cannot read nothing\.txt/.test(alice.out + alice.err), "there is none");
  // What the disk of the server lost.
  await alice.type("/send bob notes.txt --leave\n");
  await bob.printed(/notes\.txt[^]*^file \d+ from alice: notes\.txt/m);
  const lost = bob.out.match(/^file (\d+) from alice/gm)!.at(-1)!.split(" ")[1];
  for (const { name } of Deno.readDirSync(join(folder.path, "partyline-data", "attachments", "files"))) {
    Deno.writeTextFileSync(join(folder.path, "partyline-data", "attachments", "files", name), "false\n");
  }
  await bob.type(`/accept ${lost}\n`);
  await bob.printed(/^file \d+ failed: what came is not the file that was left/m);
});

Deno.test("client chat --page: files at the server are left and fetched there, through the client, by its user alone", async () => {
  using folder = new Folder();
  const { server, im } = await serve(folder);
  await using _server = server;
  const [, web] = await server.printed(/^web listening on \S+:(\d+)\n/m);
  const bob = new Browser(Number(web));
  await bob.post("/login", { name: "bob", password: "12345" });
  folder.write("password", "12345\n");
  using data = new Folder();
  const chat = ["chat", "127.0.0.1", im, "--name", "alice", "--password-file", folder.write("password", "12345\n")];
  const { client, browser } = await paged(chat, data);
  await using _client = client;
  assertEquals((await browser.about()).attachmentBytes, 0, "nothing is known of the server before the session begins");
  assertEquals((await begin(browser, new Uint8Array(5)))[0], 502);
  await using page = await browser.chat();
  await page.resume();
  assertEquals((await browser.about()).attachmentBytes, 250_000_000);

  const bytes = randomBytes(5_000_000);
  const [begun, { id }] = await begin(browser, bytes, { name: "slides.pdf" });
  assertEquals(begun, 201);
  assertEquals(await append(browser, id, bytes.subarray(0, 4_000_000)), [200, { offset: 4_000_000 }]);
  const [done, { text }] = await append(browser, id, bytes.subarray(4_000_000), 4_000_000);
  assertEquals([done, typeof text], [200, "string"]);
  assertEquals(sha256Of((await fetched(bob, id as string))[1]), sha256Of(bytes));

  const bobs = await leave(bob, bytes, { to: "alice", name: "answer.pdf" });
  assertEquals((await fetched(browser, bobs.id))[0], 413);
  const [partial, part, headers] = await fetched(browser, bobs.id, { range: "bytes=1000000-1999999" });
  assertEquals([partial, sha256Of(part)], [206, sha256Of(bytes.subarray(1_000_000, 2_000_000))]);
  assertEquals(headers.get("content-disposition"), "attachment; filename=\"answer.pdf\"; filename*=UTF-8''answer.pdf");
  const stranger = new Browser(browser.port);
  assertEquals((await fetched(stranger, bobs.id, { range: "bytes=0-9" }))[0], 403);
  assertEquals((await browser.ask(`/attachments/${id}`, { method: "DELETE" })).status, 204);
  assertEquals((await fetched(bob, id as string))[0], 404);
  // The page is told nothing of the tickets that its client asks for.
  assertEquals(page.heard.filter(({ type }) => type === "ticket" || type === "denied"), []);
});

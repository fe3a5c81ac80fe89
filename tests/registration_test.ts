import { assert, assertEquals } from "@std/assert";
import { isReservedName, skeleton } from "../lib/chat/chosen_names.ts";
import { TestServer, USERS } from "./support/test_server.ts";
import { Folder, Running, SOURCES } from "./support/programs.ts";
import { becomes } from "./support/wire.ts";

import fc from "fast-check";

Deno.test("names that people confuse have the same skeleton", () => {
  for (
    const [one, other] of [
      ["bob", "Bob"],
      ["bob", "b\u043eb"],
      ["alice", "\u0430lice"],
      ["alice", "al\u0131ce".replace("\u0131", "I")],
      ["paul", "pau1"],
      ["jose", "jos\u00e9"],
      ["full", "\uff46\uff55\uff4c\uff4c"],
      ["bob", "b\u200bob"],
      ["marnie", "mamie"],
    ] as const
  ) assertEquals(skeleton(one), skeleton(other), `${one} ${other}`);
  assert(skeleton("bob") !== skeleton("rob"));
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (name) => assertEquals(skeleton(skeleton(name)), skeleton(name))),
  );
});

Deno.test("names that could pass for the server, everybody or an address are reserved", () => {
  for (const name of ["server", "Admin", "r00t", "l0bby", "127.0.0.1", "you"]) assert(isReservedName(name), name);
  for (const name of ["bob", "robert", "ada", "4you"]) assert(!isReservedName(name), name);
});

Deno.test("a registration over IM is stored hashed and can log in at once and after a restart", async () => {
  using folder = new Folder();
  const users = folder.write("users.txt", USERS);
  {
    await using server = await TestServer.open({ enrollIn: users });
    const wire = await server.connect();
    assertEquals(await wire.ask("/register carol secret"), "111 Registration successful");
    assertEquals(await wire.ask("/login carol wrong"), "102 Authentication failed");
    assertEquals(await wire.ask("/login carol secret"), "101 Authentication successful");
    assertEquals(await wire.ask("/register dave secret"), "401 Unrecognized message");
    wire.close();
  }
  const text = folder.read("users.txt");
  assert(text.startsWith(`${USERS}\ncarol $scrypt$ln=17,r=8,p=1$`) && text.endsWith("\n"));
  await using server = await TestServer.open({ users: text });
  using carol = await server.join("carol", "secret");
  assertEquals(await carol.la.ask("/list"), "301 carol");
});

Deno.test("an invalid registration is answered with the rule, and nothing is written", async () => {
  using folder = new Folder();
  const users = folder.write("users.txt", USERS);
  await using server = await TestServer.open({ enrollIn: users, limits: { registrationsPerHour: 2 } });
  const wire = await server.connect();
  const refused = async (line: string) => (await wire.ask(line)).replace("112 Registration failed: ", "");
  assertEquals(await refused("/register bob secret"), '"bob" is taken');
  assertEquals(await refused("/register B0B secret"), '"B0B" looks like the name of another user, "bob"');
  assertEquals(
    await refused("/register Server secret"),
    '"Server" is reserved: it could be taken for something other than a person',
  );
  assertEquals(await refused("/register #x secret"), await refused("/register #x secret"));
  assertEquals(await refused("/register carol 1234"), "a password has at least 5 characters, found 4");
  assertEquals(await refused("/register carol carol"), "the password must differ from the name");
  assertEquals(await wire.ask("/register carol"), "401 Unrecognized message");
  assertEquals(folder.read("users.txt"), USERS);
  // Two simultaneous registrations of look-alike names: one succeeds.
  const other = await server.connect();
  const answers = await Promise.all([wire.ask("/register erin secret"), other.ask("/register Er1n secret")]);
  assertEquals(answers.map((line) => line.slice(0, 3)).sort(), ["111", "112"]);
  assertEquals(await refused("/register frank secret"), "111 Registration successful");
  assertEquals(
    await refused("/register grace secret"),
    "2 accounts were registered from your address within an hour, the most allowed",
  );
  wire.close();
  other.close();
});

Deno.test("with an unwritable users file registration fails and says so", async () => {
  await using server = await TestServer.open({ enrollIn: "no/such/users.txt" });
  const wire = await server.connect();
  assertEquals(
    await wire.ask("/register carol secret"),
    "112 Registration failed: the account could not be stored; the server's log says why",
  );
  assertEquals(await wire.ask("/login carol secret"), "102 Authentication failed");
  wire.close();
});

Deno.test("without --registration the server behaves as the handout says", async () => {
  await using server = await TestServer.open();
  const wire = await server.connect();
  assertEquals(await wire.ask("/register carol secret"), "401 Unrecognized message");
  wire.close();
});

Deno.test("the client asks for the new password twice; the account works over the mailbox too", async () => {
  using folder = new Folder();
  const options = ["0", folder.write("users.txt", USERS), "--mailbox", "0", "--host", "127.0.0.1", "--registration"];
  await using server = new Running(SOURCES, "server", options, folder.path);
  const [, im, mailbox] = await server.printed(/^im listening on \S+:(\d+)\nmailbox listening on \S+:(\d+)\n/);
  await using client = new Running(SOURCES, "client", ["chat", "127.0.0.1", im!, "--data", "carol"], folder.path);
  await client.type("/register carol\nsecret\nsecrets\n");
  await client.type("/register bob\nsecret\nsecret\n/register carol\nsecret\nsecret\n/list\n");
  await client.printed(/^carol \(online\)$/m);
  await becomes(() => client.err.trim().split("\n"), [
    "the two passwords differ; nothing is registered",
    'not registered: "bob" is taken',
  ]);
  folder.write("password", "secret\n");
  const who = ["--name", "carol", "--password-file", "password", "--data", "other"];
  await using other = new Running(SOURCES, "client", ["mailbox", "127.0.0.1", mailbox!, ...who], folder.path);
  await other.type("/list\n");
  await other.printed(/^carol \(online\)$/m);
  assert(!server.err.includes("secret"));
});

import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { freePort } from "../lib/net/free_port.ts";
import { contains, exists, randomBytes, sizeOf } from "./support/file_bytes.ts";
import { HASHED_USERS } from "./support/test_server.ts";
import { Folder, PROGRAMS, programTest as test, Running } from "./support/programs.ts";
import { until } from "./support/wire.ts";

async function serve(folder: Folder): Promise<{ server: Running; im: string; mailbox: string }> {
  const options = ["0", folder.write("users.txt", HASHED_USERS), "--mailbox", "0", "--host", "127.0.0.1"];
  const server = new Running(PROGRAMS, "server", options, folder.path);
  const [, im, mailbox] = await server.printed(/^im listening on \S+:(\d+)\nmailbox listening on \S+:(\d+)\n/);
  return { server, im: im!, mailbox: mailbox! };
}

function client(folder: Folder, name: string, how: readonly string[]): Running {
  folder.write("password", "12345\n");
  const who = ["--name", name, "--data", `data-${name}`, "--downloads", name];
  const password = how[0] === "peer" ? [] : ["--password-file", "password"];
  return new Running(PROGRAMS, "client", [...how, ...who, ...password], folder.path);
}

test("a file and a folder go from chat to mailbox and back, one is refused; scripts can read the outcomes", async () => {
  using folder = new Folder();
  const { server, im, mailbox } = await serve(folder);
  await using _server = server;
  await using alice = client(folder, "alice", ["chat", "127.0.0.1", im]);
  await alice.type("/list\n");
  await alice.printed(/^jacky/m);
  await using bob = client(folder, "bob", ["mailbox", "127.0.0.1", mailbox]);
  await alice.printed(/^online bob$/m);
  const slides = randomBytes(3_000_000);
  Deno.writeFileSync(join(folder.path, "slides one.pdf"), slides);

  await alice.type("/send bob slides one.pdf\n");
  const [, n] = await alice.printed(/^file (\d{3,}) to bob: slides one\.pdf \(3\.0 MB\)$/m);
  // Both sides have the same number.
  await bob.printed(new RegExp(`^file ${n} from alice: slides one\\.pdf \\(3\\.0 MB\\)$`, "m"));
  await bob.type(`/accept ${n}\n`);
  const [, path] = await bob.printed(new RegExp(`^file ${n} received: (.*)$`, "m"));
  await alice.printed(new RegExp(`^file ${n} sent$`, "m"));
  assert(contains(join(folder.path, path!), slides));
  // An offer is an ordinary message.
  await alice.printed(/^delivered bob \S+$/m);

  Deno.mkdirSync(join(folder.path, "tree", "deep"), { recursive: true });
  folder.write("tree/deep/leaf.txt", "green\n");
  folder.write("tree/root.txt", "brown\n");
  await bob.type("JOIN lab1\n/rooms\n");
  await bob.printed(/^joined lab1$/m);
  await alice.type("/join lab1\n");
  await alice.printed(/^joined lab1$/m);
  await bob.type("/send lab1 tree\n");
  const [, tree] = await bob.printed(/^file (\d{3,}) to lab1: tree \(2 files, 12 bytes\)$/m);
  await alice.printed(new RegExp(`^file ${tree} from bob: tree \\(2 files, 12 bytes\\)$`, "m"));
  await alice.type(`/accept ${tree}\n`);
  await alice.printed(new RegExp(`^file ${tree} received: alice.tree$`, "m"));
  await bob.printed(new RegExp(`^file ${tree} sent$`, "m"));
  assertEquals(folder.read("alice/tree/deep/leaf.txt"), "green\n");

  await alice.type("/send bob users.txt\n");
  const [, users] = await bob.printed(/^file (\d+) from alice: users\.txt/m);
  await bob.type(`/refuse ${users}\n`);
  await alice.printed(new RegExp(`^file ${users} failed: bob has refused it$`, "m"));
  await alice.type("/exit\n");
  await bob.type("E\n");
  assertEquals([await alice.over(), await bob.over()], [0, 0]);
  assertEquals([...Deno.readDirSync(join(folder.path, "bob"))].map(({ name }) => name), ["slides one.pdf"]);
});

test("a transfer resumes after either client was killed, and the file is complete", async () => {
  using folder = new Folder();
  const { server, im } = await serve(folder);
  await using _server = server;
  const film = randomBytes(60_000_000);
  Deno.writeFileSync(join(folder.path, "film.bin"), film);
  const start = (name: string) => client(folder, name, ["chat", "127.0.0.1", im]);
  let alice = start("alice");
  let bob = start("bob");
  await bob.type("/list\n");
  await bob.printed(/^jacky/m);
  await alice.type("/send bob film.bin\n");
  const [, n] = await bob.printed(/^file (\d+) from alice: film\.bin/m);
  await bob.type(`/accept ${n}\n`);
  const part = join(folder.path, "bob", "film.bin.part");
  for (const who of ["bob", "alice"]) {
    const before = sizeOf(part);
    await until(
      () => sizeOf(part) > before + 5_000_000 || exists(join(folder.path, "bob", "film.bin")),
      part,
    );
    await (who === "bob" ? bob : alice)[Symbol.asyncDispose]();
    if (who === "bob") bob = start("bob");
    else alice = start("alice");
  }
  await until(() => exists(join(folder.path, "bob", "film.bin")), "film.bin");
  // After both have started anew too.
  await bob.printed(new RegExp(`^file ${n} received: `, "m"));
  assert(contains(join(folder.path, "bob", "film.bin"), film));
  assertEquals([...Deno.readDirSync(join(folder.path, "bob"))].length, 1);
  await alice[Symbol.asyncDispose]();
  await bob[Symbol.asyncDispose]();
});

test("a file arrives even if the server dies during the transfer", async () => {
  using folder = new Folder();
  const { server, im } = await serve(folder);
  await using _server = server;
  Deno.writeFileSync(join(folder.path, "film.bin"), randomBytes(40_000_000));
  await using alice = client(folder, "alice", ["chat", "127.0.0.1", im]);
  await using bob = client(folder, "bob", ["chat", "127.0.0.1", im]);
  await bob.type("/list\n");
  await bob.printed(/^jacky/m);
  await alice.type("/send bob film.bin\n");
  const [, n] = await bob.printed(/^file (\d+) from alice/m);
  await bob.type(`/accept ${n}\n`);
  await until(
    () => sizeOf(join(folder.path, "bob", "film.bin.part")) > 0 || exists(join(folder.path, "bob", "film.bin")),
    "it arrives",
  );
  server.process.kill("SIGKILL");
  await bob.printed(new RegExp(`^file ${n} received: `, "m"));
  await alice.printed(new RegExp(`^file ${n} sent$`, "m"));
});

test("a file goes between peers without a server", async () => {
  using folder = new Folder();
  const port = freePort();
  // The peers of other tests on this machine are found, too.
  const [her, his] = ["alice", "bob"].map((name) => `${name}-${crypto.randomUUID().slice(0, 8)}`) as [string, string];
  await using alice = client(folder, her, ["peer", "--udp", String(port)]);
  await using bob = client(folder, his, ["peer"]);
  await bob.type(`/add 127.0.0.1:${port}\n`);
  await alice.printed(new RegExp(`^online ${his}$`, "m"));
  await bob.printed(new RegExp(`^online ${her}$`, "m"));
  const slides = randomBytes(2_000_000);
  Deno.writeFileSync(join(folder.path, "slides.pdf"), slides);
  await alice.type(`/send ${his} slides.pdf\n`);
  const [, n] = await alice.printed(new RegExp(`^file (\\d{3,}) to ${his}: slides\\.pdf \\(2\\.0 MB\\)$`, "m"));
  await bob.printed(new RegExp(`^file ${n} from ${her}: slides\\.pdf \\(2\\.0 MB\\)$`, "m"));
  await bob.type(`/accept ${n}\n`);
  await bob.printed(new RegExp(`^file ${n} received: ${his}.slides\\.pdf$`, "m"));
  await alice.printed(new RegExp(`^file ${n} sent$`, "m"));
  assert(contains(join(folder.path, his, "slides.pdf"), slides));
});

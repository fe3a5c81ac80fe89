import { assert, assertEquals } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { equals } from "../lib/core/bytes.ts";
import { seededBytes } from "./support/file_bytes.ts";
import { Folder, type Programs, Running, SOURCES } from "./support/programs.ts";
import { StoringServer } from "./support/native.ts";
import { until } from "./support/wire.ts";

// The handout's programs as tests/peers/ has them, in real processes. Pauses are longer than the handout's, since a machine that
// is busy with other tests joins what comes 0.1 s apart.
const PAUSE_S = 0.4;
const LIMITS = { roomsPauseMs: 400 };
const python = Deno.build.os !== "windows" && await new Deno.Command("python3", { args: ["--version"], stdout: "null" })
  .output().then(({ success }) => success, () => false);
const required = Deno.env.has("PARTYLINE_REQUIRE_ALL");

function test(name: string, run: () => Promise<void>): void {
  Deno.test({ name: python || required ? name : `${name} (no python3)`, ignore: !python && !required, fn: run });
}

/** A program of tests/peers/. */
function peer(program: string, ...args: readonly string[]): Running {
  const file = join(dirname(fromFileUrl(import.meta.url)), "peers", program);
  const programs: Programs = { name: "python", command: () => ({ path: "python3", args: [file, ...args] }) };
  return new Running(programs, "client", [], Deno.cwd());
}

function handoutClient(port: number, name: string, folder: Folder, ...more: readonly string[]): Running {
  const where = ["127.0.0.1", String(port), name, "lab", folder.path];
  return peer("rooms_client.py", ...where, "--pause", String(PAUSE_S), ...more);
}

function ours(port: number, name: string, folder: Folder, ...more: readonly string[]): Running {
  const args = [
    "rooms",
    "127.0.0.1",
    String(port),
    "--name",
    name,
    "--room",
    "lab",
    "--downloads",
    folder.path,
    ...more,
  ];
  return new Running(SOURCES, "client", args, folder.path);
}

function noise(bytes: number): Uint8Array {
  return seededBytes(bytes, bytes + 1);
}

async function shown(program: Running, text: string): Promise<void> {
  await until(() => program.out.includes(text), () => `${text} in ${program.out}, ${program.err}`);
}

test("the handout's terminal client and window client, a slow one too: files of every size are whole, chat in between", async () => {
  await using server = await StoringServer.open({ users: "jacky 12345", rooms: true, limits: LIMITS });
  using folders = {
    a: new Folder(),
    b: new Folder(),
    c: new Folder(),
    [Symbol.dispose]() {
      for (const each of [this.a, this.b, this.c]) each[Symbol.dispose]();
    },
  };
  const port = server.portOf("rooms");
  await using alice = handoutClient(port, "alice", folders.a);
  await shown(alice, "New Group created");
  await using bob = handoutClient(port, "bob", folders.b, "--window");
  await using carol = handoutClient(port, "carol", folders.c, "--slow", "0.0005");
  for (const each of [bob, carol]) await shown(each, "Welcome to chat room");
  const sizes = [0, 1, 1023, 1024, 1025, 20_000, 100_000, 1_000_000];
  for (const size of sizes) {
    const path = join(folders.a.path, `f${size}.bin`);
    Deno.writeFileSync(path, noise(size));
    await alice.type(`/file ${path}\ntext after ${size}\n`);
  }
  for (const each of [bob, carol]) {
    await shown(each, "<alice> text after 1000000");
    assertEquals(
      each.out.split("\n").filter((line) => line.endsWith("Received")),
      sizes.map((size) => `alice: client_f${size}.bin Received`),
    );
  }
  for (const size of sizes) {
    for (const folder of [folders.b, folders.c]) {
      assert(equals(Deno.readFileSync(join(folder.path, `client_f${size}.bin`)), noise(size)), String(size));
    }
  }
});

test("files of 5 MB between the handout's clients are whole, with small ones and texts in between", async () => {
  await using server = await StoringServer.open({ users: "jacky 12345", rooms: true, limits: LIMITS });
  using here = new Folder();
  using there = new Folder();
  const port = server.portOf("rooms");
  await using alice = handoutClient(port, "alice", here);
  await shown(alice, "New Group created");
  await using bob = handoutClient(port, "bob", there);
  await shown(bob, "Welcome to chat room");
  const contents = new Map([5_000_000, 7, 4_999_999].map((size) => [size, noise(size)]));
  for (const [size, bytes] of contents) {
    const path = join(here.path, `f${size}.bin`);
    Deno.writeFileSync(path, bytes);
    await alice.type(`/file ${path}\ntext after ${size}\n`);
  }
  for (const [size, bytes] of contents) {
    await shown(bob, `<alice> text after ${size}`);
    assert(equals(Deno.readFileSync(join(there.path, `client_f${size}.bin`)), bytes), String(size));
  }
});

test("our client and the handout's send each other texts and files; ours keeps what it accepts, and deletes nothing", async () => {
  await using server = await StoringServer.open({ users: "jacky 12345", rooms: true, limits: LIMITS });
  using here = new Folder();
  using there = new Folder();
  const port = server.portOf("rooms");
  await using bob = ours(port, "bob", here);
  await shown(bob, "New Group created");
  await using alice = handoutClient(port, "alice", there);
  await shown(alice, "Welcome to chat room");
  here.write("notes.txt", "mine");
  here.write("empty.txt", "");
  there.write("notes.txt", "hers");
  await alice.type("hello\n");
  await shown(bob, "<alice> hello");
  await bob.type("/send empty.txt\nand a text\n");
  await shown(bob, "You: empty.txt Sent");
  await shown(alice, "bob: client_empty.txt Received");
  await shown(alice, "<bob> and a text");
  await alice.type(`/file ${join(there.path, "notes.txt")}\n`.repeat(2));
  await shown(bob, "file 2 from alice: notes.txt (4 bytes)");
  await bob.type("/accept 1\n/refuse 2\n/exit\n");
  await shown(bob, "alice: notes.txt Received");
  assertEquals(await bob.over(), 0);
  assertEquals([here.read("notes.txt"), here.read("notes (1).txt")], ["mine", "hers"]);
  assertEquals([...Deno.readDirSync(here.path)].length, 3);
});

test("our client at the handout's server: texts of both forms arrive, and a file that it may spoil ends nothing", async () => {
  using folder = new Folder();
  for (const bars of [[], ["--bars"]]) {
    await using server = peer("rooms_server.py", "0", ...bars);
    const [, port] = await server.printed(/listening to port: (\d+)/);
    await using bob = ours(Number(port), "bob", folder, "--auto-accept");
    await shown(bob, "New Group created");
    await using alice = handoutClient(Number(port), "alice", folder);
    await shown(alice, "Welcome to chat room");
    Deno.writeFileSync(join(folder.path, "big.bin"), noise(50_000));
    await alice.type(`hello\n/file ${join(folder.path, "big.bin")}\n`);
    await shown(bob, bars.length > 0 ? "alice | hello\n" : "<alice> hello\n");
    await shown(alice, "You: big.bin Sent");
    await until(() => /failed|Received/.test(bob.out), () => bob.out);
    await server.printed(/^Sent$/m);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await alice.type("still here\n");
    await shown(bob, "still here\n");
  }
});

Deno.test("a script without a name or a room is told which options are missing", async () => {
  using folder = new Folder();
  await using bob = new Running(SOURCES, "client", ["rooms", "127.0.0.1", "--name", "bob"], folder.path);
  assertEquals(await bob.over(), 2);
  assertEquals(
    bob.err,
    "client: rooms needs --name and --room; for example: client rooms HOST --name alice --room lab1\n",
  );
});

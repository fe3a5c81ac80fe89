import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { append, begin, fetched, leave } from "./support/attachments.ts";
import { Browser } from "./support/browser.ts";
import { randomBytes } from "./support/file_bytes.ts";
import { RawNative } from "./support/native.ts";
import { Folder, type Programs, Running, SOURCES } from "./support/programs.ts";
import { USERS } from "./support/test_server.ts";
import { until } from "./support/wire.ts";

/** The real server where its disk fails it. Disks of their own need root on Linux. */

/** The programs, each in a mount namespace of its own in which `script` was run first. */
function mounted(script: string, programs: Programs = SOURCES): Programs {
  return {
    name: `${programs.name}, mounted`,
    command(program, all) {
      const { path, args } = programs.command(program, all);
      return { path: "unshare", args: ["-m", "sh", "-ec", `${script}\nexec "$@"`, "sh", path, ...args] };
    },
  };
}

async function missing(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "mount namespaces are Linux's";
  try {
    const args = ["-m", "mount", "-t", "tmpfs", "none", "/mnt"];
    const { success } = await new Deno.Command("unshare", { args, stderr: "null" }).output();
    return success ? undefined : "disks cannot be mounted here";
  } catch {
    return "there is no unshare";
  }
}

const why = await missing();
const ignore = why !== undefined && !Deno.env.has("PARTYLINE_REQUIRE_ALL");
const skipped = ignore ? ` (skipped: ${why})` : "";

function start(folder: Folder, data: string, programs = SOURCES, more: readonly string[] = []): Running {
  const users = folder.write("users.txt", USERS);
  const options = ["0", users, "--mailbox", "0", "--host", "127.0.0.1", "--data", data, ...more];
  return new Running(programs, "server", options, folder.path);
}

async function portOf(server: Running): Promise<{ port: number }> {
  return { port: Number((await server.printed(/^im listening on \S+:(\d+)\n/))[1]) };
}

/** A client of the native protocol with its stream begun. */
async function joined(server: Running, name: string): Promise<RawNative> {
  const native = await RawNative.join(await portOf(server), name);
  await native.resume();
  while ((await native.next()).type !== "live");
  return native;
}

/** Says something; why it is not kept, or undefined. What arrives is acknowledged. */
async function refusal(native: RawNative, text: string): Promise<string | undefined> {
  let answer = await native.say({ room: "lobby" }, text);
  while (answer.type !== "message" && answer.type !== "failed") answer = await native.take();
  if (answer.type === "failed") return answer.why;
  await native.send({ type: "ack", seq: answer.seq });
}

async function history(native: RawNative): Promise<string[]> {
  let answer = await native.ask({ type: "history", ref: 1, room: "lobby", limit: 2 });
  while (answer.type !== "history") answer = await native.take();
  return answer.messages.map(({ text }: { text: string }) => text.slice(0, 10));
}

Deno.test({
  name:
    `a disk that is full while people chat: each message is refused with the reason, reading goes on, and it recovers by itself${skipped}`,
  ignore,
  async fn() {
    using folder = new Folder();
    const data = join(folder.path, "data");
    Deno.mkdirSync(data);
    const disk = `mount -t tmpfs -o size=2m none ${data}\nhead -c 1000000 /dev/zero > ${data}/ballast`;
    await using server = start(folder, data, mounted(disk));
    using native = await joined(server, "jacky");
    const text = (number: number) => `${number} `.padEnd(10).padEnd(8000, "x");
    let number = 0;
    let reason: string | undefined;
    while (reason === undefined && number < 1000) reason = await refusal(native, text(++number));
    assertMatch(reason ?? "everything was kept", /^the server cannot keep messages at the moment: .*full/);
    const kept = number - 1;
    assert(kept > 10, `${kept} messages were kept`);
    assertMatch((await refusal(native, text(number)))!, /full/);
    // Reading goes on, for those who come now too.
    const newest = [`${kept - 1} `.padEnd(10), `${kept} `.padEnd(10)];
    assertEquals(await history(native), newest);
    using other = await joined(server, "bob");
    assertEquals(await history(other), newest);
    await until(() => server.err.includes(data), () => `the folder in ${server.err}`);
    Deno.removeSync(join("/proc", String(server.process.pid), "root", data, "ballast"));
    const again = "after it ".padEnd(8000, "x");
    assertEquals(await refusal(native, again), undefined);
    assertEquals((await history(other)).at(-1), again.slice(0, 10));
  },
});

Deno.test({
  name:
    `a disk that is full while a file is left: its sender is told, nothing of it stays, and the server goes on${skipped}`,
  ignore,
  async fn() {
    using folder = new Folder();
    const data = join(folder.path, "data");
    Deno.mkdirSync(data);
    await using server = start(folder, data, mounted(`mount -t tmpfs -o size=3m none ${data}`), ["--web", "0"]);
    const [, web] = await server.printed(/^web listening on \S+:(\d+)\n/m);
    const alice = new Browser(Number(web));
    await alice.post("/login", { name: "alice", password: "12345" });
    const kept = await leave(alice, randomBytes(500_000));
    const large = randomBytes(4_000_000);
    const [begun, { id }] = await begin(alice, large);
    assertEquals(begun, 201);
    assertEquals(await append(alice, id, large), [507, { why: "the server cannot keep the file: the disk is full" }]);
    const names = (name: string) =>
      [...Deno.readDirSync(join("/proc", String(server.process.pid), "root", data, "attachments", name))].length;
    assertEquals([names("files"), names("uploads")], [1, 0]);
    assertMatch(server.err, /cannot keep a file that a user leaves: the disk is full/);
    // There is room for others again, and for messages.
    assertEquals((await fetched(alice, kept.id))[0], 200);
    const small = await leave(alice, randomBytes(600_000));
    using native = await joined(server, "jacky");
    assertEquals(await refusal(native, "it goes on"), undefined);
    assertEquals((await fetched(alice, small.id))[0], 200);
    assertEquals(await append(alice, id, large), [404, { why: "there is no such file for you" }]);
  },
});

Deno.test({
  name:
    `a folder that cannot be written: what is said there fails with the path of the folder, and the session goes on${skipped}`,
  ignore,
  async fn() {
    using folder = new Folder();
    const data = join(folder.path, "data");
    Deno.mkdirSync(data);
    const readOnly = `mount --bind ${data} ${data}\nmount -o remount,bind,ro ${data}`;
    await using server = start(folder, data, mounted(readOnly));
    using native = await RawNative.join(await portOf(server), "jacky");
    await native.resume();
    for (const text of ["hello", "hello again"]) {
      assertStringIncludes((await refusal(native, text)) ?? "it was kept", data);
    }
    await until(() => server.err.includes(data), () => `the folder in ${server.err}`);
  },
});

/** What a server that does not start says, and its status. */
async function refused(folder: Folder, data: string, programs?: Programs): Promise<string> {
  await using server = start(folder, data, programs);
  const status = await server.over();
  assert(status !== 0, "it has started");
  assertEquals(server.err.trim().split("\n").length, 1, server.err);
  return server.err;
}

Deno.test("a damaged file, a link to nothing, and a second server: one line with the path, and no start", async () => {
  using folder = new Folder();
  const store = (name: string) => join(folder.path, name, "partyline.db");
  for (const name of ["damaged", "link", "taken"]) Deno.mkdirSync(join(folder.path, name));
  Deno.writeTextFileSync(store("damaged"), "this is no database, however long it is looked at. ".repeat(100));
  assertStringIncludes(await refused(folder, "damaged"), "damaged/partyline.db");
  Deno.symlinkSync("nowhere/at/all.db", store("link"));
  assertStringIncludes(await refused(folder, "link"), "link/partyline.db");
  await using first = start(folder, "taken");
  using native = await joined(first, "jacky");
  assertEquals(await refusal(native, "hello"), undefined);
  const line = await refused(folder, "taken");
  assertStringIncludes(line, "taken/partyline.db");
  assertMatch(line, /another/);
  assertEquals(await refusal(native, "it goes on"), undefined);
});

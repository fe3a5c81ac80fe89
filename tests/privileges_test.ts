import { assert, assertEquals, assertMatch } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import config from "../deno.json" with { type: "json" };
import { programs } from "../tools/targets.ts";
import { Browser } from "./support/browser.ts";
import { exists } from "./support/file_bytes.ts";
import { Folder, type Programs, Running } from "./support/programs.ts";
import { Wire } from "./support/wire.ts";

// What the programs may do: the tasks and the executables have the same permissions, and each works where it can write its own
// folders alone.

const ROOT = join(dirname(fromFileUrl(import.meta.url)), "..");

/** The programs from the sources, with their permissions, but for writing: only these paths. */
function writing(...paths: readonly string[]): Programs {
  const narrowed = (permission: string) =>
    permission.startsWith("--allow-write") ? `--allow-write=${paths.join(",")}` : permission;
  return {
    name: "with few permissions",
    command(program, args) {
      const { permissions } = programs.find(({ name }) => name === program)!;
      const own = ["run", "--no-prompt", ...permissions.map(narrowed), join(ROOT, `${program}.ts`)];
      return { path: Deno.execPath(), args: [...own, ...args] };
    },
  };
}

/** Every path in a folder, with how many bytes files have. */
function contents(path: string): string[] {
  return [...Deno.readDirSync(path)].flatMap(({ name, isDirectory }) => {
    const each = join(path, name);
    return isDirectory ? contents(each) : [`${each} ${Deno.statSync(each).size}`];
  }).sort();
}

Deno.test("deno task start and deno task client have the permissions of the executables, and no others", () => {
  const tasks = { server: config.tasks.start.command, client: config.tasks.client.command };
  for (const { name, entry, permissions } of programs) {
    const task = tasks[name as "server" | "client"];
    // On Windows the packages of the page may lie on another drive.
    const words = task.replace('"--allow-read=/,$LOCALAPPDATA/deno"', "--allow-read=/").split(" ");
    const given = words.filter((word) => /^"?(-A$|--(allow|deny)-)/.test(word));
    assertEquals(given, [...permissions], name);
    assert(task.endsWith(` ${entry}`));
  }
});

Deno.test("every variable of the environment that the code names may be read: where it may not, Deno asks on the terminal", () => {
  const named = (folder: string): string[] =>
    [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
      const path = join(folder, name);
      if (isDirectory) return named(path);
      if (!name.endsWith(".ts")) return [];
      return [...Deno.readTextFileSync(path).matchAll(/Deno\.env\.(?:get|has)\("(\w+)"\)/g)].map(([, variable]) =>
        variable!
      );
    });
  const [permission] = programs.find(({ name }) => name === "client")!.permissions.filter((flag) =>
    flag.startsWith("--allow-env=")
  );
  const allowed = permission!.slice("--allow-env=".length).split(",");
  const found = ["client", "terminal", "store", "net", "core"].flatMap((folder) => named(join(ROOT, "lib", folder)));
  assert(found.includes("INIT_CWD") && found.includes("HOME"), `${found}`);
  assertEquals(found.filter((variable) => !allowed.includes(variable)), []);
});

Deno.test({
  name: "a program that was given the root folder keeps the access to what it needs alone, links included",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using folder = new Folder();
    for (const name of ["own", "linked"]) Deno.mkdirSync(join(folder.path, name));
    Deno.symlinkSync(join(folder.path, "linked"), join(folder.path, "link"));
    const child = join(ROOT, "tests", "support", "confined_child.ts");
    const confined = async (flags: readonly string[], to: string) => {
      const paths = ["own/new", "link/new", "new"].map((path) => join(folder.path, path));
      const args = ["run", "--no-prompt", ...flags, child, join(folder.path, to), ...paths];
      const { stdout } = await new Deno.Command(Deno.execPath(), { args, stderr: "inherit" }).output();
      return new TextDecoder().decode(stdout).trim();
    };
    const root = ["--allow-read=/", "--allow-write=/"];
    assertEquals(await confined(root, "own"), "yes no no no");
    assertEquals(await confined(root, "link"), "no yes no no");
    // Without a path Deno can take back all or nothing.
    assertEquals(await confined(["--allow-read", "--allow-write"], "own"), "yes yes yes yes");
  },
});

Deno.test("a server that may write its data folder and that of the users file does all it can, and writes nothing else", async () => {
  using folder = new Folder();
  for (const name of ["accounts", "data", "own"]) Deno.mkdirSync(join(folder.path, name));
  folder.write("accounts/users.txt", "alice 12345\nbob 12345\n");
  folder.write("own/notes.txt", "notes\n");
  folder.write("own/secret", "12345\n");
  const untouched = contents(join(folder.path, "own"));
  const all = ["address-book", "lobby", "rooms", "mailbox", "mychat", "web", "tls-port"];
  const listeners = all.flatMap((name) => [`--${name}`, "0"]);
  const files = ["--registration", "--guests", "--data", "data", "--trace-file", "data/trace.jsonl"];
  const server = new Running(
    writing(join(folder.path, "data"), join(folder.path, "accounts")),
    "server",
    ["0", "accounts/users.txt", "--host", "127.0.0.1", ...listeners, ...files],
    folder.path,
  );
  await using _server = server;
  const port = async (name: string) =>
    (await server.printed(new RegExp(`^${name} listening on \\S+:(\\d+)$`, "m")))[1]!;
  const im = await port("im");
  const client = (name: string, ...options: string[]) => {
    const who = ["--data", `${name}-data`, "--downloads", `${name}-files`, ...options];
    const paths = [join(folder.path, `${name}-data`), join(folder.path, `${name}-files`)];
    return new Running(writing(...paths), "client", ["chat", "127.0.0.1", im, ...who], folder.path);
  };
  const elsewhere = ["chat", "127.0.0.1", im, "--name", "bob", "--password-file", "own/secret", "--data", "elsewhere"];
  await using wrong = new Running(writing(join(folder.path, "bob-data")), "client", elsewhere, folder.path);
  await wrong.type("/exit\n");
  assertEquals(await wrong.over(), 0, wrong.err);
  assertMatch(
    wrong.err,
    /is not remembered: cannot write elsewhere.known_hosts: deno was started without --allow-write=/,
  );
  // Over TLS: a new account, a message, and a file that stays at the server.
  await using carol = client("carol");
  await carol.type("/register carol\na-secret\na-secret\n");
  await carol.type("/to alice hi\n");
  await carol.printed(/^sent /m);
  await carol.type("/send alice own/notes.txt --leave\n");
  await carol.printed(/^file \d+ left for alice: notes\.txt/m);
  await carol.type("/exit\n");
  assertEquals(await carol.over(), 0, carol.err);
  await using alice = client("alice", "--name", "alice", "--password-file", "own/secret");
  await alice.printed(/^from carol: hi$/m);
  const [, n] = await alice.printed(/^file (\d+) from carol: notes\.txt/m);
  await alice.type(`/accept ${n}\n`);
  await alice.printed(/^file \d+ received: .*notes\.txt$/m);
  await alice.type("/exit\n");
  assertEquals(await alice.over(), 0, alice.err);
  // The page's login cookie, a guest of the lobby, an entry of the address book.
  const page = new Browser(Number(await port("web")));
  assertEquals((await page.post("/login", { name: "carol", password: "a-secret" }))[0], 200);
  using guest = await Wire.connect(Number(await port("lobby")));
  assertEquals(await guest.line(), "Welcome to this chatroom!");
  await guest.send("hello\n");
  using peer = await Wire.connect(Number(await port("address-book")));
  await peer.send("peer 127.0.0.1 4000");
  await peer.rest();
  server.process.kill("SIGTERM");
  assertEquals(await server.over(), 0, server.err);
  const data = contents(join(folder.path, "data")).map((line) => line.slice(folder.path.length + 6).split(" ")[0]!);
  for (const name of ["requests.log", "trace.jsonl", "tls-cert.pem", "tls-key.pem"]) assert(data.includes(name), name);
  assert(data.some((name) => name.startsWith("attachments/")), `${data}`);
  assertMatch(folder.read("accounts/users.txt"), /^carol \$scrypt\$/m);
  assertEquals(contents(join(folder.path, "own")), untouched);
  assertEquals(
    [...Deno.readDirSync(folder.path)].map(({ name }) => name).sort(),
    ["accounts", "alice-data", "alice-files", "carol-data", "data", "own"],
  );
  for (const { err } of [server, carol, alice]) {
    assert(!/NotCapable|without --allow|Requires \w+ access/.test(err), err);
  }
});

Deno.test("what a server may not write is refused in one line, and is not written", async () => {
  using folder = new Folder();
  folder.write("users.txt", "alice 12345\n");
  const start = ["0", "users.txt", "--host", "127.0.0.1"];
  const cases: [string[], RegExp][] = [
    [
      ["--data", "elsewhere", "--tls-port", "0"],
      /^server: cannot keep a certificate for TLS in elsewhere \(--data\): deno was started without --allow-write=/,
    ],
    [["--data", "data", "--trace-file", "elsewhere"], /^server: cannot write the trace file elsewhere: /],
  ];
  await Promise.all(cases.map(async ([options, what]) => {
    const narrow = writing(join(folder.path, "data"));
    await using running = new Running(narrow, "server", [...start, ...options], folder.path);
    assertEquals(await running.over(), 2, running.err);
    assertMatch(running.err, what);
    assertEquals(running.err.trimEnd().split("\n").length, 1, running.err);
  }));
  assert(!exists(join(folder.path, "elsewhere")));
});

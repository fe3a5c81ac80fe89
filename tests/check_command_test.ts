import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { deadline } from "@std/async/deadline";
import { dirname, fromFileUrl, join } from "@std/path";
import { Program } from "../lib/check/program.ts";
import { unbufferedOutput } from "../lib/check/unbuffered.ts";
import { parseCheckArgs } from "../lib/client/check.ts";
import { UserError } from "../lib/core/errors.ts";
import { freePort } from "../lib/net/free_port.ts";
import { ended, Folder, SOURCES } from "./support/programs.ts";
import { listening, until } from "./support/wire.ts";

const SERVER_PY = join(dirname(fromFileUrl(import.meta.url)), "check/im_server.py");
const server = (...faults: string[]) => ["--", "python3", SERVER_PY, "{port}", "{users}", ...faults];

async function check(args: readonly string[], cwd?: string) {
  const { path, args: all } = SOURCES.command("client", ["check", ...args]);
  const command = new Deno.Command(path, { args: all, ...(cwd && { cwd }), stdout: "piped", stderr: "piped" });
  const { code, stdout, stderr } = await command.output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

Deno.test("each mistake of the command line is one line that says what was tried", () => {
  const mistakes: readonly [string, RegExp][] = [
    ["im sever", /^there is no check for "im sever"; did you mean "im server"\?$/],
    ["imm server", /^there is no check for "imm"; did you mean "im"\?$/],
    ["xyz", /^there is no check for "xyz"; for example: .*Known are: im server, im client/],
    ["im", /^check needs a handout and a side/],
    ["im server", /^expected HOST and PORT of a running server, or a command/],
    ["im server 127.0.0.1 x", /^the port must be a whole number from 1 to 65535, not "x"$/],
    ["im server 127.0.0.1 2001 2002", /^expected HOST and PORT/],
    ["im server --", /^after -- comes the command/],
    ["im server 127.0.0.1 2001 -- x", /^a started program needs no HOST and PORT, found "127.0.0.1"$/],
    ["im client 127.0.0.1 2001", /^a client is started by the check: client check im client -- /],
    ["im server --jsn x -- y", /^unknown option --jsn; did you mean --json\? --help lists the options$/],
    ["im server --json - --csv - -- x", /^--json and --csv cannot both be written to standard output$/],
    ["im server --json a --report a -- x", /^--report and --json cannot both be written to a$/],
    ["im server --only im/99 -- x", /^--only im\/99: im server has no such rule; --list shows them$/],
    ["im server --skip im/2/ -- x", /^--skip im\/2\/: /],
    ["im server --network bad -- x", /^--network must be one of none, cut, slow, lossy, not "bad"$/],
    ["im server --repeat 0 -- x", /^--repeat must be a whole number from 1 to 1000, not "0"$/],
    ["im server --seed x -- x", /^--seed must be a whole number from 0 to 4294967295, not "x"$/],
    [
      "mychat server --network cut -- x",
      /^--network cut does not apply to mychat: each datagram arrives whole; none and slow do$/,
    ],
    ["mailbox client --network cut -- x", /: each datagram arrives whole; none, slow and lossy do$/],
    ["peers --network lossy -- x", /^--network lossy does not apply to peers: what is lost there is not sent again/],
    ["im server --jobs 2 127.0.0.1 2001", /^--jobs 2: a server that runs already is played one rule at a time/],
    ["im server --jobs 1.5 -- x", /^--jobs must be a whole number from 1 to 64, not "1.5"$/],
    ["im server --timeout 5 -- x", /^--timeout must be a whole number from 100 to 60000, not "5"$/],
    ["im server --markdown -- x", /^--markdown is for --list/],
    ["--list im server x", /^--list takes a handout and a side, found "x"$/],
  ];
  for (const [line, expected] of mistakes) {
    const error = assertThrows(() => parseCheckArgs(line.split(" ")), UserError, undefined, line);
    assertMatch(error.message, expected);
    assert(!error.message.includes("\n"), line);
  }
});

Deno.test("check: a right server is status 0, a wrong one 1 with its stories in the order of the rules, plain in a pipe", async () => {
  const right = await check(["im", "server", "--only", "im/2/1", "--verbose", ...server()]);
  assertMatch(right.out, /^PASS im\/2\/1 [^\n]*\n1 passed: \d of \d points \(seed \d+\)\n$/);
  assertEquals([right.code, right.err], [0, ""]);
  const wrong = await check(["im", "server", "--only", "im/2", "--seed", "7", ...server("any-password")]);
  assertEquals(wrong.code, 1);
  const failed = [...wrong.out.matchAll(/^FAIL (im\/2\/(\d+))/gm)].map(([, , number]) => Number(number));
  assert(failed.includes(2) && failed.every((number, i) => i === 0 || failed[i - 1]! < number), String(failed));
  assert(!wrong.out.includes("\x1b"));
  // The command that a story ends with plays the same again.
  const again = /^ +Again: deno task client (check .*)$/m.exec(wrong.out)![1]!.split(" ").slice(1);
  const replayed = await check(again);
  assertEquals(replayed.code, 1);
  const story = (text: string) => /^FAIL[^]*?^ +Usual/m.exec(text)![0];
  assertEquals(story(replayed.out), story(wrong.out));
  // A rule that --only leaves out is told where it keeps those from being played that were asked for.
  const blocked = await check(["im", "server", "--only", "im/4/1", ...server("wrong-code")]);
  assertMatch(blocked.out, /^FAIL im\/2\/1 [^]*^1 rule was not played, since it needs im\/2\/1\n1 blocked: 0 of /m);
  const quiet = await check([
    "im",
    "server",
    "--only",
    "im/2/2",
    "--quiet",
    "--repeat",
    "2",
    ...server("any-password"),
  ]);
  assertMatch(quiet.out, /^1 failed: 0 of \d points \(seed \d+\)\n$/);
});

Deno.test("check: what cannot run is status 2 and one line", async () => {
  using folder = new Folder();
  const users = folder.write("users.txt", "jacky 12345\n");
  const cases: readonly [string[], RegExp][] = [
    [
      ["im", "server", "--", "no-such-program", "{port}"],
      /^client: cannot start no-such-program \d+: no-such-program: there is no such program\n$/,
    ],
    [["im", "client", "--", users], /^client: cannot start .*: the system does not permit it\n$/],
    [["im", "server", "--", "python3", "{prt}"], /^client: the command has {prt}; known are /],
    [
      ["im", "server", "127.0.0.1", String(freePort()), "--users", users],
      /^client: no server to check at 127.0.0.1 \d+: nothing listens there\n$/,
    ],
    [["im", "server", "127.0.0.1", "2001"], /^client: a server that runs already needs --users FILE/],
    [
      ["im", "server", "--json", join(folder.path, "no/x.json"), ...server()],
      /^client: cannot write .*: there is no folder /,
    ],
    [["im", "server", "--report", folder.path, ...server()], /^client: cannot write .*: it is a folder\n$/],
  ];
  for (const [args, expected] of cases) {
    const { code, out, err } = await check(args);
    assertEquals([code, out], [2, ""], args.join(" "));
    assertMatch(err, expected);
  }
});

Deno.test("check: a running server with --users, the report on standard output, and rules for which accounts are missing", async () => {
  using folder = new Folder();
  const users = folder.write("users.txt", "jacky 12345\nbob 12345\n");
  const port = freePort();
  const running = new Deno.Command("python3", { args: [SERVER_PY, String(port), users], stderr: "null" }).spawn();
  try {
    await listening(port);
    const args = ["im", "server", "127.0.0.1", String(port), "--users", users, "--json", "-"];
    const { code, out, err } = await check([...args, "--only", "im/2/1,im/4/1"]);
    const { counts, target } = JSON.parse(out);
    assertEquals([code, counts.pass, target], [0, 2, `127.0.0.1:${port}`]);
    assertMatch(err, /^2 passed: \d of \d points \(seed \d+\)\n$/);
    // Both accounts have the same password, and a server that runs is not started anew: that is no fault of it.
    const few = await check([...args.slice(0, -2), "--only", "im/2/9,im/8/10,im/10/8"]);
    assertEquals([few.code, few.err], [0, ""], few.out);
    assertMatch(few.out, /^1 rule was not judged, since it needs two accounts with different passwords\n/m);
    assertMatch(few.out, /^1 rule was not judged, since it needs 3 accounts, and there are 2\n/m);
    assertMatch(few.out, /^1 rule was not judged, since it needs a server that the check starts\n/m);
    assertMatch(few.out, /^3 noted: 0 of 0 points \(seed \d+\)$/m);
    const more = await check([...args.slice(0, -2), "--only", "im/2/9,im/7/9"]);
    assertMatch(more.out, /^INFO im\/7\/9 /, "what comes after a rule that is not judged is shown");
  } finally {
    await ended(running);
  }
});

Deno.test("check: on a terminal verdicts have colours and a line of progress; NO_COLOR has none", async () => {
  const { path, args } = SOURCES.command("client", [
    "check",
    "im",
    "server",
    "--only",
    "im/2/2",
    ...server("any-password"),
  ]);
  const line = [path, ...args].map((word) => `'${word}'`).join(" ");
  const shown = async (env: Record<string, string>) => {
    const given = { TERM: "xterm", PATH: Deno.env.get("PATH")!, HOME: Deno.env.get("HOME") ?? "/", ...env };
    const command = new Deno.Command("script", { args: ["-qec", line, "/dev/null"], env: given, clearEnv: true });
    return new TextDecoder().decode((await command.output()).stdout);
  };
  const coloured = await shown({});
  // deno-lint-ignore no-control-regex
  assertMatch(coloured, /\x1b\[1m\x1b\[31mFAIL\x1b\[39m\x1b\[22m im\/2\/2/);
  assert(coloured.includes("1 of 1 rules, 1 failed\r\x1b[K"), JSON.stringify(coloured));
  // deno-lint-ignore no-control-regex
  assertMatch(await shown({ NO_COLOR: "1" }), /\x1b\[KFAIL im\/2\/2/);
});

/** A server that says who it is, in a file, with a child of its own; or that moves into another session. */
const RESTLESS = `
import os, subprocess, sys, time
if sys.argv[3] == "child":
    child = subprocess.Popen(["sleep", "1000"])
    open(sys.argv[4], "w").write(f"{os.getpid()} {child.pid} {sys.argv[2]}\\n")
    time.sleep(1000)
child = subprocess.Popen(["python3", sys.argv[5], sys.argv[1], sys.argv[2]], start_new_session=True)
open(sys.argv[4], "w").write(f"{child.pid}\\n")
time.sleep(1000)
`;

const isAlive = (pid: string) => Deno.statSync(`/proc/${pid}`).isDirectory;
const isGone = (pid: string) => {
  try {
    return !isAlive(pid) || /^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return true;
  }
};

Deno.test({
  name: "check: Ctrl-C ends all programs with their children, and leaves no file; a process that escapes is a finding",
  ignore: Deno.build.os !== "linux",
}, async () => {
  using folder = new Folder();
  const program = folder.write("restless.py", RESTLESS);
  const said = join(folder.path, "said");
  const { path, args } = SOURCES.command("client", [
    "check",
    "im",
    "server",
    "--jobs",
    "1",
    "--report",
    join(folder.path, "r.html"),
  ]);
  const command = ["--", "python3", program, "{port}", "{users}", "child", said];
  const child = new Deno.Command(path, { args: [...args, ...command], stdout: "null", stderr: "null" }).spawn();
  const text = () => {
    try {
      return Deno.readTextFileSync(said);
    } catch {
      return "";
    }
  };
  await until(() => text().endsWith("\n"), () => "the program has started");
  const [pid, grandchild, users] = text().trim().split(" ") as [string, string, string];
  assert(!isGone(pid) && !isGone(grandchild) && Deno.statSync(users).isFile);
  child.kill("SIGINT");
  assertEquals((await child.status).code, 130);
  await until(() => isGone(pid) && isGone(grandchild), () => "both have ended");
  assertThrows(() => Deno.statSync(dirname(users)), Deno.errors.NotFound);
  assertThrows(() => Deno.statSync(join(folder.path, "r.html")), Deno.errors.NotFound);

  Deno.removeSync(said);
  const escaping = ["--", "python3", program, "{port}", "{users}", "escape", said, SERVER_PY];
  const { code, out } = await check(["im", "server", "--only", "im/1/1", ...escaping]);
  Deno.kill(Number(text().trim()), "SIGKILL");
  assertEquals(code, 0);
  assertMatch(
    out,
    /^PASS im\/1\/1 .*\n +port \d+ is still in use after the program's end: a process that it started has left its group\n/,
  );
});

const hasStdbuf = unbufferedOutput()["LD_PRELOAD"] !== undefined;

/** The first line that a program writes into a pipe, after it was given one. */
async function answered(command: readonly string[], line: string): Promise<string> {
  const seen = Promise.withResolvers<string>();
  let text = "";
  const program = new Program(command, {}, {
    wrote: (bytes) => {
      text += new TextDecoder().decode(bytes);
      if (text.endsWith("\n")) seen.resolve(text);
    },
    exited: ({ status, lastWords }) => seen.resolve(`ended with ${status}: ${lastWords}`),
  });
  try {
    program.write(new TextEncoder().encode(line));
    return await deadline(seen.promise, 20_000);
  } finally {
    await program.end();
  }
}

Deno.test({
  name: "check: what a C program writes into a pipe is seen when it writes it, where stdbuf is there",
  ignore: !hasStdbuf,
}, async () => {
  assertEquals(await answered(["tr", "a", "b"], "banana\n"), "bbnbnb\n");
});

const ECHO = '#include <stdio.h>\nint main() { char line[80]; while (fgets(line, 80, stdin)) printf("%s", line); }\n';

Deno.test({
  name: "check: a C program that was compiled with AddressSanitizer starts, and its output is seen, where gcc has it",
  ignore: !hasStdbuf || !hasSanitizer(),
}, async () => {
  using folder = new Folder();
  const program = join(folder.path, "echo");
  const args = ["-fsanitize=address", "-o", program, folder.write("echo.c", ECHO)];
  const { success, stderr } = await new Deno.Command("gcc", { args, stderr: "piped" }).output();
  assert(success, new TextDecoder().decode(stderr));
  assertEquals(await answered([program], "banana\n"), "banana\n");
});

/** Whether gcc has the library of AddressSanitizer: it answers with a path then. */
function hasSanitizer(): boolean {
  try {
    const { stdout } = new Deno.Command("gcc", { args: ["-print-file-name=libasan.so"], stderr: "null" }).outputSync();
    return new TextDecoder().decode(stdout).includes("/");
  } catch {
    return false;
  }
}

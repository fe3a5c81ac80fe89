import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { RunGroups } from "../lib/check/all/groups.ts";
import { limited, SUBMISSION_LIMITS } from "../lib/check/all/limits.ts";
import { matrixHead, matrixLine, readOutcome, whyUnjudged } from "../lib/check/all/outcome.ts";
import { parseStarts, suitesOf, withOwn } from "../lib/check/all/starts.ts";
import { excessOf, readMarks, readScan } from "../lib/check/all/usage.ts";
import { parseCheckArgs } from "../lib/client/check.ts";
import { type RuleResult, TOO_BUSY } from "../lib/check/run.ts";
import { UserError } from "../lib/core/errors.ts";
import { checkAll, command, only, SERVER_PY, submissions } from "./support/check_class.ts";
import { PYTHON } from "./support/check.ts";
import { Folder } from "./support/programs.ts";
import { until } from "./support/wire.ts";

const START = "im server: python3 server.py {port} {users}\n";

/** The lines of the matrix by submission. */
function matrixOf(out: string): Record<string, string> {
  const rows = [...out.matchAll(/^(\w+) +(\d+\/\d+.*)$/gm)];
  return Object.fromEntries(rows.map(([, name, rest]) => [name!, rest!.replace(/ +/g, " ")]));
}

/** Programs whose command line has this word. */
function running(word: string): string[] {
  return [...Deno.readDirSync("/proc")].map(({ name }) => name).filter((pid) => {
    try {
      return /^\d+$/.test(pid) && Deno.readTextFileSync(`/proc/${pid}/cmdline`).includes(word);
    } catch {
      return false;
    }
  });
}

Deno.test("starts: a line a check, quotes, comments, and a submission's own in their place", () => {
  const course = parseStarts("f", `# ours\nprepare: make 'all of it'\n\nim client: ./c {host} {port}\n${START}`);
  assertEquals(course.prepare, ["make", "all of it"]);
  assertEquals(suitesOf(course).map(({ handout, side }) => `${handout} ${side}`), ["im server", "im client"]);
  assertEquals(course.commands.get("im server"), ["python3", "server.py", "{port}", "{users}"]);
  const own = withOwn(course, parseStarts("g", 'im client: java "-Dx=a b" C\nlobby server: x'));
  assertEquals(own.commands.get("im client"), ["java", "-Dx=a b", "C"]);
  assertEquals([own.prepare, own.commands.size], [course.prepare, 2]);
  const mistakes: readonly [string, RegExp][] = [
    ["python3 server.py", /^f, line 1: "python3 server.py" is not "HANDOUT SIDE: COMMAND"; for example/],
    ["\nim sever: x", /^f, line 2: there is no check "im sever"; did you mean "im server"\?/],
    ["im server:", /im server has no command/],
    ["im server: 'x", /a quote is not closed/],
    ["im server: x\nim server: y", /im server is given twice/],
  ];
  for (const [text, expected] of mistakes) {
    assertMatch(assertThrows(() => parseStarts("f", text), UserError).message, expected);
  }
  const parse = (line: string) => () => parseCheckArgs(line.split(" "));
  assertThrows(parse("all"), UserError, "all takes one folder");
  assertThrows(parse("all x"), UserError, "all needs --with FILE");
  assertThrows(parse("all x --with y --out z --json -"), UserError, "--json is not for all");
  assertThrows(parse("im server --with y -- x"), UserError, "--with is for client check all");
});

Deno.test("the matrix has a column a section, and says beside it what is to be said", () => {
  const rule = (id: string, points: number, of: number) => ({ id, title: "", verdict: "", points, of });
  const outcome = { submission: "anna", rules: [rule("im/2/1", 1, 2), rule("im/2/2", 0, 1), rule("im/10/1", 3, 3)] };
  assertEquals(matrixHead(["2", "10"]), "submission           points   2       10");
  assertEquals(
    matrixLine({ ...outcome, remark: "as before" }, ["2", "10"]),
    "anna                 4/6      1/3     3/3  (as before)",
  );
});

Deno.test("an earlier result counts if it is of the same submission, whole, and each rule was judged", () => {
  const rule = { id: "im/1/1", title: "it listens", verdict: "pass", points: 2, of: 2 };
  const text = (...rules: unknown[]) => JSON.stringify({ fingerprint: "a", rules });
  assertEquals(readOutcome("ann", text(rule), "a")?.rules.length, 1);
  assertEquals(readOutcome("ann", text(rule), "b"), undefined);
  assertEquals(readOutcome("ann", text(rule).slice(0, -1), "a"), undefined);
  const blocked = { ...rule, verdict: "blocked", points: 0, notes: [TOO_BUSY] };
  assertEquals(readOutcome("ann", text(rule, blocked), "a"), undefined);
  const result = (notes: string[]) => ({ notes }) as unknown as RuleResult;
  assertEquals(whyUnjudged({ results: [result([])] }), undefined);
  assertEquals(
    whyUnjudged({ results: [result([TOO_BUSY]), result([])] }),
    "1 rule was not judged: this machine was too busy; run the check again",
  );
});

Deno.test("what processes use is counted by run, in whatever group they are; a group of other programs is never one of a run", () => {
  const line = (pid: number, name: string, parent: number, group: number, pages: number) =>
    `${pid} (${name}) S ${parent} ${group}${" 0".repeat(18)} ${pages} 0`;
  const text = [
    line(10, "shell", 1, 10, 5),
    line(20, "a) (b", 10, 20, 256),
    line(21, "child", 20, 20, 256),
    line(30, "moved", 21, 30, 512),
    line(40, "lost", 1, 40, 1),
    "50 (dead) Z 20 20 0",
  ].join("\n");
  const { processes, folders } = readScan(`${text}\n--\n12\t/a b\n`, 4);
  assertEquals(processes.length, 5);
  assertEquals(folders.get("/a b"), 12);
  const groups = new RunGroups();
  groups.started(20, "p.1");
  const asked = groups.seen(processes);
  assertEquals(asked, [10, 40]);
  groups.told(asked, readMarks("/proc/40/environ:PARTYLINE_CHECK=p.2\n"), processes);
  const byRun = groups.byRun(processes);
  assertEquals([...byRun].map(([mark, used]) => [mark, used.map(({ pid }) => pid)]), [["p.1", [20, 21, 30]], ["p.2", [
    40,
  ]]]);
  assertEquals(excessOf(byRun.get("p.1")!, { ...SUBMISSION_LIMITS, memoryMb: 4 }), undefined);
  assertEquals(
    excessOf(byRun.get("p.1")!, { ...SUBMISSION_LIMITS, memoryMb: 3 }),
    "it used 4 MB of memory, and 3 are allowed",
  );
  assertEquals(
    excessOf(byRun.get("p.1")!, { ...SUBMISSION_LIMITS, processes: 2 }),
    "it had 3 processes at a time, and 2 are allowed",
  );
  groups.forget([], new Set([20]));
  assertEquals(groups.byRun(processes).get("p.2"), undefined);
  assertEquals(limited(["x"], SUBMISSION_LIMITS, true), ["x"]);
});

Deno.test({
  name:
    "check all: submissions that fork, hang, flood, escape or fill the disk cost the others nothing, and nothing is left",
  ignore: Deno.build.os !== "linux",
}, async () => {
  using folder = new Folder();
  const right = Deno.readTextFileSync(SERVER_PY);
  const word = `escaped-${crypto.randomUUID()}`;
  const path = submissions(folder, {
    right: { "server.py": right },
    wrong: { "server.py": right, "start.txt": `${START.trim()} any-password\n` },
    hangs: { "server.py": "import time\ntime.sleep(1000)\n" },
    floods: { "server.py": "import sys\nwhile True: sys.stdout.write('x' * 65536)\n" },
    // Each is bounded, so that a failure of this test costs the machine little.
    forks: { "server.py": "import os, time\nend = time.time() + 5\nwhile time.time() < end: os.fork()\n" },
    fills: {
      "server.py": "for i in range(20):\n  open(f'f{i}', 'wb').write(bytes(40 << 20))\nimport time\ntime.sleep(1000)\n",
    },
    eats: {
      "server.py":
        "a = []\nimport time\nfor i in range(40): a.append(bytearray(b'x' * (50 << 20)))\ntime.sleep(1000)\n",
    },
    escapes: {
      "server.py":
        `import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1000)', '${word}'], start_new_session=True)\ntime.sleep(1000)\n`,
    },
  });
  const { code, out } = await checkAll(
    folder,
    path,
    START,
    ...only("im/2/1", "im/2/2"),
    "--jobs",
    "8",
    "--memory",
    "512",
    "--seed",
    "5",
  );
  const matrix = matrixOf(out);
  assertEquals(code, 1);
  assertEquals([matrix["right"], matrix["wrong"]], ["4/4 4/4", "2/4 2/4"], out);
  for (const name of ["hangs", "floods", "forks", "eats", "escapes"]) assert(matrix[name]!.startsWith("0/4"), out);
  assertMatch(matrix["fills"]!, /^0\/4 0\/4 \(it has written \d+ MB, and 256 are allowed\)$/);
  assertEquals(running(word), []);
  const result = (name: string) => Deno.readTextFileSync(join(folder.path, "out", name, "im-server.json"));
  assertEquals(result("wrong").match(/"verdict": "fail"/g)?.length, 1);
  assertMatch(Deno.readTextFileSync(join(folder.path, "out/wrong/im-server.html")), /im\/2\/2/);
  const rows = Deno.readTextFileSync(join(folder.path, "out/points-im-server.csv")).split("\r\n");
  assert(rows.includes("right,4,4,4") && rows.includes("wrong,2,4,2"), rows.join("\n"));
  // im/1/1, which they all need, is what they fail at; what was done about it stands in its result, which is not among these two.
  assertMatch(result("forks"), /not played: it needs im\/1\/1/);
});

Deno.test({
  name: "check all: a run that uses too much is ended, and its story says so",
  ignore: Deno.build.os !== "linux",
}, async () => {
  using folder = new Folder();
  const path = submissions(folder, {
    forks: { "server.py": "import os, time\nend = time.time() + 5\nwhile time.time() < end: os.fork()\n" },
  });
  const { code, out } = await checkAll(folder, path, START, ...only("im/1/1"));
  assertMatch(
    matrixOf(out)["forks"]!,
    /^0\/\d 0\/\d \(im\/1\/1: .+\)$/,
    "a submission that keeps nothing has its reason beside it",
  );
  const text = Deno.readTextFileSync(join(folder.path, "out/forks/im-server.json"));
  assertEquals(code, 1);
  assertMatch(text, /ended by the check: it had \d+ processes at a time, and 64 are allowed/);
});

Deno.test("check all: goes on where it was; a submission that has changed is played again, and one that cannot be prepared is not", async () => {
  using folder = new Folder();
  const right = Deno.readTextFileSync(SERVER_PY);
  const path = submissions(folder, {
    anna: { "server.py": right },
    ben: { "code.py": right, "start.txt": "prepare: cp code.py server.py\n" },
    carl: { "server.py": right, "start.txt": "prepare: sh -c 'echo no such library >&2; exit 3'\n" },
    cora: {
      "server.py": right,
      "start.txt": "prepare: sh -c 'echo c.c:3:1: error: expected; echo make: *** Error 1 >&2; exit 2'\n",
    },
    dora: { "server.py": right, "start.txt": "im sever: x\n" },
  });
  const first = await checkAll(folder, path, START, ...only("im/2/1"), "--seed", "5");
  assertEquals(first.code, 1);
  const { anna, ben, carl, cora, dora } = matrixOf(first.out);
  assertEquals([anna, ben], ["2/2 2/2", "2/2 2/2"]);
  assertMatch(carl!, /^0\/2 0\/2 \(sh -c .*: the program ended with status 3; its last words: no such library\)$/);
  assertMatch(cora!, /: the program ended with status 2; its last words: c\.c:3:1: error: expected\)$/);
  assertMatch(dora!, /^0\/2 0\/2 \(.*start\.txt, line 1: there is no check "im sever"/);
  Deno.writeTextFileSync(join(path, "anna/notes.txt"), "more");
  const second = matrixOf((await checkAll(folder, path, START, ...only("im/2/1"))).out);
  assertEquals(second["anna"], "2/2 2/2 (played again: it or the check has changed)");
  assertEquals(second["ben"], "2/2 2/2 (as before)");
});

Deno.test("check all: clients that always take the same port are judged as if each were alone", async () => {
  using folder = new Folder();
  const client = Deno.readTextFileSync(SERVER_PY.replace("server", "client"));
  const reserved = client.replace(/^ *listener.setsockopt.*\n/m, "");
  assert(reserved !== client);
  const path = submissions(folder, { one: { "client.py": client }, two: { "client.py": reserved } });
  const start = `im client: ${PYTHON} -S client.py {host} {port} fixed-port\n`;
  const ids = ["im/14/3", "im/14/6", "im/17/2", "im/17/3"];
  const { out } = await checkAll(folder, path, start, ...only(...ids), "--seed", "5");
  for (const name of ["one", "two"]) {
    const { rules } = JSON.parse(Deno.readTextFileSync(join(folder.path, "out", name, "im-client.json")));
    const found = rules.map(({ id, verdict }: Record<string, string>) => `${id} ${verdict}`);
    assertEquals(found, ids.map((id) => `${id} ${id === "im/14/6" ? "fail" : "pass"}`), out);
  }
});

Deno.test(
  { name: "check all: Ctrl-C ends all programs and leaves no file behind", ignore: Deno.build.os !== "linux" },
  async () => {
    using folder = new Folder();
    const word = `stopped-${crypto.randomUUID()}`;
    const sleep = `[sys.executable, '-c', 'import time; time.sleep(1000)', '${word}']`;
    const path = submissions(folder, {
      a: {
        "server.py":
          `import subprocess, sys, time\nsubprocess.Popen(${sleep}, start_new_session=True)\ntime.sleep(1000)\n`,
      },
      b: { "server.py": `import subprocess, sys, time\nsubprocess.Popen(${sleep})\ntime.sleep(1000)\n` },
    });
    const { left, command: given } = command(folder, path, START, ...only("im/1/1"));
    const child = given.spawn();
    await until(() => running(word).length === 2, () => "both have started");
    child.kill("SIGINT");
    const { code } = await child.output();
    assertEquals([code, left()], [130, []]);
    await until(() => running(word).length === 0, () => "both have ended");
  },
);

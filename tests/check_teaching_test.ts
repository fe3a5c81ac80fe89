import { assert, assertEquals } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { applyRubric, parseRubric } from "../lib/check/rubric.ts";
import { SUITES } from "../lib/check/suites.ts";
import { Folder, SOURCES } from "./support/programs.ts";

const ROOT = join(dirname(fromFileUrl(import.meta.url)), "..");
const TEACHING = join(ROOT, "docs/teaching");
const ARCHIVE = "partyline-0.0.0-test";

async function run(command: readonly string[], env: Record<string, string> = {}) {
  const [file, ...args] = command;
  const { code, stdout, stderr } = await new Deno.Command(file!, { args, env, stdout: "piped", stderr: "piped" })
    .output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

/** An archive as a release has it, with the client run from its sources. */
async function archive(folder: Folder): Promise<{ path: string; sha256: string }> {
  const { path: program, args } = SOURCES.command("client", []);
  const inner = join(folder.path, ARCHIVE);
  Deno.mkdirSync(inner);
  const words = [program, ...args].map((word) => `'${word}'`).join(" ");
  Deno.writeTextFileSync(join(inner, "partyline-client"), `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
  const path = join(folder.path, "partyline.tar.gz");
  assertEquals((await run(["tar", "-czf", path, "-C", folder.path, ARCHIVE])).code, 0);
  return { path, sha256: (await run(["sha256sum", path])).out.split(" ")[0]! };
}

Deno.test("the rubric to copy is for rules that exist", () => {
  const [suite] = SUITES;
  const text = Deno.readTextFileSync(join(TEACHING, "rubric.json"));
  const rules = applyRubric("rubric.json", parseRubric("rubric.json", text), suite!.rules, suite!.rules);
  assertEquals(rules.find(({ id }) => id === "im/4/1")!.points, 4);
  assertEquals(rules.find(({ id }) => id === "im/2/2")!.points, 1);
  const shown = Deno.readTextFileSync(join(ROOT, "docs/teaching.md")).match(/^ {4}\{\n[^]*?^ {4}\}$/m)![0];
  assertEquals(JSON.parse(shown), JSON.parse(text), "docs/teaching.md shows the same");
});

Deno.test("the Gradescope scripts download, verify, and grade; what cannot run has a result that says why", async () => {
  using folder = new Folder();
  const { path, sha256 } = await archive(folder);
  const root = join(folder.path, "autograder");
  for (const name of ["source", "submission"]) Deno.mkdirSync(join(root, name), { recursive: true });
  const env = { AUTOGRADER: root, PARTYLINE_ARCHIVE: `file://${path}`, PARTYLINE_SHA256: sha256 };
  const wrong = await run([join(TEACHING, "setup.sh")], { ...env, PARTYLINE_SHA256: "0".repeat(64) });
  assert(wrong.code !== 0, "an archive with another checksum is refused");
  assertEquals(Array.from(Deno.readDirSync(root), ({ name }) => name).sort(), ["source", "submission"]);
  const setup = await run([join(TEACHING, "setup.sh")], env);
  assertEquals([setup.code, setup.err], [0, ""]);

  const results = () => JSON.parse(Deno.readTextFileSync(join(root, "results/results.json")));
  const grade = () => run([join(TEACHING, "run_autograder")], env);
  const rubric = (text: string) => Deno.writeTextFileSync(join(root, "source/rubric.json"), text);
  rubric("{ nonsense");
  assertEquals((await grade()).code, 0);
  assertEquals(results().score, 0);
  assert(results().output.startsWith("The check could not run: client: "), results().output);

  Deno.copyFileSync(join(TEACHING, "rubric.json"), join(root, "source/rubric.json"));
  Deno.copyFileSync(join(ROOT, "tests/check/im_server.py"), join(root, "submission/server.py"));
  assertEquals((await grade()).code, 0);
  const { tests } = results();
  assertEquals(tests.length, SUITES[0]!.rules.length);
  assertEquals(tests.filter(({ status }: { status: string }) => status === "failed"), []);
  assertEquals(tests.find(({ number }: { number: string }) => number === "4.1").max_score, 4);
  assertEquals(tests.find(({ number }: { number: string }) => number === "9.1").visibility, "after_due_date");
});

Deno.test("shellcheck finds nothing in the scripts, those of the workflow included", async () => {
  using folder = new Folder();
  const workflow = Deno.readTextFileSync(join(TEACHING, "check.yml"));
  const blocks = [...workflow.matchAll(/^( +)(?:- )?run: \|\n((?:\1 .*\n)+)/gm)].map(([, , block]) => block!);
  assertEquals(blocks.length, 2);
  const files = blocks.map((block, i) => folder.write(`${i}.sh`, `#!/bin/bash\n${block}`));
  let found;
  try {
    found = await run(["shellcheck", join(TEACHING, "setup.sh"), join(TEACHING, "run_autograder"), ...files]);
  } catch (error) {
    // Not every machine has it.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return;
  }
  assertEquals([found.code, found.out], [0, ""]);
});

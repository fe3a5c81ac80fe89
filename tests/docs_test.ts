import { assert, assertEquals } from "@std/assert";
import { dirname, fromFileUrl, join, normalize } from "@std/path";
import { CLIENT, OPTIONS as CLIENT_OPTIONS } from "../lib/client/commands.ts";
import { LISTENER_ROWS } from "../lib/protocols/listener_table.ts";
import { OPTIONS as SERVER_OPTIONS } from "../lib/server/commands.ts";
import config from "../deno.json" with { type: "json" };

const ROOT = join(dirname(fromFileUrl(import.meta.url)), "..");
const DOCUMENTS = [".", "docs", "docs/protocols"].flatMap((folder) =>
  Array.from(Deno.readDirSync(join(ROOT, folder)))
    .filter(({ name }) => name.endsWith(".md"))
    .map(({ name }) => normalize(`${folder}/${name}`))
).map((path) => ({ path, text: Deno.readTextFileSync(join(ROOT, path)) }));

Deno.test("every link in the documents leads to a file and a heading that exist", () => {
  const wrong: string[] = [];
  for (const { path, text } of DOCUMENTS) {
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target!)) continue;
      const [file, heading] = target!.split("#") as [string, string?];
      const linked = file === "" ? path : normalize(join(dirname(path), file));
      if (!exists(linked)) wrong.push(`${path}: ${target}`);
      else if (heading !== undefined && !headings(linked).includes(heading)) wrong.push(`${path}: #${heading}`);
    }
  }
  assertEquals(wrong, []);
});

Deno.test("every file and folder that the documents name exists", () => {
  const wrong: string[] = [];
  let named = 0;
  for (const { path, text } of DOCUMENTS) {
    for (const [, name] of text.matchAll(/(?<![\w/])((?:lib|tests|tools|bench|docs|\.ci)\/[\w./-]*[\w/])/g)) {
      named++;
      if (!exists(name!)) wrong.push(`${path}: ${name}`);
    }
    // The paths of ARCHITECTURE.md stand without "lib/".
    for (const [, name] of text.matchAll(/`([a-z]+\/[\w/]+\.ts)`/g)) {
      named++;
      if (!exists(name!) && !exists(`lib/${name}`)) wrong.push(`${path}: ${name}`);
    }
  }
  assertEquals(wrong, []);
  assert(named > 20);
});

Deno.test("every option and task that the documents name exists", () => {
  const names = [...SERVER_OPTIONS, ...CLIENT.options, ...CLIENT_OPTIONS].map(({ name }) => name);
  const wrong: string[] = [];
  for (const { path, text } of DOCUMENTS) {
    for (const [, task] of text.matchAll(/\bdeno task (?:-q )?(\w+)/g)) {
      if (!Object.hasOwn(config.tasks, task!)) wrong.push(`${path}: deno task ${task}`);
    }
    for (const [line] of text.matchAll(/^.*--[a-z].*$/gm)) {
      // Options of the tasks, of V8, and of the chat's own commands.
      if (
        /deno task (build|simulate|bench)|\/send .*--leave|--(all|cuts|lab|seed|seeds|quick|only|max-semi-space-size)\b/
          .test(line)
      ) {
        continue;
      }
      for (const [, option] of line.matchAll(/(?<![\w-])--([a-z][a-z-]*)/g)) {
        if (!names.includes(option!)) wrong.push(`${path}: --${option}`);
      }
    }
  }
  assertEquals(wrong, []);
});

Deno.test("the page about the handouts has every listener of a handout, with its usual port", () => {
  const { text } = DOCUMENTS.find(({ path }) => path === "docs/handouts.md")!;
  const rows = text.split("\n").filter((line) => line.startsWith("| "));
  const others = ["web", "tls"];
  for (const { name, option, usualPort, transport } of LISTENER_ROWS) {
    if (others.includes(name)) continue;
    const started = option === undefined ? "server PORT USERS_FILE" : `server --${option} ${usualPort}\``;
    const found = rows.filter((row) => row.includes(started) && row.includes(`${transport}, ${usualPort} `));
    assertEquals(found.length, 1, `docs/handouts.md: a row for ${name}, with "${started}"`);
  }
});

function exists(path: string): boolean {
  try {
    Deno.statSync(join(ROOT, path));
    return true;
  } catch {
    return false;
  }
}

/** The anchors of a document's headings. */
function headings(path: string): string[] {
  return Array.from(
    Deno.readTextFileSync(join(ROOT, path)).matchAll(/^#+ (.*)$/gm),
    ([, title]) => title!.toLowerCase().replace(/[^\w\s-]/g, "").replaceAll(" ", "-"),
  );
}

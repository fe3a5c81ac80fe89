import { assert, assertEquals } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { SUITES } from "../lib/check/suites.ts";
import { rulePages } from "../tools/rules.ts";

const ROOT = join(dirname(fromFileUrl(import.meta.url)), "..");
const document = (path: string) => Deno.readTextFileSync(join(ROOT, path));

Deno.test("docs/rules has one page a suite, as --list --markdown makes it; deno run -A tools/rules.ts writes them", () => {
  const pages = rulePages();
  const found = Array.from(Deno.readDirSync(join(ROOT, "docs/rules")), ({ name }) => name).sort();
  assertEquals(found, [...pages.keys()].sort());
  for (const [name, page] of pages) assert(document(`docs/rules/${name}`) === page, `docs/rules/${name} is another`);
});

Deno.test("a page of rules has every rule with its sentence, and no HTML", () => {
  const pages = rulePages();
  for (const { handout, side, rules } of SUITES) {
    const page = pages.get(`${handout}-${side}.md`)!;
    for (const { id, quote } of rules) {
      assert(page.includes(`### \`${id}\``), id);
      // The words of the sentence; a "<" is escaped.
      assert(page.includes(quote.split(/[<`]/)[0]!), id);
    }
    assert(!/^[^`\n]*<(?!=)\w/m.test(page.replaceAll(/`[^`]*`/g, "").replaceAll("\\<", "")), handout);
  }
});

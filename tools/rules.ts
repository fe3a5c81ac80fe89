// deno run -A tools/rules.ts: writes docs/rules, one page a suite, as `client check HANDOUT SIDE --list --markdown` has it.

import { join } from "@std/path";
import { listRules } from "../lib/check/list.ts";
import { SUITES } from "../lib/check/suites.ts";

/** The pages by their names in docs/rules. */
export function rulePages(): Map<string, string> {
  return new Map(SUITES.map((suite) => [
    `${suite.handout}-${suite.side}.md`,
    listRules({ type: "check-list", suites: [suite], rules: suite.rules, form: "markdown", file: "-" }),
  ]));
}

if (import.meta.main) {
  const folder = join(import.meta.dirname!, "..", "docs", "rules");
  Deno.mkdirSync(folder, { recursive: true });
  for (const [name, page] of rulePages()) Deno.writeTextFileSync(join(folder, name), page);
}

// deno run -A tests/check/verdicts.ts [--runs N] [--busy N] [--one-in N] [--part ours|wrong] [--only ID,…] [HANDOUT-SIDE…]: plays
// suites again and again, against Partyline and against wrong programs, and compares the verdicts; with --busy beside so many loops
// without an end. Status 1 if a verdict differs. --one-in plays one rule in so many against Partyline, whose programs take long to
// start.

import { parseArgs } from "@std/cli/parse-args";
import { countsOf } from "../../lib/check/report.ts";
import { isWithin } from "../../lib/check/rubric.ts";
import type { Rule, Suite } from "../../lib/check/rule.ts";
import type { RuleResult } from "../../lib/check/run.ts";
import { SUITES } from "../../lib/check/suites.ts";
import { print } from "../../lib/terminal/print.ts";
import { play } from "../support/check.ts";
import { PROGRAMS } from "../support/check_programs.ts";

// The file of users of the repository, which our server reads, has none of them.
const accounts = ["prince", "ama", "kofi", "esi", "yaw", "efua"].map((name, i) => ({ name, password: `${24680 + i}` }));
const flags = parseArgs(Deno.args, { string: ["runs", "busy", "one-in", "part", "only"] });
const runs = Number(flags.runs ?? 10);
const oneIn = Number(flags["one-in"] ?? 1);
const only: readonly string[] = flags.only?.split(",") ?? [];
const names = flags._.length > 0 ? flags._.map(String) : Object.keys(PROGRAMS);
const loops = Array.from(
  { length: Number(flags.busy ?? 0) },
  () => new Deno.Command("nice", { args: ["-n", "5", "sh", "-c", "while :; do :; done"] }).spawn(),
);
let isSame = true;
try {
  for (const name of names) {
    const suite = SUITES.find(({ handout, side }) => `${handout}-${side}` === name)!;
    const { ours, wrong, faults } = PROGRAMS[name]!;
    const named = suite.rules.filter((rule) => only.length === 0 || only.some((id) => isWithin(rule, id)));
    if (flags.part !== "wrong") {
      await compare(`${name}, Partyline`, suite, ours, named.filter((_, i) => i % oneIn === 0), 4);
    }
    for (const fault of flags.part === "ours" ? [] : faults) {
      await compare(`${name}, ${fault}`, suite, [...wrong, fault], named, 12);
    }
  }
} finally {
  for (const loop of loops) loop.kill("SIGKILL");
  await Promise.all(loops.map((loop) => loop.status));
}
Deno.exit(isSame ? 0 : 1);

async function compare(
  name: string,
  suite: Suite,
  command: readonly string[],
  rules: readonly Rule[],
  jobs: number,
): Promise<void> {
  const began = performance.now();
  const verdicts = new Map<string, string[]>();
  let first: readonly RuleResult[] = [];
  for (let run = 0; run < runs; run++) {
    const results = await play(suite, command, { jobs, accounts }, rules);
    if (run === 0) first = results;
    for (const { rule, verdict, failure, notes } of results) {
      const told = verdict === "pass" ? verdict : `${verdict} (${failure?.got ?? notes.join("; ")})`;
      verdicts.set(rule.id, [...verdicts.get(rule.id) ?? [], told]);
    }
  }
  const differing = [...verdicts].filter(([, all]) => new Set(all.map((each) => each.split(" ")[0])).size > 1);
  const counts = Object.entries(countsOf(first)).filter(([, count]) => count > 0).map((each) =>
    each.reverse().join(" ")
  );
  const seconds = Math.round((performance.now() - began) / 1000);
  const said = differing.length === 0 ? `${runs} times the same` : `${differing.length} differ`;
  print(`${name}: ${counts.join(", ")}; ${said} (${seconds} s)\n`);
  for (const [id, all] of differing) print(`  ${id}: ${all.join(" | ")}\n`);
  isSame &&= differing.length === 0;
}

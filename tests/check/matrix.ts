// deno run -A tests/check/matrix.ts HANDOUT-SIDE FAULT…: the rules that each fault of a program breaks, one line a fault, with the
// whole suite played. The table of the tests is held against its expected lines alone, which takes less time.

import { SUITES } from "../../lib/check/suites.ts";
import { print } from "../../lib/terminal/print.ts";
import { brokenBy, play } from "../support/check.ts";
import { PROGRAMS } from "../support/check_programs.ts";

const [name, ...faults] = Deno.args;
const suite = SUITES.find(({ handout, side }) => `${handout}-${side}` === name);
if (!suite || !name) throw new TypeError("usage: matrix.ts HANDOUT-SIDE FAULT…");
for (const fault of faults) {
  const results = await play(suite, [...PROGRAMS[name]!.wrong, fault]);
  const blocked = results.filter(({ verdict }) => verdict === "blocked").length;
  print(`${fault}: ${brokenBy(results).join(" ")} (${blocked} blocked)\n`);
}
Deno.exit(0);

// deno run -A tests/check/matrix.ts HANDOUT SIDE PROGRAM.py FAULT…: the rules that each fault of a program breaks, one line
// a fault, with the whole suite played. The table of the tests is held against its expected lines alone, which takes less time.

import { SUITES } from "../../lib/check/suites.ts";
import { print } from "../../lib/terminal/print.ts";
import { brokenBy, play } from "../support/check.ts";

const [handout, side, program, ...faults] = Deno.args;
const suite = SUITES.find((suite) => suite.handout === handout && suite.side === side);
if (!suite || !program) throw new TypeError("usage: matrix.ts HANDOUT SIDE PROGRAM.py FAULT…");
const serversOf: Readonly<Record<string, readonly string[]>> = {
  im: ["{port}", "{users}"],
  mychat: ["{port}", "{data}"],
  mailbox: ["{port}", "{data}", "{users}"],
};
const clientsOf: Readonly<Record<string, readonly string[]>> = {
  "address-book": ["{host}", "{port}", "{name}", "{udp}"],
  mailbox: ["{host}", "{port}", "{data}"],
};
const where = (side === "server" && serversOf[suite.handout]) || (side === "client" && clientsOf[suite.handout]) ||
  ["{host}", "{port}"];
for (const fault of faults) {
  const results = await play(suite, ["python3", program, ...where, fault]);
  const blocked = results.filter(({ verdict }) => verdict === "blocked").length;
  print(`${fault}: ${brokenBy(results).join(" ")} (${blocked} blocked)\n`);
}
Deno.exit(0);

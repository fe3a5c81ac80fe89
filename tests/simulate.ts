import { parseArgs } from "@std/cli/parse-args";
import { print, printError } from "../lib/terminal/print.ts";
import { simulateExchange } from "./support/exchange_simulation.ts";
import { simulateDelivery } from "./support/delivery_simulation.ts";
import { simulateDatagrams } from "./support/datagram_simulation.ts";
import { simulate } from "./support/im_simulation.ts";
import { simulateMailbox } from "./support/mailbox_simulation.ts";
import { simulatePeers } from "./support/peer_simulation.ts";

// deno task simulate [--lab im|delivery|exchange|staying|mailbox|datagrams|peers] [--seeds N] [--seed S]: runs many simulations, one
// again, or N from S on. Status 1 if any fails.

const LABS = {
  im: simulate,
  delivery: simulateDelivery,
  exchange: (seed: number) => simulateExchange(seed),
  /** Without users who go over to other servers. */
  staying: (seed: number) => simulateExchange(seed, 0),
  mailbox: simulateMailbox,
  datagrams: simulateDatagrams,
  peers: simulatePeers,
};

const flags: { lab?: keyof typeof LABS; seeds?: string; seed?: string } = parseArgs(Deno.args, {
  string: ["lab", "seeds", "seed"],
});
const lab = flags.lab ?? "im";
if (!(lab in LABS)) {
  printError(`--lab must be one of ${Object.keys(LABS).join(", ")}, not "${lab}"\n`);
  Deno.exit(2);
}
const from = Number(flags.seed ?? 1);
const until = from + Number(flags.seeds ?? (flags.seed === undefined ? 1000 : 1)) - 1;
const began = performance.now();
const totals: Record<string, number> = {};
let wrong = 0;
for (let seed = from; seed <= until; seed++) {
  const report = await LABS[lab](seed);
  for (const [what, count] of Object.entries(report)) {
    if (typeof count === "number" && what !== "seed") totals[what] = (totals[what] ?? 0) + count;
  }
  if (report.problems.length > 0) tell(seed, report.problems);
  if (seed % 500 === 0) print(`${seed} seeds, ${wrong} wrong\n`);
}
const seconds = ((performance.now() - began) / 1000).toFixed(1);
const counts = Object.entries(totals).map(([what, count]) => `${what} ${count}`).join(", ");
print(`${until - from + 1} seeds of ${lab} in ${seconds} s: ${counts}; ${wrong} wrong\n`);
Deno.exit(wrong > 0 ? 1 : 0);

function tell(seed: number, problems: readonly string[]): void {
  wrong++;
  print(`seed ${seed} (deno task simulate --lab ${lab} --seed ${seed}):\n  ${problems.join("\n  ")}\n`);
}

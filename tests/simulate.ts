import { UserError } from "../lib/core/errors.ts";
import { print } from "../lib/terminal/print.ts";
import { orUsageError, taskFlags } from "../tools/task_flags.ts";
import { simulateExchange } from "./support/exchange_simulation.ts";
import { simulateDelivery } from "./support/delivery_simulation.ts";
import { simulateDatagrams } from "./support/datagram_simulation.ts";
import { simulate } from "./support/im_simulation.ts";
import { simulateMailbox } from "./support/mailbox_simulation.ts";
import { simulatePeers } from "./support/peer_simulation.ts";

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

const ABOUT =
  `Runs many simulations, each with a seed of its own, one of them again, or N from one seed on. Prints the seeds
that fail, and what went wrong. Status 1 if any fails.`;

const flags = taskFlags("simulate", ABOUT, [
  { name: "lab", value: "LAB", help: `what is simulated: ${Object.keys(LABS).join(", ")} (im)` },
  { name: "seeds", value: "N", help: "how many (1000; with --seed 1)" },
  { name: "seed", value: "S", help: "the first of them (1)" },
]);
const lab = orUsageError("simulate", () => labOf(flags.value("lab") ?? "im"));
const from = flags.number("seed", 1);
const until = from + flags.number("seeds", flags.given.includes("seed") ? 1 : 1000) - 1;
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

function labOf(name: string): keyof typeof LABS {
  if (Object.hasOwn(LABS, name)) return name as keyof typeof LABS;
  throw new UserError(`--lab must be one of ${Object.keys(LABS).join(", ")}, not "${name}"`);
}

function tell(seed: number, problems: readonly string[]): void {
  wrong++;
  print(`seed ${seed} (deno task simulate --lab ${lab} --seed ${seed}):\n  ${problems.join("\n  ")}\n`);
}

import { parseArgs } from "@std/cli/parse-args";
import { print } from "../lib/face/print.ts";
import { type Report, simulate } from "./support/im_simulation.ts";

// deno task simulate [--seeds N] [--seed S]: many labs, or one of them again. Status 1 when anything is wrong.

const flags: { seeds?: string; seed?: string } = parseArgs(Deno.args, { string: ["seeds", "seed"] });
const from = Number(flags.seed ?? 1);
const until = flags.seed === undefined ? Number(flags.seeds ?? 1000) : from;
const began = performance.now();
let [commands, messages, wrong] = [0, 0, 0];
for (let seed = from; seed <= until; seed++) {
  const report = simulate(seed);
  commands += report.commands;
  messages += report.messages;
  if (report.problems.length > 0) tell(report);
  if (seed % 500 === 0) print(`${seed} seeds, ${commands} commands, ${wrong} wrong\n`);
}
const seconds = ((performance.now() - began) / 1000).toFixed(1);
print(`${until - from + 1} seeds in ${seconds} s: ${commands} commands, ${messages} messages taken, ${wrong} wrong\n`);
Deno.exit(wrong > 0 ? 1 : 0);

function tell(report: Report): void {
  wrong++;
  print(`seed ${report.seed} (deno task simulate --seed ${report.seed}):\n  ${report.problems.join("\n  ")}\n`);
}

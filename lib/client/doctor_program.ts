import { sanitized } from "../core/text.ts";
import { ownNetworkAddresses } from "../net/own_addresses.ts";
import { print } from "../terminal/print.ts";
import type { DoctorPlan } from "./command_line.ts";
import { examine } from "./doctor.ts";
import { DoctorAnswer } from "./doctor_answer.ts";
import { onStop } from "./program.ts";

const LABEL_COLUMNS = 15;

/** Runs `client doctor`; the exit status. */
export async function doctor(plan: DoctorPlan): Promise<number> {
  if (plan.answer) return await answer();
  const show = (label: string, text: string) => print(`  ${label.padEnd(LABEL_COLUMNS)}${sanitized(text)}\n`);
  const { isFine, sentence, command } = await examine(plan.host, show);
  print(`\n${sanitized(sentence)}\n  ${sanitized(command)}\n`);
  return isFine ? 0 : 1;
}

async function answer(): Promise<number> {
  const stopped = new Promise<void>((resolve) => onStop(resolve));
  const answer = new DoctorAnswer((line) => print(`${line}\n`));
  await answer.begin();
  const [own] = ownNetworkAddresses();
  print(`On the other machine: client doctor ${own ?? "ADDRESS"}\nCtrl-C ends this.\n`);
  await stopped;
  answer.close();
  return 0;
}

import { print } from "../lib/terminal/print.ts";
import { missingNats } from "./peers/across.ts";
import { measureCosts } from "./scale_costs.ts";
import { taskFlags } from "../tools/task_flags.ts";
import { type Costs, type Load, type Outcome, simulateScale } from "./scale_simulation.ts";

const ABOUT =
  `What many servers as one chat would do, simulated with what two real servers and a real nats-server cost here.
See docs/scale.md.`;
/** Messages of each user a minute: twice as many, until something is full. */
const FIRST_SAID = 0.5;
const LAST_SAID = 64;
/** What is simulated, of an hour of which each second is like the others. */
const SECONDS = 5;
/** A part that is busy for so much of the time is full: what is asked of it waits without end. */
const FULL = 0.98;
/** A server tells who is online at most so often: `GATHER_MS` of lib/chat/shared_chat.ts. */
const CHANGES_PER_SECOND = 5;

function row(said: number, { messages, p50, p99, main, store, nats, network }: Outcome): string {
  const percent = (share: number) => `${(share * 100).toPrecision(2)} %`;
  const shown = (ms: number) => `${ms < 10 ? ms.toPrecision(2) : ms.toFixed(0)} ms`;
  const cells = [
    String(said),
    messages.toFixed(0),
    shown(p50),
    shown(p99),
    ...[main, store, nats, network].map(percent),
  ];
  return `${cells.map((cell) => cell.padStart(11)).join("")}\n`;
}

function simulate(title: string, load: Omit<Load, "said">, costs: Costs): void {
  print(`\n${title}\n`);
  const heads = ["said/minute", "messages/s", "p50", "p99", "main", "store", "NATS", "network"];
  print(`${heads.map((head) => head.padStart(11)).join("")}\n`);
  for (let said = FIRST_SAID; said <= LAST_SAID; said *= 2) {
    const outcome = simulateScale({ ...load, said }, costs, SECONDS);
    print(row(said, outcome));
    if (Math.max(outcome.main, outcome.store, outcome.nats, outcome.network) > FULL) break;
  }
}

if (import.meta.main) {
  const { number } = taskFlags("scale", ABOUT, [
    { name: "servers", value: "N", help: "how many servers (100)" },
    { name: "people", value: "N", help: "users at each server (1000)" },
    { name: "room", value: "N", help: "users online in a room (50)" },
    { name: "stay", value: "MINUTES", help: "how long a user stays (60)" },
    { name: "cores", value: "N", help: "cores that NATS has (2)" },
    { name: "mbit", value: "N", help: "Mbit/s that NATS has (1000)" },
  ]);
  const missing = await missingNats();
  if (missing !== undefined) {
    print(`${missing}\n`);
    Deno.exit(2);
  }
  const [servers, people, room] = [number("servers", 100), number("people", 1000), number("room", 50)];
  const [stay, cores, mbit] = [number("stay", 60), number("cores", 2), number("mbit", 1000)];
  const costs = await measureCosts(people);
  print("measured here: µs of processor time, or bytes\n");
  for (const [name, value] of Object.entries(costs)) print(`  ${name.padEnd(12)} ${value.toFixed(2)}\n`);
  const load = { servers, people, room, natsCores: cores, networkBytes: mbit * 125_000 };
  const changes = (perSecond: number) => Math.min(CHANGES_PER_SECOND, perSecond);
  print(
    `\n${servers} servers, ${people} people at each, ${room} online in a room; NATS: ${cores} cores, ${mbit} Mbit/s\n`,
  );
  const calm = { ...load, changes: changes(people * 2 / (stay * 60)) };
  simulate(`Each user stays for ${stay} minutes`, calm, costs);
  simulate("All come within five minutes", { ...load, changes: changes(people / 300) }, costs);
}

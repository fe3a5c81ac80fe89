import { assert, assertEquals } from "@std/assert";
import { simulateDelivery } from "./support/delivery_simulation.ts";

const SEEDS = 60;

Deno.test(`${SEEDS} simulations of delivery with cuts, crashes, full disks and changes of protocol: nothing lost, twice or out of order, and senders know what became of each message`, () => {
  const total = { confirmed: 0, shown: 0, crashes: 0, failedBatches: 0, upgrades: 0, cuts: 0 };
  const outcomes = { behind: 0, delivered: 0, failed: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const report = simulateDelivery(seed);
    assertEquals(report.problems, [], `deno task simulate --lab delivery --seed ${seed} replays this`);
    for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += report[key];
    for (const key of Object.keys(outcomes) as (keyof typeof outcomes)[]) outcomes[key] += report[key];
  }
  // A simulation with little activity would prove little.
  const { confirmed, shown, crashes, failedBatches, upgrades, cuts } = total;
  assert(confirmed > 10_000 && shown > 40_000, JSON.stringify(total));
  assert(crashes > 100 && failedBatches > 1000 && upgrades > 150 && cuts > 1000, JSON.stringify(total));
  const { behind, delivered, failed } = outcomes;
  assert(behind > 100 && delivered > 5000 && failed > 1000, JSON.stringify(outcomes));
});

Deno.test("the same seed gives the same simulation of delivery", () => {
  assertEquals(simulateDelivery(7), simulateDelivery(7));
});

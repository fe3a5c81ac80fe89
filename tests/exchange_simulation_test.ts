import { assert, assertEquals } from "@std/assert";
import { simulateExchange } from "./support/exchange_simulation.ts";

/** Seeds with accidents of each kind. */
const FIRST = 5;
const SEEDS = 7;

Deno.test(`${SEEDS} simulations of several servers at one exchange: nothing lost, twice or out of order, and senders know what became of each message`, () => {
  const total = { confirmed: 0, shown: 0, crashes: 0, stops: 0, lost: 0, cuts: 0, unconfirmed: 0 };
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    const report = simulateExchange(seed, 2, 10_000);
    assertEquals(report.problems, [], `deno task simulate --lab exchange --seed ${seed} replays this for longer`);
    for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += report[key];
  }
  // A simulation with little activity would prove little.
  assert(total.confirmed > 500 && total.shown > 2000, JSON.stringify(total));
  const { crashes, stops, cuts, lost, unconfirmed } = total;
  assert(Math.min(crashes, stops, cuts, lost, unconfirmed) > 0, JSON.stringify(total));
});

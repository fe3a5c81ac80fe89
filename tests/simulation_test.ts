import { assertEquals } from "@std/assert";
import { simulate } from "./support/im_simulation.ts";

const SEEDS = 300;

Deno.test(`${SEEDS} labs of wild clients: nothing lost, nothing twice, nobody lied to, nobody stuck, nothing left`, () => {
  let [commands, messages, delivered, notDelivered] = [0, 0, 0, 0];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const report = simulate(seed);
    assertEquals(report.problems, [], `deno task simulate --seed ${seed} replays this`);
    commands += report.commands;
    messages += report.messages;
    delivered += report.delivered;
    notDelivered += report.notDelivered;
  }
  // A simulation in which little happens would prove little.
  assertEquals([commands > 20_000, messages > 20_000, delivered > 5000, notDelivered > 500], [true, true, true, true]);
});

Deno.test("the same seed is the same lab", () => {
  assertEquals(simulate(7), simulate(7));
});

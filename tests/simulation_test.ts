import { assertEquals } from "@std/assert";
import { simulate } from "./support/im_simulation.ts";
import { simulateMailbox } from "./support/mailbox_simulation.ts";

const SEEDS = 300;

Deno.test(`${SEEDS} simulations of misbehaving clients: no loss, no duplicate, no false report, no hang, no leak`, () => {
  let [commands, messages, delivered, notDelivered] = [0, 0, 0, 0];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const report = simulate(seed);
    assertEquals(report.problems, [], `deno task simulate --seed ${seed} replays this`);
    commands += report.commands;
    messages += report.messages;
    delivered += report.delivered;
    notDelivered += report.notDelivered;
  }
  // A simulation with little activity would prove little.
  assertEquals([commands > 20_000, messages > 20_000, delivered > 5000, notDelivered > 500], [true, true, true, true]);
});

Deno.test("the same seed gives the same simulation", () => {
  assertEquals(simulate(7), simulate(7));
});

Deno.test("100 simulated mailbox servers, on bad networks and crashing at any write: no loss, no duplicate, all in order", () => {
  let [confirmed, shown, crashes, clientCrashes, reconnects] = [0, 0, 0, 0, 0];
  for (let seed = 1; seed <= 100; seed++) {
    const report = simulateMailbox(seed);
    assertEquals(report.problems, [], `deno task simulate --lab mailbox --seed ${seed} replays this`);
    confirmed += report.confirmed;
    shown += report.shown;
    crashes += report.crashes;
    clientCrashes += report.clientCrashes;
    reconnects += report.reconnects;
  }
  assertEquals([confirmed > 9000, shown > 12_000, crashes > 100, clientCrashes > 100, reconnects > 500], [
    true,
    true,
    true,
    true,
    true,
  ]);
});

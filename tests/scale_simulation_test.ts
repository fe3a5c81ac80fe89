import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { type Costs, type Load, simulateScale } from "../bench/scale_simulation.ts";

const costs: Costs = {
  own: 300,
  ownMain: 150,
  other: 200,
  otherMain: 100,
  told: 2,
  published: 70,
  given: 10,
  messageBytes: 250,
  notice: 100,
  noticeBytes: 200,
};
const load: Load = {
  servers: 10,
  people: 100,
  said: 1,
  room: 50,
  changes: 0,
  natsCores: 2,
  networkBytes: 125e6,
};

Deno.test("where nothing waits, a message takes as long as its parts, and each part is as busy as it is asked to be", () => {
  const { p50, messages, main, nats } = simulateScale(load, costs, 600);
  assertAlmostEquals(messages, 10 * 100 / 60, 1);
  // Two threads at its server, NATS that gives it to nine servers with two cores, two threads at the other, and telling five.
  const least = 0.3 + 0.07 + 0.01 + 0.2 + 0.01;
  assert(p50 > least && p50 < least + 0.1, `${p50} ms`);
  assertAlmostEquals(nats, messages * (70 + 9 * 10) * 1e-6 / 2, 1e-5);
  assertAlmostEquals(main, messages * (150 + 9 * (100 + 10)) / 10 * 1e-6, 3e-4);
});

Deno.test("a part that is asked for more than it can do is full, and messages wait for it longer and longer", () => {
  const busy = { ...load, people: 6000, natsCores: 16 };
  const slow = { ...costs, other: 2000, otherMain: 1500 };
  const [short, long] = [1, 2].map((seconds) => simulateScale(busy, slow, seconds));
  // A thousand messages a second of 1.5 ms each on the main thread.
  assert(long!.main > 1 && long!.nats < 1, JSON.stringify(long));
  assert(long!.p99 > 1.5 * short!.p99, `${short!.p99} and ${long!.p99} ms`);
});

Deno.test("a simulation can be repeated, and people who come and go cost each server and the network", () => {
  const restless = { ...load, changes: 5 };
  assertEquals(simulateScale(restless, costs, 10), simulateScale(restless, costs, 10));
  const [calm, busy] = [load, restless].map((each) => simulateScale(each, costs, 60));
  // The changes of nine others at 100 µs each.
  assertAlmostEquals(busy!.main - calm!.main, 9 * 5 * 100e-6, 1e-3);
  assertAlmostEquals(busy!.network - calm!.network, 10 * 9 * 5 * 200 / 125e6, 1e-4);
});

import type { Plan } from "./measure.ts";
import type { PeerKind } from "./peers/peer.ts";
import { latencies } from "./rows.ts";
import { type Row, row } from "./row.ts";

/** The time until one guest's line has reached all others, one of whom never reads. */
export async function roomRows(plan: Plan, kinds: readonly PeerKind[], guests: number): Promise<Row[]> {
  const { p50, p99 } = await latencies(plan, kinds, guests, (crowd) => crowd.announce());
  const target = { own: "lobby", than: "bare fan-out" };
  const title = `8 kB to a room of ${guests}, one of whom never reads`;
  return [row(`${title}, p50`, "µs", p50, target), row(`${title}, p99`, "µs", p99, target)];
}

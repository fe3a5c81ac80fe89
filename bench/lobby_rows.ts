import { medianFigure, pause, type Plan, quantile, withCrowd } from "./measure.ts";
import type { PeerKind } from "./peers/peer.ts";
import { alternate, figures } from "./rows.ts";
import { type Row, row } from "./row.ts";

/** How long it takes until a line of one guest is at all others, one of whom never reads. */
export async function roomRows(plan: Plan, kinds: readonly PeerKind[], guests: number): Promise<Row[]> {
  const results = await alternate(plan, kinds, (kind) =>
    withCrowd(kind, guests, {}, async (crowd) => {
      const micros: number[] = [];
      const started = performance.now();
      for (let elapsed = 0; elapsed < plan.warmUpMs + plan.windowMs; elapsed = performance.now() - started) {
        await pause(plan.pauseMs);
        const before = performance.now();
        await crowd.announce();
        if (elapsed > plan.warmUpMs) micros.push((performance.now() - before) * 1000);
      }
      return micros;
    }));
  const share = (share: number) =>
    figures(
      results,
      (all) => ({ value: medianFigure(all.map((micros) => ({ value: quantile(micros, share) }))).value }),
    );
  const target = { own: "lobby", than: "bare fan-out" };
  const title = `8 kB to a room of ${guests}, one of whom never reads`;
  return [row(`${title}, p50`, "µs", share(0.5), target), row(`${title}, p99`, "µs", share(0.99), target)];
}

import { joinFlood } from "./c_load.ts";
import { medianFigure, type Plan, quantile, withPeer } from "./measure.ts";
import { joinNative } from "./native_load.ts";
import { limited, onSlowDisk, ours } from "./peers/ours.ts";
import type { Peer, PeerKind } from "./peers/peer.ts";
import { type Figure, type Row, row } from "./row.ts";
import { timed } from "./rows.ts";
import type { Crowd } from "./traffic.ts";

const SYNC_MS = 50;

/** The p99 of a `/to` beside a connection that writes as fast as it can, against the same without. */
export async function floodRow(plan: Plan, program: string): Promise<Row> {
  const figures = await besides(plan, {
    alone: [limited, () => Promise.resolve()],
    "beside a flood": [limited, ({ port }) => joinFlood(program, port, 2)],
  });
  const notes = ["the flood: unexpected receipts, on the connection that the server has opened"];
  return row("idle /to, p99", "µs", figures, { own: "beside a flood", than: "alone", below: 3 }, notes);
}

/** The p99 of a `/to`, which is not kept, beside messages that are, on a slow disk. */
export async function slowDiskRow(plan: Plan): Promise<Row> {
  const talk = async ({ port }: Peer) => {
    const crowd = await joinNative(port, 2, { first: 2 });
    const until = { over: false };
    crowd.talk(1, until).catch(() => {});
    return {
      leave() {
        until.over = true;
        crowd.leave();
      },
    };
  };
  const slow = onSlowDisk(SYNC_MS);
  const figures = await besides(plan, { "this disk": [ours, talk], [slow.name]: [slow, talk] });
  const notes = ["two native clients talk meanwhile: what they say is kept, and waits for the disk"];
  return row("/to beside kept messages, p99", "µs", figures, { own: slow.name, than: "this disk", below: 2 }, notes);
}

/** The p99 of a `/to` from user 0 to 1 in each case: a server, and what others do there. */
async function besides(
  plan: Plan,
  cases: Record<string, [PeerKind, (peer: Peer) => Promise<Pick<Crowd, "leave"> | void>]>,
): Promise<Record<string, Figure>> {
  const values: Record<string, Figure[]> = {};
  for (let repeat = 0; repeat < plan.repeats; repeat++) {
    for (const [name, [kind, others]] of Object.entries(cases)) {
      await withPeer(kind, 4, async (peer) => {
        const crowd = await kind.join(peer.port, 2);
        const other = await others(peer);
        const micros = await timed(plan, () => crowd.whisper());
        if (crowd.tally.errors > 0) throw new Error(`${crowd.tally.errors} messages were not delivered`);
        other?.leave();
        crowd.leave();
        (values[name] ??= []).push({ value: quantile(micros, 0.99) });
      });
    }
  }
  return Object.fromEntries(Object.entries(values).map(([name, all]) => [name, medianFigure(all)]));
}

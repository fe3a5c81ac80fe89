import { medianFigure, perSecond, type Plan, withCrowd } from "./measure.ts";
import type { PeerKind } from "./peers/peer.ts";
import { alternate, figures, latencies } from "./rows.ts";
import { type Row, row } from "./row.ts";

/** Messages before the measurement: V8 compiles what both peers run for some seconds, and one's time is the other's wait. */
const WARM_UP_MESSAGES = 60_000;

/** Messages a second between two peers with a number in flight, against as many echoed datagrams. */
export async function peerTalkRow(usual: Plan, kinds: readonly PeerKind[], underWay: number): Promise<Row> {
  const plan = { ...usual, warmUpCount: WARM_UP_MESSAGES };
  const results = await alternate(plan, kinds, (kind) =>
    withCrowd(
      kind,
      kind.name === "peers" ? 2 : 2 * underWay,
      {},
      (crowd, peer) => perSecond(plan, peer, () => crowd.tally.acked, (until) => crowd.talk(underWay, until)),
    ));
  const notes = ["peers: kept on disk, in order, once, and confirmed when shown; the datagrams: sent there and back"];
  const target = { own: "peers", than: "bare datagrams", atLeast: 0.4 };
  return row(
    `messages between two peers, ${underWay} under way`,
    "messages/s",
    figures(results, medianFigure),
    target,
    notes,
  );
}

/** The time until the sender knows that its message was shown, on an idle link. */
export async function peerLatencyRows(plan: Plan, kinds: readonly PeerKind[]): Promise<Row[]> {
  const { p50, p99 } = await latencies(plan, kinds, 2, (crowd) => crowd.whisper());
  const target = { own: "peers", than: "bare datagrams" };
  return [
    row("idle message between two peers, p50", "µs", p50, target),
    row("idle message between two peers, p99", "µs", p99, target),
  ];
}

/** Confirmed deliveries a second from one sender in a group. */
export async function peerGroupRow(plan: Plan, kind: PeerKind, members: number): Promise<Row> {
  const results = await alternate(plan, [kind], (kind) =>
    withCrowd(
      kind,
      members,
      { room: true },
      (crowd, peer) => perSecond(plan, peer, () => crowd.tally.delivered, (until) => crowd.shout(until)),
    ));
  const notes = ["one speaks, again when all have confirmed; the others are in one process, on its one core"];
  return row(`a group of ${members} peers`, "deliveries/s", figures(results, medianFigure), { own: "peers" }, notes);
}

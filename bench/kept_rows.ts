import { delay } from "@std/async/delay";
import { alternate, figures } from "./rows.ts";
import { medianFigure, perSecond, type Plan, withCrowd, within, withPeer } from "./measure.ts";
import type { PeerKind } from "./peers/peer.ts";
import { residentKb } from "./process.ts";
import { type Row, row } from "./row.ts";
import { POUR } from "./traffic.ts";

/**
 * Messages before the measurement: on a busy machine V8 is still compiling after a second, and the figure would be that of its
 * interpreter.
 */
const WARM_UP_MESSAGES = 10_000;

/** Deliveries a second from one sender that writes many messages at once, in the native protocol and others. */
export async function pourRow(plan: Plan, kinds: readonly PeerKind[], receivers: number): Promise<Row> {
  const title = `native fan-out to ${receivers} receivers, ${POUR} messages a write`;
  const notes = ["native: everything is on the disk before anybody is told; ngircd keeps nothing"];
  const target = { own: "native", than: "ngircd", atLeast: 2 };
  return row(title, "deliveries/s", await pours(plan, kinds, receivers), target, notes);
}

/** The same over WebSocket, against TCP. */
export async function webRow(plan: Plan, kinds: readonly PeerKind[], receivers: number): Promise<Row> {
  const title = `fan-out to ${receivers} WebSockets, ${POUR} messages a write`;
  const target = { own: "WebSocket", than: "native" };
  return row(title, "deliveries/s", await pours(plan, kinds, receivers), target, ["the same store behind both"]);
}

async function pours(usual: Plan, kinds: readonly PeerKind[], receivers: number) {
  const plan = { ...usual, warmUpCount: WARM_UP_MESSAGES * receivers };
  const results = await alternate(plan, kinds, (kind) =>
    withCrowd(
      kind,
      receivers + 1,
      { room: true },
      (crowd, peer) => perSecond(plan, peer, () => crowd.tally.delivered, (until) => crowd.pour!(until), crowd.pid),
    ));
  return figures(results, medianFigure);
}

/** Private native messages a second, each stored and its delivery reported, against bare ones; each pair has `window` under way. */
export async function keptRow(plan: Plan, kinds: readonly PeerKind[], pairs: number, window: number): Promise<Row> {
  const notes = ["native: kept, acknowledged, and the sender told of it; ngircd keeps nothing and tells nobody"];
  const target = { own: "native", than: "ngircd", atLeast: 0.25 };
  const title = `native private messages, ${pairs} pairs, ${window} under way in each`;
  return row(title, "messages/s", await talks(plan, kinds, pairs, window), target, notes);
}

/** The same over the mailbox, against datagrams that are only echoed. */
export async function mailboxRow(plan: Plan, kinds: readonly PeerKind[], pairs: number): Promise<Row> {
  const notes = ["mailbox: registered, kept, acknowledged and told, with our client's machines as the load"];
  const target = { own: "mailbox", than: "bare datagrams" };
  return row(`mailbox messages, ${pairs} pairs`, "messages/s", await talks(plan, kinds, pairs), target, notes);
}

async function talks(usual: Plan, kinds: readonly PeerKind[], pairs: number, window = 1) {
  const plan = { ...usual, warmUpCount: WARM_UP_MESSAGES };
  const results = await alternate(plan, kinds, (kind) =>
    withCrowd(
      kind,
      2 * pairs,
      {},
      (crowd, peer) =>
        perSecond(plan, peer, () => crowd.tally.acked, (until) => crowd.talk(pairs, until, window), crowd.pid),
    ));
  return figures(results, medianFigure);
}

/** The memory of an idle native session. */
export async function nativeIdleRow(plan: Plan, kind: PeerKind, users: number): Promise<Row> {
  const results = await alternate(plan, [kind], () =>
    withPeer(kind, 3 * users, async (peer) => {
      const join = async (first: number) => {
        const crowd = await within(60_000, `logging in ${users} users`, kind.join(peer.port, users, { first }));
        await delay(plan.settleMs);
        return crowd;
      };
      // V8 compiles what the logins run while the first and second crowd come: 13 MB that no session holds.
      const crowds = [await join(0), await join(users)];
      const before = residentKb(peer.running.pid);
      crowds.push(await join(2 * users));
      const after = residentKb(peer.running.pid);
      for (const crowd of crowds) crowd.leave();
      return { value: before === undefined || after === undefined ? NaN : (after - before) / users };
    }));
  // Among 500 sessions the garbage that V8 keeps, some MB, was 8 kB for each more or less.
  const notes = [`what ${users} more sessions add to the resident memory of a server with ${2 * users}, for each`];
  return row(
    "memory of an idle native session",
    "kB",
    figures(results, medianFigure),
    { own: "native", below: 12 },
    notes,
  );
}

import { delay } from "@std/async/delay";
import { cpuMs, residentKb } from "./process.ts";
import { medianFigure, perSecond, type Plan, quantile, withCrowd, within, withPeer } from "./measure.ts";
import type { PeerKind } from "./peers/peer.ts";
import { type Figure, type Row, row } from "./row.ts";
import type { Crowd } from "./traffic.ts";

const FASTER = { than: "thread server", atLeast: 5 };
const IRC_HAS_NO_RECEIPTS = "ngircd: no receipts, a message counts when it has arrived";

/** Measures each server `plan.repeats` times, reversing the order every other time. */
export async function alternate<T>(
  plan: Plan,
  kinds: readonly PeerKind[],
  once: (kind: PeerKind) => Promise<T>,
): Promise<Map<PeerKind, T[]>> {
  const results = new Map(kinds.map((kind) => [kind, [] as T[]]));
  for (let repeat = 0; repeat < plan.repeats; repeat++) {
    for (const kind of repeat % 2 === 0 ? kinds : kinds.toReversed()) results.get(kind)!.push(await once(kind));
  }
  return results;
}

/** One figure for each server. */
export function figures<T>(results: Map<PeerKind, T[]>, of: (all: T[]) => Figure): Record<string, Figure> {
  return Object.fromEntries(Array.from(results, ([kind, all]) => [kind.name, of(all)]));
}

/** Acknowledged one-to-one messages a second, in `pairs` pairs at once. */
export async function talkRow(plan: Plan, kinds: readonly PeerKind[], pairs: number): Promise<Row> {
  const results = await alternate(plan, kinds, (kind) =>
    withCrowd(
      kind,
      2 * pairs,
      {},
      (crowd, peer) => perSecond(plan, peer, () => crowd.tally.acked, (until) => crowd.talk(pairs, until)),
    ));
  const title = `acknowledged /to, ${pairs} ${pairs === 1 ? "pair" : "pairs"}`;
  return row(title, "messages/s", figures(results, medianFigure), FASTER, [IRC_HAS_NO_RECEIPTS]);
}

/** Deliveries a second from one sender to all others. */
export async function shoutRow(plan: Plan, kinds: readonly PeerKind[], receivers: number): Promise<Row> {
  const results = await alternate(plan, kinds, (kind) =>
    withCrowd(
      kind,
      receivers + 1,
      { room: true },
      (crowd, peer) => perSecond(plan, peer, () => crowd.tally.delivered, (until) => crowd.shout(until)),
    ));
  const title = `/toall to ${receivers} receivers`;
  return row(title, "deliveries/s", figures(results, medianFigure), FASTER, [IRC_HAS_NO_RECEIPTS]);
}

/** How many µs an action takes, each time it is done with pauses between. */
export async function timed(plan: Plan, act: () => Promise<unknown>): Promise<number[]> {
  const micros: number[] = [];
  const started = performance.now();
  for (let elapsed = 0; elapsed < plan.warmUpMs + plan.windowMs; elapsed = performance.now() - started) {
    await delay(plan.pauseMs);
    const before = performance.now();
    await act();
    if (elapsed > plan.warmUpMs) micros.push((performance.now() - before) * 1000);
  }
  return micros;
}

/** The p50 and p99 of one action on an idle server, in µs. */
export async function latencies(
  plan: Plan,
  kinds: readonly PeerKind[],
  users: number,
  act: (crowd: Crowd) => Promise<unknown>,
): Promise<{ readonly p50: ReturnType<typeof figures>; readonly p99: ReturnType<typeof figures> }> {
  const results = await alternate(
    plan,
    kinds,
    (kind) => withCrowd(kind, users, {}, (crowd) => timed(plan, () => act(crowd))),
  );
  const share = (share: number) =>
    figures(
      results,
      (all) => ({ value: medianFigure(all.map((micros) => ({ value: quantile(micros, share) }))).value }),
    );
  return { p50: share(0.5), p99: share(0.99) };
}

/** The time until a single message is acknowledged, on an idle server. */
export async function latencyRows(plan: Plan, kinds: readonly PeerKind[]): Promise<Row[]> {
  const { p50, p99 } = await latencies(plan, kinds, 2, (crowd) => crowd.whisper());
  const notes = ["a /to crosses the wire four times, the echo twice, a line through ngircd twice"];
  return [
    row("idle /to, p50", "µs", p50, { than: "bare echo" }),
    row("idle /to, p99", "µs", p99, { than: "bare echo", below: 3 }, notes),
  ];
}

/**
 * Logins a second, and the memory of an idle user. As many users are logged in before the measurement, since the
 * first growth of the heap would otherwise be counted as theirs.
 */
export async function loginRows(plan: Plan, kinds: readonly PeerKind[], users: number): Promise<Row[]> {
  const first = users;
  const results = await alternate(plan, kinds, (kind) =>
    withPeer(kind, first + users, async (peer) => {
      const warmUp = await kind.join(peer.port, first);
      await delay(plan.settleMs);
      const { pid } = peer.running;
      const before = { kb: residentKb(pid), server: cpuMs(pid), load: cpuMs(Deno.pid), time: performance.now() };
      const crowd = await within(60_000, `logging in ${users} users`, kind.join(peer.port, users, { first }));
      const ms = performance.now() - before.time;
      const server = cpuMs(pid);
      const load = cpuMs(Deno.pid);
      await delay(plan.settleMs);
      const kb = residentKb(pid);
      warmUp.leave();
      crowd.leave();
      const rate: Figure = { value: users / ms * 1000 };
      if (!server || !load || !before.server || !before.load || kb === undefined || before.kb === undefined) {
        return { rate };
      }
      const serverCpu = (server.process - before.server.process) / ms;
      return {
        rate: { ...rate, serverCpu, loadCpu: (load.process - before.load.process) / ms },
        idle: { value: (kb - before.kb) / users },
      };
    }));
  const logins = row(
    "logins (/login and /port), 8 at a time",
    "logins/s",
    figures(results, (all) => medianFigure(all.map(({ rate }) => rate))),
  );
  const title = "memory of an idle user";
  if (Array.from(results.values()).some((all) => all.some(({ idle }) => idle === undefined))) {
    return [logins, row(title, "kB", {}, {}, ["skipped: there is no /proc on this machine"])];
  }
  const notes = [
    `what ${users} more users add to the resident memory of a server with ${first}, for each`,
    "ngircd has one connection for each user, the others two",
  ];
  const idle = figures(results, (all) => medianFigure(all.map(({ idle }) => idle!)));
  return [logins, row(title, "kB", idle, { below: 24 }, notes)];
}

/** How many of many online users one message to all reaches. */
export async function everybodyRow(kinds: readonly PeerKind[], users: number): Promise<Row> {
  const reached: Record<string, Figure> = {};
  const notes: string[] = [];
  for (const kind of kinds) {
    await withCrowd(kind, users, { room: true }, async (crowd) => {
      const before = performance.now();
      const count = await within(60_000, "a message to all", crowd.announce());
      reached[kind.name] = { value: count };
      notes.push(`${kind.name}: all in ${(performance.now() - before).toFixed(0)} ms`);
      if (count !== users - 1) {
        throw new Error(`a message to all reached ${count} of ${users - 1}`);
      }
    });
  }
  return row(`${users} users online, one /toall`, "reached", reached, { atLeast: users - 1 }, notes);
}

import { deadline } from "@std/async/deadline";
import { delay } from "@std/async/delay";
import type { Peer, PeerKind } from "./peers/peer.ts";
import { cpuMs } from "./process.ts";
import type { Figure } from "./row.ts";
import { type Crowd, type JoinOptions, PASSWORD, type Until, userName } from "./traffic.ts";

/** Durations and repetitions of a measurement. */
export interface Plan {
  readonly warmUpMs: number;
  /** So much is counted before a rate is measured, but for no longer than `MOST_WARM_UPS` times as long. */
  readonly warmUpCount?: number;
  readonly windowMs: number;
  readonly repeats: number;
  readonly settleMs: number;
  readonly pauseMs: number;
}

const PATIENCE_MS = 30_000;
const MOST_WARM_UPS = 5;
const WARM_POLL_MS = 20;
// A thread above this share of a core is saturated; the remainder is scheduling loss.
const BUSY = 0.9;

/** The median; the lower of two middle values. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The smallest value not exceeded by this share of the values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}

/** The figure whose value is the median. */
export function medianFigure(figures: readonly Figure[]): Figure {
  const middle = median(figures.map((figure) => figure.value));
  return figures.find((figure) => figure.value === middle)!;
}

/** Rejects if the work takes longer than `ms`. */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  try {
    return await deadline(work, ms);
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "TimeoutError")) throw error;
    throw new Error(`${what} was not over after ${ms / 1000} s`, { cause: error });
  }
}

/** Starts a fresh server for `users` users, runs `work`, and removes everything afterwards. */
export async function withPeer<T>(kind: PeerKind, users: number, work: (peer: Peer) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "partyline-bench-" });
  try {
    const usersFile = `${folder}/users.txt`;
    const lines = Array.from({ length: users }, (_, number) => `${userName(number)} ${PASSWORD}\n`);
    await Deno.writeTextFile(usersFile, lines.join(""));
    const peer = await kind.start(folder, usersFile);
    try {
      return await work(peer);
    } catch (error) {
      const said = peer.running.complaint();
      throw new Error(`${kind.name}: ${error instanceof Error ? error.message : error}${said && `\n${said}`}`);
    } finally {
      await peer.running.stop();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The same with users logged in; any error they saw fails the measurement. */
export function withCrowd<T>(
  kind: PeerKind,
  users: number,
  options: JoinOptions,
  work: (crowd: Crowd, peer: Peer) => Promise<T>,
): Promise<T> {
  return withPeer(kind, users, async (peer) => {
    const crowd = await within(PATIENCE_MS, `logging in ${users} users`, kind.join(peer.port, users, options));
    try {
      const result = await work(crowd, peer);
      if (crowd.tally.errors > 0) throw new Error(`${crowd.tally.errors} messages were not delivered`);
      return result;
    } finally {
      crowd.leave();
    }
  });
}

/** The rate of `count` after a warm-up, and the processor use of server and load generator. */
export async function perSecond(
  plan: Plan,
  peer: Peer,
  count: () => number,
  traffic: (until: Until) => Promise<void>,
  loadPid = Deno.pid,
): Promise<Figure> {
  const until = { over: false };
  const running = traffic(until);
  // A failure is reported where it is awaited below; until then it must not end the program.
  running.catch(() => {});
  const { warmUpMs, warmUpCount = 0 } = plan;
  await delay(warmUpMs);
  for (let ms = warmUpMs; count() < warmUpCount && ms < MOST_WARM_UPS * warmUpMs; ms += WARM_POLL_MS) {
    await delay(WARM_POLL_MS);
  }
  const before = { count: count(), time: performance.now(), server: cpuMs(peer.running.pid), load: cpuMs(loadPid) };
  await delay(plan.windowMs);
  const ms = performance.now() - before.time;
  const done = count() - before.count;
  const server = cpuMs(peer.running.pid);
  const load = cpuMs(loadPid);
  until.over = true;
  await within(PATIENCE_MS, "the traffic", running);
  if (done === 0) throw new Error("nothing was delivered in the time of the measurement");
  const value = done / ms * 1000;
  if (!server || !load || !before.server || !before.load) return { value };
  const serverCpu = (server.process - before.server.process) / ms;
  const loadThread = (load.mainThread - before.load.mainThread) / ms;
  return {
    value,
    serverCpu,
    loadCpu: (load.process - before.load.process) / ms,
    loadLimited: loadThread > BUSY && serverCpu < BUSY,
  };
}

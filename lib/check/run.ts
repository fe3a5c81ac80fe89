import { fnv1a } from "../core/text.ts";
import { Choice } from "./choice.ts";
import type { Credentials } from "./credentials.ts";
import { LoadMeter } from "./load_meter.ts";
import { Network, type NetworkKind } from "./network.ts";
import type { Failure } from "./expectations.ts";
import { Play } from "./play.ts";
import { Pace, type PlayTimes } from "./play_times.ts";
import { PlayPorts, saysInUse } from "./play_ports.ts";
import { type Account, type Given, missingFor, valuesOf } from "./play_values.ts";
import type { Rule, Suite, Verdict } from "./rule.ts";
import { PlayRunner } from "./runner.ts";
import type { Target } from "./target.ts";
import type { Seen } from "./transcript.ts";
import { Turns } from "./turns.ts";

export interface RunOptions extends Given {
  readonly seed: number;
  readonly network: NetworkKind;
  readonly strict: boolean;
  /** How often each rule is played. */
  readonly repeat: number;
  /** How many rules are played at a time. */
  readonly jobs: number;
  readonly timeoutMs: number;
  /** Whether the rules that a rule needs are played first; true unless it is known that they hold. */
  readonly playsNeeded?: boolean;
  /** The keys of the persons of one play; a suite without logins by proof needs none. */
  readonly credentials?: () => Credentials;
  /** Rules that wait for minutes are played too. */
  readonly isLong?: boolean;
  /** What measures the load of this machine for several suites at a time; each has its own otherwise. */
  readonly meter?: LoadMeter;
  /** The ports of the programs, for several suites at a time; each has its own otherwise. */
  readonly ports?: PlayPorts;
  /** Why no further rule is played; undefined while they are. */
  readonly stopped?: () => string | undefined;
  /** Called with the time that a play took, without what a busy machine has taken from it. */
  readonly took?: (ms: number) => void;
  /** The program under test, for one rule: a port of its own where it is started. */
  readonly target: () => Target;
}

/** The accounts that a suite's programs are told of. */
export function usersOf(suite: Suite, accounts: readonly Account[]): readonly Account[] {
  return suite.hasOneAccount ? accounts.slice(-1) : accounts;
}

/** The result of one rule. */
export interface RuleResult {
  readonly rule: Rule;
  readonly verdict: Verdict;
  /** The points that were reached. */
  readonly points: number;
  readonly ms: number;
  readonly failure: Failure | undefined;
  /** What is weak, or was observed, or blocks it: one line each. */
  readonly notes: readonly string[];
  /** What has failed that a blocked one needs, itself or by way of others. */
  readonly blockedBy?: RuleResult;
  /** What is not there to play it with: accounts, a terminal. */
  readonly lacks?: string;
  readonly transcript: readonly Seen[];
  /** Another play had a port of its program at the same time, or something else on this machine had. */
  readonly isDisturbed?: boolean;
  /** How many of the plays failed, and of how many. */
  readonly failed: number;
  readonly played: number;
}

/** A busy machine takes seconds to start an interpreter. */
const START_MS = 15_000;
const LATE_MS = 2000;
const SILENCE_MS = 250;
const SETTLE_MS = 150;
/** How often a rule is played at most while the machine is too busy to tell. */
const DOUBTFUL_PLAYS = 8;
/** How often a rule is played at most whose program cannot have its port: others may still be about to end. */
const APART_PLAYS = 4;
export const TOO_BUSY = "not judged: this machine was too busy";

/**
 * Plays the rules of a suite and judges them.
 *
 * 1. A rule is played after those that it needs; when one of them failed, it is blocked and not played.
 * 2. Each rule's choices follow from the seed and its id alone: played alone, it is played the same.
 * 3. A program that always takes the same port is played alone once that shows, or its plays would fail each other.
 * 4. No verdict depends on what else the machine does: a rule that it was too busy to judge is played again, at last alone, and
 *    then blocked.
 * 5. Nothing is being played when it returns or throws: a `UserError` when a program cannot be started.
 */
export async function runSuite(
  suite: Suite,
  rules: readonly Rule[],
  options: RunOptions,
  tell: (result: RuleResult) => void,
): Promise<RuleResult[]> {
  const meter = options.meter ?? new LoadMeter();
  try {
    return await runRules(suite, rules, options, meter, tell);
  } finally {
    if (meter !== options.meter) await meter.close();
  }
}

async function runRules(
  suite: Suite,
  rules: readonly Rule[],
  options: RunOptions,
  meter: LoadMeter,
  tell: (result: RuleResult) => void,
): Promise<RuleResult[]> {
  const byId = new Map(suite.rules.map((rule) => [rule.id, rule]));
  // The given ones have the points of a rubric.
  for (const rule of rules) byId.set(rule.id, rule);
  const results = new Map<string, Promise<RuleResult>>();
  const turns = new Turns(options.jobs);
  const pace = new Pace(options.timeoutMs * slownessOf(options.network));
  const ports = options.ports ?? new PlayPorts();
  let hasFixedPort = false;
  /** A program could not be started: no further rule is played. */
  let broken: { readonly error: unknown } | undefined;
  const resultOf = (rule: Rule): Promise<RuleResult> => {
    const known = results.get(rule.id);
    if (known) return known;
    const result = judge(rule);
    results.set(rule.id, result);
    return result;
  };
  const judge = async (rule: Rule): Promise<RuleResult> => {
    const open = notJudged(rule, options);
    if (open) {
      if (rules.includes(rule)) tell(open);
      return open;
    }
    const needs = options.playsNeeded === false ? [] : rule.needs;
    const before = await Promise.all(needs.map((id) => resultOf(byId.get(id)!)));
    const blocking = before.find(({ verdict }) => verdict === "fail" || verdict === "blocked");
    const plays = async () => {
      if (broken) throw broken.error;
      const why = options.stopped?.();
      if (why !== undefined) return blocked(rule, `not played: ${why}`);
      try {
        return await playRule(suite, rule, options, { pace, meter, ports });
      } catch (error) {
        broken = { error };
        throw error;
      }
    };
    const playApart = () => turns.alone(() => ports.turns.take(plays));
    const playTogether = async () => {
      let result = await turns.take(async () => hasFixedPort ? undefined : await plays());
      for (let left = APART_PLAYS; left > 0 && (result === undefined || result.isDisturbed); left--) {
        hasFixedPort = true;
        result = await playApart();
      }
      return result!;
    };
    let result = blocking
      ? { ...blocked(rule, `not played: it needs ${blocking.rule.id}`), blockedBy: blocking.blockedBy ?? blocking }
      : await playTogether();
    // The other rules may be what keeps the machine busy.
    if (result.notes.includes(TOO_BUSY) && options.jobs > 1) {
      result = hasFixedPort ? await playApart() : await turns.alone(plays);
    }
    if (rules.includes(rule)) tell(result);
    return result;
  };
  const all = rules.map(resultOf);
  try {
    return await Promise.all(all);
  } finally {
    await Promise.allSettled(results.values());
  }
}

function blocked(rule: Rule, why: string): RuleResult {
  return { ...unjudged(rule, why), ms: 0, failed: 0, played: 0 };
}

function unjudged(rule: Rule, why: string): PlayResult {
  return { rule, verdict: "blocked", points: 0, failure: undefined, notes: [why], transcript: [] };
}

/** A rule that cannot be played here, whatever the program does: its points are none of those that could be reached. */
function notJudged(rule: Rule, options: RunOptions): RuleResult | undefined {
  const noted = (why: string): RuleResult => ({ ...blocked({ ...rule, points: 0 }, why), verdict: "info" });
  if (rule.longSeconds !== undefined && !options.isLong) {
    return noted(`not judged without --long: it waits ${rule.longSeconds} s`);
  }
  const lacks = missingFor(rule, options);
  return lacks === undefined ? undefined : { ...noted(`not judged: it needs ${lacks}`), lacks };
}

/** What the plays of a run share, since they share the machine. */
interface Shared {
  readonly pace: Pace;
  readonly meter: LoadMeter;
  readonly ports: PlayPorts;
}

/** The result of one play. */
type PlayResult = Omit<RuleResult, "ms" | "failed" | "played">;

async function playRule(suite: Suite, rule: Rule, options: RunOptions, shared: Shared): Promise<RuleResult> {
  const began = performance.now();
  let shown: PlayResult | undefined;
  let failed = 0;
  let isDisturbed = false;
  for (let i = 0; i < options.repeat; i++) {
    const result = await playOnce(suite, rule, options, i, shared);
    if (result.isDisturbed) isDisturbed = true;
    if (result.verdict === "fail") failed++;
    // The first failure is told; without one, the last play.
    if (shown === undefined || shown.verdict !== "fail") shown = result;
  }
  return { ...shown!, isDisturbed, ms: Math.round(performance.now() - began), failed, played: options.repeat };
}

async function playOnce(
  suite: Suite,
  rule: Rule,
  options: RunOptions,
  round: number,
  shared: Shared,
  left = DOUBTFUL_PLAYS,
  unconfirmed?: Failure,
): Promise<PlayResult> {
  const { pace, meter } = shared;
  const target = options.target();
  const choice = new Choice(fnv1a(`${options.seed} ${rule.id} ${round}`));
  const place = suite.rules.findIndex(({ id }) => id === rule.id);
  const values = valuesOf(choice, options.accounts, target, suite.hasOneAccount === true, place);
  const play = new Play(rule.steps, values, { ...timesOf(options, target, pace), isPaced: suite.isPaced === true });
  const network = new Network(options.network, new Choice(fnv1a(`${options.seed} ${rule.id} ${round} network`)));
  const runner = new PlayRunner(play, target, network, suite.side === "server", meter, options.credentials?.());
  const { listening } = suite;
  const endPorts = shared.ports.begin(() => listening ? values.like(listening) : []);
  let isShared = false;
  try {
    await runner.run();
  } finally {
    isShared = endPorts();
    options.took?.(play.tookMs);
  }
  const { failure, weak, observed, isDoubtful, isUnconfirmed } = play.end!;
  const isFirst = isUnconfirmed && failure?.step !== unconfirmed?.step;
  if ((isDoubtful || isFirst) && rule.level !== "open") {
    if (left === 1) return unjudged(rule, TOO_BUSY);
    const toConfirm = isDoubtful ? unconfirmed : failure;
    return await playOnce(suite, rule, options, round, shared, left - 1, toConfirm);
  }
  // What is weak about a step of preparation is told by the rule that the step is from.
  const flaws = new Set(weak.flatMap(({ step, why }) => rule.steps[step]?.of === undefined ? [why] : []));
  const verdict = judged(rule, failure !== undefined, flaws.size > 0, options);
  const unseen = verdict === "info" && failure
    ? [`it did not come to that: ${failure.where}: expected ${failure.expected}, got ${failure.got}`]
    : [];
  const notes = [...observed, ...unseen, ...flaws, ...runner.findings];
  const points = verdict === "pass" || verdict === "weak" ? rule.points : 0;
  // A story has people by the names that they log in with.
  const nameOf = (who: string) => values.get(who) ?? who;
  return {
    rule,
    verdict,
    points,
    failure: failure && { ...failure, where: failure.where.replace(/^\S+/, nameOf) },
    notes,
    isDisturbed: isShared || listening !== undefined && saysInUse(play),
    transcript: play.transcript.entries.map((seen) => ({ ...seen, who: nameOf(seen.who) })),
  };
}

function judged(rule: Rule, hasFailed: boolean, isWeak: boolean, { strict }: RunOptions): Verdict {
  if (rule.level === "open") return "info";
  if (hasFailed) return rule.level === "must" || strict ? "fail" : "weak";
  if (!isWeak) return "pass";
  return strict ? "fail" : "weak";
}

function timesOf({ network }: RunOptions, { command }: Target, pace: Pace): PlayTimes {
  const slower = slownessOf(network);
  return {
    startMs: command === undefined ? 0 : START_MS,
    pace,
    lateMs: LATE_MS,
    silenceMs: SILENCE_MS * slower,
    settleMs: SETTLE_MS * slower,
  };
}

function slownessOf(network: NetworkKind): number {
  return network === "none" ? 1 : 2;
}

import { Choice, chosenText } from "./choice.ts";
import type { Credentials } from "./credentials.ts";
import { LoadMeter } from "./load_meter.ts";
import { Network, type NetworkKind } from "./network.ts";
import type { Failure } from "./expectations.ts";
import { Play } from "./play.ts";
import { Pace, type PlayTimes } from "./play_times.ts";
import { hasTerminals } from "./program.ts";
import type { Rule, Suite, Verdict } from "./rule.ts";
import { PlayRunner } from "./runner.ts";
import type { Target } from "./target.ts";
import type { Seen } from "./transcript.ts";
import { Turns } from "./turns.ts";
import { Values } from "./values.ts";

/** An account to log in with. */
export interface Account {
  readonly name: string;
  readonly password: string;
}

export interface RunOptions {
  readonly seed: number;
  readonly network: NetworkKind;
  readonly strict: boolean;
  /** How often each rule is played. */
  readonly repeat: number;
  /** How many rules are played at a time. */
  readonly jobs: number;
  readonly timeoutMs: number;
  readonly accounts: readonly Account[];
  /** The program under test is a server that runs already. */
  readonly isRunning?: boolean;
  /** Whether the rules that a rule needs are played first; true unless it is known that they hold. */
  readonly playsNeeded?: boolean;
  /** Whether the program under test was told of the file of users; true unless it is known that it was not. */
  readonly hasUsers?: boolean;
  /** The keys of the persons of one play; a suite without logins by proof needs none. */
  readonly credentials?: () => Credentials;
  /** Rules that wait for minutes are played too. */
  readonly isLong?: boolean;
  /** What measures the load of this machine for several suites at a time; each has its own otherwise. */
  readonly meter?: LoadMeter;
  /** Why no further rule is played; undefined while they are. */
  readonly stopped?: () => string | undefined;
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
  /** What a blocked rule needs: the id of another one, or what the machine lacks. */
  readonly blockedBy?: string;
  readonly transcript: readonly Seen[];
  /** How many of the plays failed, and of how many. */
  readonly failed: number;
  readonly played: number;
}

/** The persons of the scripts, in the order in which they get the accounts. */
const PERSONS = ["jacky", "bob", "michael", "carol"];
/** Another address of the machine than 127.0.0.1, for `{elsewhere}`; all of 127.0.0.0/8 is the machine itself, but not on macOS. */
const ELSEWHERE = "127.0.0.2";
const HAS_ELSEWHERE = Deno.build.os !== "darwin";
/** A busy machine takes seconds to start an interpreter. */
const START_MS = 15_000;
const LATE_MS = 2000;
const SILENCE_MS = 250;
const SETTLE_MS = 150;
/** How often a rule is played at most while the machine is too busy to tell. */
const DOUBTFUL_PLAYS = 8;
export const TOO_BUSY = "not judged: this machine was too busy";

/**
 * Plays the rules of a suite and judges them.
 *
 * 1. A rule is played after those that it needs; when one of them failed, it is blocked and not played.
 * 2. Each rule's choices follow from the seed and its id alone: played alone, it is played the same.
 * 3. No verdict depends on what else the machine does: a rule that it was too busy to judge is played again, and then blocked.
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
  const resultOf = (rule: Rule): Promise<RuleResult> => {
    const known = results.get(rule.id);
    if (known) return known;
    const result = judge(rule);
    results.set(rule.id, result);
    return result;
  };
  const judge = async (rule: Rule): Promise<RuleResult> => {
    if (rule.longSeconds !== undefined && !options.isLong) {
      const result = notJudged(rule, rule.longSeconds);
      if (rules.includes(rule)) tell(result);
      return result;
    }
    const needs = options.playsNeeded === false ? [] : rule.needs;
    const before = await Promise.all(needs.map((id) => resultOf(byId.get(id)!)));
    const blocking = before.find(({ verdict }) => verdict === "fail" || verdict === "blocked");
    const missing = blocking ? blocking.rule.id : missingFor(rule, options);
    const result = missing
      ? { ...blocked(rule, `not played: it needs ${missing}`), blockedBy: missing }
      : await turns.take(async () => {
        const why = options.stopped?.();
        return why === undefined
          ? await playRule(suite, rule, options, { pace, meter })
          : blocked(rule, `not played: ${why}`);
      });
    if (rules.includes(rule)) tell(result);
    return result;
  };
  return await Promise.all(rules.map(resultOf));
}

function blocked(rule: Rule, why: string): RuleResult {
  return { ...unjudged(rule, why), ms: 0, failed: 0, played: 0 };
}

function unjudged(rule: Rule, why: string): PlayResult {
  return { rule, verdict: "blocked", points: 0, failure: undefined, notes: [why], transcript: [] };
}

/** Its points are none of those that could be reached. */
function notJudged(rule: Rule, seconds: number): RuleResult {
  const notes = [`not judged without --long: it waits ${seconds} s`];
  return { ...blocked({ ...rule, points: 0 }, ""), verdict: "info", notes };
}

/** What this machine lacks and the rule needs. */
function missingFor(
  { steps, startsProgram }: Rule,
  { accounts, isRunning, hasUsers = true }: RunOptions,
): string | undefined {
  if (startsProgram && isRunning) return "a server that the check starts";
  const script = JSON.stringify(steps, (_, value) => {
    if (value instanceof RegExp) return value.source;
    return value instanceof Uint8Array ? undefined : value;
  });
  if (!hasUsers && script.includes("{account}")) return "{users} in the command: a file with an account";
  const needed = PERSONS.findLastIndex((person) => script.includes(`{${person}`)) + 1;
  if (accounts.length < needed) return `${needed} accounts, and there are ${accounts.length}`;
  if (steps.some((step) => step.do === "start" && step.inTerminal) && !hasTerminals()) {
    return "a terminal (the program `script`)";
  }
  const isElsewhere = steps.some((step) => (step.do === "dial" || step.do === "listen") && step.host);
  return isElsewhere && !HAS_ELSEWHERE ? `the address ${ELSEWHERE}` : undefined;
}

/** What the plays of a run share, since they share the machine. */
interface Shared {
  readonly pace: Pace;
  readonly meter: LoadMeter;
}

/** The result of one play. */
type PlayResult = Omit<RuleResult, "ms" | "failed" | "played">;

async function playRule(suite: Suite, rule: Rule, options: RunOptions, shared: Shared): Promise<RuleResult> {
  const began = performance.now();
  let shown: PlayResult | undefined;
  let failed = 0;
  for (let i = 0; i < options.repeat; i++) {
    const result = await playOnce(suite, rule, options, i, shared);
    if (result.verdict === "fail") failed++;
    // The first failure is told; without one, the last play.
    if (shown === undefined || shown.verdict !== "fail") shown = result;
  }
  return { ...shown!, ms: Math.round(performance.now() - began), failed, played: options.repeat };
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
  const choice = new Choice(hash(`${options.seed} ${rule.id} ${round}`));
  const place = suite.rules.findIndex(({ id }) => id === rule.id);
  const values = valuesOf(choice, options.accounts, target, suite.hasOneAccount === true, place);
  const play = new Play(rule.steps, values, { ...timesOf(options, target, pace), isPaced: suite.isPaced === true });
  const network = new Network(options.network, new Choice(hash(`${options.seed} ${rule.id} ${round} network`)));
  const runner = new PlayRunner(play, target, network, suite.side === "server", meter, options.credentials?.());
  await runner.run();
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

/**
 * The values of a play; `place` is the place of its rule. A server that runs already may not have noticed yet that the persons of
 * the rule before have left, so that the next rule is played with others.
 */
function valuesOf(
  choice: Choice,
  given: readonly Account[],
  target: Target,
  hasOneAccount: boolean,
  place: number,
): Values {
  const values = new Values([["host", target.host], ["elsewhere", ELSEWHERE], ["nobody", "zoe"], [
    "nobody.password",
    "secret",
  ]]);
  const accounts = hasOneAccount ? given.slice(0, -1) : given;
  const own = given.at(-1);
  if (hasOneAccount && own) {
    values.set("account", own.name);
    values.set("account.password", own.password);
  }
  // A server that runs keeps the names of the rules before, and the keys that they belong to.
  const fresh = hasOneAccount && !target.command ? `-${crypto.randomUUID().slice(0, 6)}` : "";
  const chosen = target.command ? choice.shuffled(accounts) : rotated(accounts, place * PERSONS.length);
  for (const [i, person] of PERSONS.entries()) {
    const account = chosen[i];
    if (!account) break;
    values.set(person, account.name + fresh);
    values.set(`${person}.password`, account.password);
  }
  for (const name of ["text", "text2", "text3"]) values.set(name, chosenText(choice));
  // A server that runs already may still have the room of another rule.
  for (const name of ["room", "room2"]) values.set(name, `${name}${choice.below(1_000_000)}`);
  values.set("data", target.data);
  if (target.port > 0) values.set("port", String(target.port));
  return values;
}

function rotated<T>(values: readonly T[], by: number): T[] {
  return values.map((_, i) => values[(i + by) % values.length]!);
}

/** FNV-1a. */
function hash(text: string): number {
  let sum = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
  return sum >>> 0;
}

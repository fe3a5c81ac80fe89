import type { Rule, Suite, Verdict } from "./rule.ts";
import type { RuleResult } from "./run.ts";

/** The result of a suite for one program. */
export interface CheckReport {
  readonly suite: Suite;
  /** What was tested: HOST:PORT, or the command. */
  readonly target: string;
  readonly seed: number;
  /** In the order of the suite. */
  readonly results: readonly RuleResult[];
  /** Rules whose results the student sees only after the due date. */
  readonly isHidden: (rule: Rule) => boolean;
  /** The command line that plays one rule again. */
  readonly again: (rule: Rule) => string;
}

export const VERDICTS: readonly Verdict[] = ["pass", "weak", "fail", "info", "blocked"];

/** How many rules have each verdict. */
export function countsOf(results: readonly RuleResult[]): Readonly<Record<Verdict, number>> {
  const counts: Record<Verdict, number> = { pass: 0, weak: 0, fail: 0, info: 0, blocked: 0 };
  for (const { verdict } of results) counts[verdict]++;
  return counts;
}

/** The points that were reached, and those that could be. */
export function pointsOf(results: readonly RuleResult[]): { readonly points: number; readonly of: number } {
  return {
    points: results.reduce((sum, { points }) => sum + points, 0),
    of: results.reduce((sum, { rule }) => sum + rule.points, 0),
  };
}

/** Whether a verdict counts as kept. */
export function isKept(verdict: Verdict): boolean {
  return verdict === "pass" || verdict === "weak" || verdict === "info";
}

/** The results by section of the handout, in order. */
export function bySection({ suite, results }: CheckReport): [title: string, results: RuleResult[]][] {
  const sections = new Map<string, RuleResult[]>();
  for (const result of results) {
    const [, section = ""] = result.rule.id.split("/");
    const title = `${section}. ${suite.sections[section] ?? ""}`;
    sections.set(title, [...sections.get(title) ?? [], result]);
  }
  return [...sections];
}

/** What is weak, by what is weak about it: the rules that this one note stands at, those with other notes by themselves. */
export function weakByNote(results: readonly RuleResult[]): Map<string, RuleResult[]> {
  const found = new Map<string, RuleResult[]>();
  for (const result of results) {
    if (result.verdict !== "weak" || result.failure) continue;
    const note = result.notes.join("; ");
    found.set(note, [...found.get(note) ?? [], result]);
  }
  return found;
}

/** What has failed that blocked rules need. */
export function neededByBlocked(results: readonly RuleResult[]): RuleResult[] {
  return [...new Set(results.flatMap(({ blockedBy }) => blockedBy?.verdict === "fail" ? [blockedBy] : []))];
}

/** The same, of the rules that `--only` and `--skip` leave out. */
export function neededBesides(results: readonly RuleResult[]): RuleResult[] {
  return neededByBlocked(results).filter((needed) => !results.includes(needed));
}

/** How many rules were not judged, by what was not there to play them with. */
export function unjudgedByLack(results: readonly RuleResult[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { lacks } of results) if (lacks !== undefined) counts.set(lacks, (counts.get(lacks) ?? 0) + 1);
  return counts;
}

/** The last line: `55 passed, 2 weak, 4 failed, 3 noted, 1 blocked: 61 of 70 points`. */
export function summary(results: readonly RuleResult[]): string {
  const words: Record<Verdict, string> = {
    pass: "passed",
    weak: "weak",
    fail: "failed",
    info: "noted",
    blocked: "blocked",
  };
  const counts = countsOf(results);
  const parts = VERDICTS.filter((verdict) => counts[verdict] > 0).map((verdict) =>
    `${counts[verdict]} ${words[verdict]}`
  );
  const { points, of } = pointsOf(results);
  return `${parts.join(", ") || "no rule was played"}: ${points} of ${of} points`;
}

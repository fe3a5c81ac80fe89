import type { CheckReport } from "../report.ts";
import { csv } from "../reports/graders.ts";
import type { Suite } from "../rule.ts";
import { TOO_BUSY } from "../run.ts";

/** The result of one rule for one submission, as in the JSON report. */
interface RuleOutcome {
  readonly id: string;
  readonly title: string;
  readonly verdict: string;
  readonly points: number;
  readonly of: number;
  readonly expected?: string;
  readonly got?: string;
  readonly notes?: readonly string[];
}

/** The result of one submission for one check. */
export interface Outcome {
  readonly submission: string;
  readonly rules: readonly RuleOutcome[];
  /** What the matrix says beside it: that it was not played again, or could not be. */
  readonly remark?: string | undefined;
}

/** Characters of a remark: a program's last words may be long. */
const MAX_REMARK = 160;

export function outcomeOf(submission: string, { results }: Pick<CheckReport, "results">): Outcome {
  const rules = results.map(({ rule, verdict, points, failure, notes }) => ({
    id: rule.id,
    title: rule.title,
    verdict,
    points,
    of: rule.points,
    ...(failure && { expected: failure.expected, got: failure.got }),
    notes,
  }));
  return { submission, rules };
}

/** Why a submission that keeps no rule does not: what the first rule that failed says; undefined where one is kept. */
export function whyNothing({ rules }: Outcome): string | undefined {
  const failed = rules.find(({ verdict }) => verdict === "fail");
  if (!failed || sum(rules.map(({ points }) => points)) > 0) return undefined;
  const { id, got = failed.notes?.join("; ") ?? "" } = failed;
  return `${id}: ${got.length > MAX_REMARK ? `${got.slice(0, MAX_REMARK)}…` : got}`;
}

/** How many rules the machine was too busy to judge, and what is to be done about it; undefined where there is none. */
export function whyUnjudged({ results }: Pick<CheckReport, "results">): string | undefined {
  const count = results.filter(({ notes }) => notes.includes(TOO_BUSY)).length;
  if (count === 0) return undefined;
  return `${
    count === 1 ? "1 rule was" : `${count} rules were`
  } not judged: this machine was too busy; run the check again`;
}

/**
 * Reads a report that an earlier run has written for the same submission. Undefined where it is another, is not whole, or has a
 * rule that the machine was too busy to judge.
 */
export function readOutcome(submission: string, text: string, fingerprint: string): Outcome | undefined {
  try {
    const given = JSON.parse(text);
    if (given.fingerprint !== fingerprint || !Array.isArray(given.rules)) return undefined;
    const isJudged = given.rules.every(({ notes }: { notes?: string[] }) => !notes?.includes(TOO_BUSY));
    return isJudged ? { submission, rules: given.rules } : undefined;
  } catch {
    return undefined;
  }
}

/** The seed of an earlier run's report. */
export function seedIn(text: string): number | undefined {
  const found = /^ {2}"seed": (\d+),$/m.exec(text);
  return found ? Number(found[1]) : undefined;
}

/** The sections that have rules, by their number. */
export function sectionsOf({ sections }: Suite, ids: readonly string[]): string[] {
  return Object.keys(sections).filter((section) => ids.some((id) => sectionOf(id) === section));
}

/** The points of a section, as `20/22`; empty where nothing of it was played. */
function score(rules: readonly RuleOutcome[]): string {
  const of = sum(rules.map((rule) => rule.of));
  return rules.length === 0 ? "" : `${sum(rules.map(({ points }) => points))}/${of}`;
}

const CELL = 7;
const NAME = 20;

/** The head of a matrix: a column a section. */
export function matrixHead(sections: readonly string[]): string {
  return `${"submission".padEnd(NAME)} ${"points".padEnd(CELL + 1)} ${cells(sections)}`.trimEnd();
}

/** A line of the matrix. */
export function matrixLine({ submission, rules, remark }: Outcome, sections: readonly string[]): string {
  const name = submission.length > NAME ? `${submission.slice(0, NAME - 1)}…` : submission.padEnd(NAME);
  const scores = sections.map((section) => score(rules.filter(({ id }) => sectionOf(id) === section)));
  const row = `${name} ${score(rules).padEnd(CELL + 1)} ${cells(scores)}`.trimEnd();
  return remark === undefined ? row : `${row}  (${remark})`;
}

/** A line a submission, a column a section, for a spreadsheet. */
export function pointsCsv(suite: Suite, sections: readonly string[], outcomes: readonly Outcome[]): string {
  const head = ["submission", "points", "of", ...sections.map((section) => `${section}. ${suite.sections[section]}`)];
  const rows = outcomes.map(({ submission, rules }) => [
    submission,
    String(sum(rules.map(({ points }) => points))),
    String(sum(rules.map(({ of }) => of))),
    ...sections.map((section) =>
      String(sum(rules.filter(({ id }) => sectionOf(id) === section).map((rule) => rule.points)))
    ),
  ]);
  return csv([head, ...rows]);
}

/** The rows of `--csv`, for every submission. */
export function rulesCsv(outcomes: readonly Outcome[]): string {
  const rows = outcomes.flatMap(({ submission, rules }) =>
    rules.map(({ id, title, verdict, points, of, expected = "", got, notes = [] }) => [
      submission,
      id,
      title,
      verdict,
      String(points),
      String(of),
      expected,
      got ?? notes.join("; "),
    ])
  );
  return csv([["target", "rule", "title", "verdict", "points", "of", "expected", "got"], ...rows]);
}

function cells(values: readonly string[]): string {
  return values.map((value) => value.padEnd(CELL)).join(" ");
}

function sectionOf(id: string): string {
  return id.split("/")[1] ?? "";
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

import type { CheckReport } from "../report.ts";
import { isKept, pointsOf, summary } from "../report.ts";
import type { RuleResult } from "../run.ts";
import { headline, story } from "../story.ts";

const COLUMNS = 90;

/** The `results.json` of a Gradescope autograder. A rule of the rubric that is hidden is shown after the due date. */
export function gradescopeReport(report: CheckReport): string {
  const { results, isHidden } = report;
  return json({
    output: summary(results),
    execution_time: Math.round(results.reduce((sum, { ms }) => sum + ms, 0) / 1000),
    tests: results.map((result) => ({
      name: `${result.rule.id} ${result.rule.title}`,
      number: result.rule.id.split("/").slice(1).join("."),
      score: result.points,
      max_score: result.rule.points,
      status: isKept(result.verdict) ? "passed" : "failed",
      output: outputOf(report, result),
      visibility: isHidden(result.rule) ? "after_due_date" : "visible",
    })),
  });
}

/** What a Classroom 50 runner hands to its grader in the environment. */
export interface ClassroomRun {
  readonly classroom: string;
  readonly assignment: string;
  readonly submission: string;
  readonly commit: string;
  readonly release: string;
  readonly review: string;
  /** ISO 8601, in whole seconds. */
  readonly datetime: string;
}

/** The `result.json` of a Classroom 50 autograder (classroom50/result/v1); its scores are whole numbers. */
export function classroomReport(report: CheckReport, run: ClassroomRun): string {
  const { points, of } = pointsOf(report.results);
  return json({
    schema: "classroom50/result/v1",
    ...run,
    score: points,
    "max-score": of,
    tests: report.results.filter(({ rule }) => rule.points > 0).map(({ rule, verdict, points }) => ({
      "test-name": `${rule.id} ${rule.title}`,
      passed: isKept(verdict),
      score: points,
      "max-score": rule.points,
    })),
  });
}

/** One line a rule, for a spreadsheet. */
export function csvReport({ target, results }: CheckReport): string {
  const rows = results.map(({ rule, verdict, points, failure, notes }) => [
    target,
    rule.id,
    rule.title,
    verdict,
    String(points),
    String(rule.points),
    failure?.expected ?? "",
    failure?.got ?? notes.join("; "),
  ]);
  return csv([["target", "rule", "title", "verdict", "points", "of", "expected", "got"], ...rows]);
}

/**
 * Comma-separated values; a cell that a spreadsheet would take for a formula begins with an apostrophe. Not by `@std/csv`, which
 * leaves a lone carriage return outside quotes.
 */
export function csv(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => row.map(cell).join(",") + "\r\n").join("");
}

function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function outputOf(report: CheckReport, result: RuleResult): string {
  if (result.verdict === "fail") return story(result, { again: report.again(result.rule), columns: COLUMNS });
  return [headline(result, COLUMNS), ...result.notes].join("\n");
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2) + "\n";
}

import { sanitized } from "../core/text.ts";
import type { Failure } from "./expectations.ts";
import type { RuleResult } from "./run.ts";
import { type Seen, seenText } from "./transcript.ts";

/** How a story is told. */
export interface StoryOptions {
  /** The command line that plays the rule again. */
  readonly again: string;
  /** Columns of the terminal. */
  readonly columns: number;
}

const INDENT = "     ";
/** Of a long script, the beginning and what came last before the failure. */
const FIRST = 4;
const LAST = 9;
/** Characters of an entry, and of what was expected and what came, around where they differ. */
const MAX_TEXT = 200;
const BEFORE = 60;

/**
 * A failure as a story: the sentence, what happened, what was expected, what came, and the usual cause. Of a rule that has failed
 * since what is weak counts, the notes say what that is.
 */
export function story(result: RuleResult, { again, columns }: StoryOptions): string {
  const { rule, failure, transcript, notes } = result;
  const lines = [
    headline(result, columns),
    `${INDENT}The handout: "${rule.quote}"`,
    ...transcriptLines(transcript),
    ...(failure ? comparison(failure) : []),
    ...notes.map((note) => `${INDENT}note      ${note}`),
    `${INDENT}Why it matters: ${rule.why}`,
    `${INDENT}Usual cause: ${rule.cause}`,
    `${INDENT}Again: ${again}`,
  ];
  // What the program said is visible already; a command line and a name may hold anything.
  return lines.map(sanitized).join("\n");
}

export function headline({ rule, verdict, failed, played }: RuleResult, columns: number): string {
  const often = played > 1 && failed > 0 ? ` (${failed} of ${played} times)` : "";
  const left = `${verdict.toUpperCase().padEnd(4)} ${rule.id}  ${rule.title}${often}`;
  const points = rule.points === 0 ? "" : rule.points === 1 ? "1 point" : `${rule.points} points`;
  return points === "" ? left : `${left.padEnd(Math.max(0, columns - points.length - 1))} ${points}`;
}

/** What went over the wire, one line each; of a long script the beginning and the end. */
export function transcriptLines(transcript: readonly Seen[]): string[] {
  const shown = transcript.map((seen, i) => {
    const arrow = seen.way === "out" ? "→" : seen.way === "in" ? "←" : " ";
    const said = seenText(seen, MAX_TEXT);
    const text = seen.way === "event" ? `(${said})` : said;
    return `${INDENT}${String(i + 1).padStart(3)}  ${seen.who.padEnd(8)} ${seen.link.padEnd(6)} ${arrow}  ${text}`;
  });
  if (shown.length <= FIRST + LAST) return shown;
  return [...shown.slice(0, FIRST), `${INDENT}  …`, ...shown.slice(-LAST)];
}

/** What was expected, what came, and a mark where they first differ. */
export function comparison(failure: Failure): string[] {
  const { where } = failure;
  const { at, mark, expected, got } = compared(failure);
  return [
    `${INDENT}expected  ${where}: ${expected}`,
    `${INDENT}got       ${where}: ${got}`,
    ...(at === 0 ? [] : [`${INDENT}${" ".repeat("expected  ".length + where.length + 2 + mark)}^ here they differ`]),
  ];
}

/** What was expected and what came, of long texts what stands around the place where they first differ; where that is in them. */
export function compared(
  { expected, got, isUnexpected, isDescribed }: Failure,
): { expected: string; got: string; at: number; mark: number } {
  // What is told of something that did not come is no text to compare.
  const at = !isUnexpected || isDescribed ? 0 : difference(expected, got) ?? 0;
  const start = expected.length > MAX_TEXT && got.length > MAX_TEXT ? Math.max(0, at - BEFORE) : 0;
  return { expected: part(expected, start), got: part(got, start), at, mark: at - start + (start > 0 ? 1 : 0) };
}

function part(text: string, start: number): string {
  const isCut = text.length > start + MAX_TEXT;
  const shown = text.slice(start, isCut ? start + MAX_TEXT : undefined);
  return `${start > 0 ? "…" : ""}${shown}${isCut ? `… (${text.length} characters in all)` : ""}`;
}

/** Where two texts first differ; undefined when they are equal. */
export function difference(expected: string, got: string): number | undefined {
  if (expected === got) return undefined;
  let i = 0;
  while (i < expected.length && i < got.length && expected[i] === got[i]) i++;
  return i;
}

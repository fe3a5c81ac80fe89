import { visibleBytes } from "../core/wire_text.ts";
import { sanitized } from "../core/text.ts";
import type { RuleResult } from "./run.ts";
import type { Seen } from "./transcript.ts";

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

/** A failure as a story: the sentence, what happened, what was expected, what came, and the usual cause. */
export function story(result: RuleResult, { again, columns }: StoryOptions): string {
  const { rule, failure, transcript, notes } = result;
  if (!failure) return "";
  const lines = [
    headline(result, columns),
    `${INDENT}The handout: "${rule.quote}"`,
    ...transcriptLines(transcript),
    `${INDENT}expected  ${failure.where}: ${failure.expected}`,
    `${INDENT}got       ${failure.where}: ${failure.got}`,
    ...marker(failure.where, failure.expected, failure.got),
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
    const text = seen.way === "event" ? `(${visibleBytes(seen.bytes)})` : visibleBytes(seen.bytes);
    return `${INDENT}${String(i + 1).padStart(3)}  ${seen.who.padEnd(8)} ${seen.link.padEnd(6)} ${arrow}  ${text}`;
  });
  if (shown.length <= FIRST + LAST) return shown;
  return [...shown.slice(0, FIRST), `${INDENT}  …`, ...shown.slice(-LAST)];
}

/** Marks where two texts first differ; nothing when one is no text that came. */
function marker(where: string, expected: string, got: string): string[] {
  const at = difference(expected, got);
  if (at === undefined || at === 0) return [];
  return [`${INDENT}${" ".repeat("expected  ".length + where.length + 2 + at)}^ here they differ`];
}

/** Where two texts first differ; undefined when they are equal. */
export function difference(expected: string, got: string): number | undefined {
  if (expected === got) return undefined;
  let i = 0;
  while (i < expected.length && i < got.length && expected[i] === got[i]) i++;
  return i;
}

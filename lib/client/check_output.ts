import { blue, bold, dim, green, red, yellow } from "@std/fmt/colors";
import type { CheckPlan } from "../check/command_line.ts";
import { neededBesides, neededByBlocked, summary, unjudgedByLack, weakByNote } from "../check/report.ts";
import type { Rule, Verdict } from "../check/rule.ts";
import type { RuleResult } from "../check/run.ts";
import { comparison, headline, story, transcriptLines } from "../check/story.ts";
import { sanitized } from "../core/text.ts";
import { print, printError } from "../terminal/print.ts";

const COLUMNS = 100;
const PLAIN = (text: string) => text;
const COLOURS: Readonly<Record<Verdict, (text: string) => string>> = {
  pass: green,
  weak: yellow,
  fail: (text) => bold(red(text)),
  info: blue,
  blocked: dim,
};

/** The view of `client check` while it plays, by the kind of its output. */
export interface CheckScreen {
  /** Standard output has a report; results go nowhere, and the last line to standard error. */
  readonly isPiped: boolean;
  readonly hasColours: boolean;
  /** A line of progress that is written over. */
  readonly hasProgress: boolean;
}

/**
 * Shows results in the order of the rules, however they come.
 *
 * On a terminal a line of progress stands under them, and the verdicts have colours.
 */
export class CheckOutput {
  /** By the rule's id. */
  readonly #results = new Map<string, RuleResult>();
  #shown = 0;
  #failed = 0;

  constructor(
    readonly rules: readonly Rule[],
    readonly show: CheckPlan["show"],
    readonly again: (rule: Rule) => string,
    readonly screen: CheckScreen,
  ) {}

  result(result: RuleResult): void {
    this.#results.set(result.rule.id, result);
    if (result.verdict === "fail") this.#failed++;
    this.clear();
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.#shown++;
      const text = this.#told(next);
      if (text !== undefined && !this.screen.isPiped) print(`${text}\n`);
    }
    if (!this.screen.hasProgress) return;
    const failed = this.#failed === 0 ? "" : `, ${this.#failed} failed`;
    printError(`${this.#results.size} of ${this.rules.length} rules${failed}`);
  }

  end(results: readonly RuleResult[], seed: number): void {
    this.clear();
    if (!this.screen.isPiped && this.show === "failures") print(this.#weak(results));
    if (!this.screen.isPiped && this.show !== "summary") {
      print(this.#neededText(results) + blockedText(results) + unjudgedText(results));
    }
    const last = `${summary(results)} (seed ${seed})\n`;
    if (this.screen.isPiped) printError(last);
    else print(last);
  }

  /** Takes the line of progress away. */
  clear(): void {
    if (this.screen.hasProgress) printError("\r\x1b[K");
  }

  #next(): RuleResult | undefined {
    const rule = this.rules[this.#shown];
    return rule && this.#results.get(rule.id);
  }

  #told(result: RuleResult): string | undefined {
    if (this.show === "summary") return undefined;
    const { rule, verdict, notes, transcript, failure } = result;
    const paint = this.screen.hasColours ? COLOURS[verdict] : PLAIN;
    const coloured = (text: string) => text.replace(/^[A-Z]+/, paint);
    if (verdict === "fail") {
      return coloured(story(result, { again: this.again(rule), columns: COLUMNS })) + "\n";
    }
    // What is weak in the same way, or was not played, is told together at the end.
    const isTogether = verdict === "blocked" || result.lacks !== undefined || verdict === "weak" && !failure;
    if (this.show === "failures" && (isTogether || verdict === "pass" && notes.length === 0)) return undefined;
    const steps = this.show === "all" && verdict === "weak" ? transcriptLines(transcript) : [];
    const compared = verdict === "weak" && failure ? comparison(failure).map(sanitized) : [];
    const lines = [coloured(headline(result, COLUMNS)), ...steps, ...compared];
    return [...lines, ...notes.map((note) => `     ${sanitized(note)}`)].join("\n");
  }

  /** The stories of rules that --only and --skip leave out, and that must be kept before blocked ones can be played. */
  #neededText(results: readonly RuleResult[]): string {
    return neededBesides(results).map((needed) => `${this.#told(needed)}\n`).join("");
  }

  #weak(results: readonly RuleResult[]): string {
    const paint = this.screen.hasColours ? COLOURS.weak : PLAIN;
    return [...weakByNote(results)].map(([note, each]) => {
      const ids = each.map(({ rule }) => rule.id);
      return `${paint("WEAK")} ${sanitized(note)}: ${counted(ids.length, "rule")}\n${wrapped(ids)}\n`;
    }).join("");
  }
}

function blockedText(results: readonly RuleResult[]): string {
  const needed = neededByBlocked(results);
  if (needed.length === 0) return "";
  const count = results.filter(({ verdict }) => verdict === "blocked").length;
  const were = count === 1
    ? "1 rule was not played, since it needs"
    : `${count} rules were not played, since they need`;
  return `${were} ${needed.map(({ rule }) => rule.id).join(", ")}\n`;
}

function unjudgedText(results: readonly RuleResult[]): string {
  return [...unjudgedByLack(results)].map(([lack, count]) =>
    `${
      count === 1 ? "1 rule was not judged, since it needs" : `${count} rules were not judged, since they need`
    } ${lack}\n`
  ).join("");
}

function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`;
}

/** Words in lines of the terminal. */
function wrapped(words: readonly string[]): string {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < COLUMNS) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`     ${word}`);
  }
  return lines.join("\n");
}

import { blue, bold, dim, green, red, yellow } from "@std/fmt/colors";
import type { CheckPlan } from "../check/command_line.ts";
import { summary } from "../check/report.ts";
import type { Rule, Verdict } from "../check/rule.ts";
import type { RuleResult } from "../check/run.ts";
import { headline, story, transcriptLines } from "../check/story.ts";
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

/** What `client check` shows while it plays, where its output goes. */
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
  readonly #results = new Map<Rule, RuleResult>();
  #shown = 0;
  #failed = 0;

  constructor(
    readonly rules: readonly Rule[],
    readonly show: CheckPlan["show"],
    readonly again: (rule: Rule) => string,
    readonly screen: CheckScreen,
  ) {}

  result(result: RuleResult): void {
    this.#results.set(result.rule, result);
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
    return rule && this.#results.get(rule);
  }

  #told(result: RuleResult): string | undefined {
    if (this.show === "summary") return undefined;
    const { rule, verdict, notes, transcript } = result;
    const paint = this.screen.hasColours ? COLOURS[verdict] : PLAIN;
    const coloured = (text: string) => text.replace(/^[A-Z]+/, paint);
    if (verdict === "fail") {
      return coloured(story(result, { again: this.again(rule), columns: COLUMNS })) + "\n";
    }
    if (this.show === "failures" && (verdict === "blocked" || verdict === "pass" && notes.length === 0)) {
      return undefined;
    }
    const steps = this.show === "all" && verdict === "weak" ? transcriptLines(transcript) : [];
    return [coloured(headline(result, COLUMNS)), ...steps, ...notes.map((note) => `     ${sanitized(note)}`)].join(
      "\n",
    );
  }
}

import { visibleBytes, visibleEnds } from "../core/wire_text.ts";
import { concat } from "@std/bytes/concat";
import { decodeLossy } from "../core/text.ts";
import { type Expected, match } from "./match.ts";
import type { PlayLink, PlayLinks } from "./play_links.ts";
import { JsonShape } from "./json_shape.ts";
import type { PlayTimes } from "./play_times.ts";
import type { ProgramTime } from "./program_time.ts";
import type { Expectation, LinkName } from "./step.ts";
import type { Values } from "./values.ts";

/** Why a script did not come to its end. */
export interface Failure {
  readonly step: number;
  /** The link, or the person for what a program does. */
  readonly where: string;
  readonly expected: string;
  readonly got: string;
  /** What came, and not what did not come, is wrong. */
  readonly isUnexpected: boolean;
  /** `expected` describes a text and is not that text: where the two first differ says nothing. */
  readonly isDescribed?: boolean;
}

const LF = 10;
/** What is expected where nothing should come. */
export const NOTHING = "nothing";

/** What the expectations of a step say about what has come. */
export interface Judged {
  readonly isMet: boolean;
  /** What was met just now, but not as the handout says. */
  readonly weak: readonly string[];
  readonly failure: Omit<Failure, "step"> | undefined;
  /** Something seems to be late: whether the machine was, must be known first. */
  readonly needsMeasure: boolean;
}

/** The expectations of one step: all must be met, in any order; on one link, line by line. */
export class Expectations {
  #pending: Expected[] = [];
  /** When what is expected came, by the clock, where it seems to have come late. */
  #cameAt = new Map<Expected, number>();
  #needsMeasure = false;
  #isUnsure = false;
  /** When their times began, as the program has it. */
  #since = 0;
  /** The same by the clock. */
  #beganAt = 0;

  constructor(
    readonly links: PlayLinks,
    readonly values: Values,
    readonly times: PlayTimes,
    readonly time: ProgramTime,
  ) {}

  /** Something came after a time limit that holds by the clock, but the machine was late. */
  get isUnsure(): boolean {
    return this.#isUnsure;
  }

  /** How much longer than usual they may take. */
  get moreMs(): number {
    return Math.max(0, ...this.#pending.map(({ more = 0 }) => more));
  }

  /** Their times begin now. */
  restart(now: number): void {
    this.#since = this.time.at(now);
    this.#beganAt = now;
  }

  begin(all: readonly Expectation[], now: number): void {
    this.restart(now);
    this.#cameAt = new Map();
    this.#pending = all.map((each) => ({
      ...each,
      is: this.values.fillPattern(each.is),
      isFixed: typeof each.is === "string" && !each.is.includes("{"),
      without: each.without && this.values.fillText(each.without),
      ...(each.words && { words: this.values.fill(each.words) }),
      weak: (each.weak ?? []).map(([pattern, why]) => [this.values.fillText(pattern), why] as const),
    }));
  }

  /** `exitOf` says how the program of a person has ended, if it has. */
  judge(isLate: boolean, exitOf: (who: string) => string | undefined): Judged {
    const weak: string[] = [];
    this.#needsMeasure = false;
    const judged = (failure?: Omit<Failure, "step">): Judged => ({
      needsMeasure: this.#needsMeasure,
      isMet: failure === undefined && this.#pending.length === 0,
      weak,
      failure,
    });
    for (let isMoved = true; isMoved;) {
      isMoved = false;
      for (const link of new Set(this.#pending.map((each) => each.link))) {
        const found = this.#judgeLink(link, weak);
        if (typeof found === "object") return judged(found);
        isMoved ||= found;
      }
    }
    const [first] = this.#pending;
    if (first === undefined || this.#needsMeasure) return judged();
    const link = this.links.get(first.link);
    const failed = (got: string) =>
      judged({ where: first.link, expected: expectedText(first), got, isUnexpected: false });
    const exit = exitOf(first.link.split(" ")[0]!);
    if (exit !== undefined && (link.hasEnded || !link.isOpen)) return failed(exit);
    if (link.hasEnded) return failed(endText(link));
    return isLate ? failed(nothingText(link, this.time.confirmedAt - this.#since)) : judged();
  }

  /** Judges what a link holds: whether something was taken from it, or what is wrong. */
  #judgeLink(name: LinkName, weak: string[]): boolean | Omit<Failure, "step"> {
    const link = this.links.get(name);
    const mine = this.#pending.filter((each) => each.link === name);
    let wrong: { got: string; expected: Expected } | undefined;
    for (const expected of mine) {
      const found = match(link.unread(this.time.confirmedAt, this.times.settleMs), expected);
      if (found.result === "more") return false;
      if (found.result === "wrong") {
        wrong ??= { ...found, expected };
        continue;
      }
      const lateMs = this.#lateMs(expected, link);
      if (lateMs === undefined) return false;
      if (expected.keep !== undefined) this.values.set(expected.keep, decodeLossy(link.pieces[0]!));
      link.take(found.used);
      this.#pending.splice(this.#pending.indexOf(expected), 1);
      for (const [group, value] of Object.entries(found.groups ?? {})) this.values.set(group, value);
      if (lateMs > 0) {
        const got = `it came ${lateMs < 1000 ? `${Math.ceil(lateMs)} ms` : `${(lateMs / 1000).toFixed(1)} s`} late`;
        return { where: name, expected: expectedText(expected), got, isUnexpected: false };
      }
      if (expected.more === undefined) this.times.pace.answered(link.lastTime - this.#since);
      if (found.weak) weak.push(found.weak);
      return true;
    }
    if (!wrong) return false;
    if (link.isDatagrams && wrong.expected.in === "text") {
      link.take(1);
      return true;
    }
    const expected = mine.map(expectedText).join(" or ");
    const isDescribed = mine.length > 1 || wrong.expected.words !== undefined || wrong.expected.is instanceof RegExp;
    return { where: name, expected, got: wrong.got, isUnexpected: true, ...(isDescribed && { isDescribed }) };
  }

  /** How much too late it has come; undefined while it is not known whether the machine was late. */
  #lateMs(expected: Expected, { lastAt }: PlayLink): number | undefined {
    const { more = 0, most = Infinity } = expected;
    const cameAt = this.#cameAt.get(expected) ?? lastAt;
    const limitMs = Math.min(this.times.pace.answerMs + more, most);
    const lateMs = this.time.at(cameAt) - this.#since - limitMs;
    if (lateMs > 0 && this.time.measuredAt < cameAt) {
      this.#cameAt.set(expected, cameAt);
      this.#needsMeasure = true;
      return undefined;
    }
    // The handout's other time limit is the program's own, by the clock.
    if (lateMs <= 0 && cameAt - this.#beganAt > most) this.#isUnsure = true;
    return lateMs;
  }
}

/** What has come instead of an answer. */
export function nothingText({ pieces }: PlayLink, ms: number): string {
  if (pieces.length === 0) return `nothing within ${Math.round(ms)} ms`;
  const bytes = concat(pieces);
  if (bytes.at(-1) === LF) return `only this within ${Math.round(ms)} ms: ${visibleBytes(bytes)}`;
  return `${bytes.length} bytes without a line end within ${Math.round(ms)} ms: ${visibleBytes(bytes)}`;
}

function endText({ pieces }: PlayLink): string {
  if (pieces.length === 0) return "the connection is closed";
  return `${visibleBytes(concat(pieces))}, then the connection is closed`;
}

function expectedText({ words, is: pattern }: Expected): string {
  if (words !== undefined) return visibleEnds(words);
  if (pattern instanceof Uint8Array) return `${pattern.length} bytes: ${visibleBytes(pattern)}`;
  if (pattern instanceof JsonShape) return pattern.toString();
  return typeof pattern === "string" ? visibleEnds(pattern) : patternText(pattern);
}

/** A pattern that is a text with gaps and a line end is shown as that text: not every student reads patterns. */
function patternText(pattern: RegExp): string {
  const [, begin = "", end = ""] = /^\^?(.*?)(\\r\?\\n|\\r\?\\n\?\$|\[\\r\\n\]\*|\$)?$/su.exec(pattern.source) ?? [];
  const text = begin.replace(/\[\^(\\n|\\\]|:)?\](\*|\{\d+,\d+\})/g, "…");
  const isText = !/[\\^$.*+?()[\]{}|]/.test(text.replace(/\\[/\\^$.*+?()[\]{}|]/g, ""));
  if (!isText) return `a text like ${pattern}`;
  return visibleEnds(text.replace(/\\([/\\^$.*+?()[\]{}|])/g, "$1") + (end === "\\r?\\n" ? "\n" : ""));
}

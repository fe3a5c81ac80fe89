import { assertEquals } from "@std/assert";
import type { Rule, Suite } from "../../lib/check/rule.ts";
import type { RuleResult } from "../../lib/check/run.ts";
import { story } from "../../lib/check/story.ts";
import { printError } from "../../lib/terminal/print.ts";
import { play, playedFaults, PLAYS_ALL } from "./check.ts";

/** A fault of a program, and the rules that find it. */
export type Faults = Readonly<Record<string, string>>;

export interface FaultPlay {
  /** Played against every fault, besides those that find it: one in this many rules of the suite, others each time. */
  readonly oneIn: number;
  /** Rules that take so long that they are played for their own faults alone; a prefix of their ids. */
  readonly alone?: string;
  /** What the program is given before the fault; the host and the port of the server unless it says otherwise. */
  readonly given?: readonly string[];
  /** How many faults are played at a time. */
  readonly atATime?: number;
  /** How many rules of a fault are played at a time. */
  readonly jobs?: number;
}

/** Plays the rules that find each fault, and others that must not. */
export async function playFaults(suite: Suite, program: string, all: Faults, how: FaultPlay): Promise<void> {
  const faults = playedFaults(all);
  const { oneIn, alone, given = ["{host}", "{port}"], atATime = 3, jobs = 4 } = how;
  const names = Object.keys(faults);
  const found: Record<string, string> = {};
  const told: Record<string, string> = {};
  let next = 0;
  const playNext = async () => {
    while (next < names.length) {
      const at = next++;
      const fault = names[at]!;
      const named = faults[fault]!.split(" ");
      const isPlayed = ({ id, level, longSeconds }: Rule, i: number) =>
        named.includes(id) ||
        level !== "open" && longSeconds === undefined && i % oneIn === at % oneIn && !(alone && id.startsWith(alone));
      const rules = suite.rules.filter(isPlayed).map((rule) => ({ ...rule, needs: neededOf(suite, rule, named) }));
      const results = await play(suite, ["python3", program, ...given, fault], {
        strict: true,
        jobs,
        timeoutMs: 3000,
        isLong: true,
      }, rules);
      found[fault] = results.filter(({ verdict }) => verdict === "fail").map(({ rule }) => rule.id).join(" ");
      told[fault] = results.map((result) => toldOf(result)).join("");
      // A run of all of them takes many minutes, and may be ended before its tests tell anything.
      if (PLAYS_ALL && found[fault] !== faults[fault]) printError(`\n${fault}: not as expected\n${told[fault]}`);
    }
  };
  await Promise.all(Array.from({ length: atATime }, playNext));
  const wrong = names.filter((name) => found[name] !== faults[name]);
  const differing = (of: Faults) => Object.fromEntries(wrong.map((name) => [name, of[name]]));
  assertEquals(differing(found), differing(faults), wrong.map((name) => `${name}:\n${told[name]}`).join("\n"));
}

/** Why a rule was not kept, or was not judged. */
function toldOf(result: RuleResult): string {
  const { verdict, rule, notes } = result;
  if (verdict === "blocked") return `${rule.id}: ${notes.join("; ")}\n`;
  return verdict === "fail" ? `${story(result, { again: "", columns: 100 })}\n` : "";
}

/** What a rule needs, directly or not, of the rules that find the fault; the others are kept, and need not be played. */
function neededOf(suite: Suite, { needs }: Rule, named: readonly string[]): string[] {
  const all = new Set(needs);
  for (const id of all) for (const more of suite.rules.find((rule) => rule.id === id)!.needs) all.add(more);
  return named.filter((id) => all.has(id));
}

/** The rules that no fault of the table breaks, but for those that are open. */
export function untripped(suite: Suite, faults: Readonly<Record<string, string | readonly string[]>>): string[] {
  const tripped = new Set(Object.values(faults).flatMap((ids) => typeof ids === "string" ? ids.split(" ") : ids));
  return suite.rules.filter(({ id, level }) => level !== "open" && !tripped.has(id)).map(({ id }) => id);
}

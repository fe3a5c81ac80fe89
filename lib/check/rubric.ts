import { UserError } from "../core/errors.ts";
import type { Rule } from "./rule.ts";

/** How a course values the rules. */
export interface Rubric {
  /** Points by rule, section or handout; the longest id counts. */
  readonly points: ReadonlyMap<string, number>;
  /** Rules, sections or handouts whose results are shown after the due date. */
  readonly hidden: readonly string[];
  /** How many rules the course expects to be played; undefined when it does not say. */
  readonly rules: number | undefined;
}

export const NO_RUBRIC: Rubric = { points: new Map(), hidden: [], rules: undefined };

const EXAMPLE = '{ "rules": 60, "points": { "im/4": 2, "im/4/1": 5 }, "hidden": ["im/9"] }';

/** Parses a rubric in JSON; throws a `UserError` that names the file. */
export function parseRubric(path: string, text: string): Rubric {
  const wrong = (what: string) => new UserError(`${path}: ${what}; for example: ${EXAMPLE}`);
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    throw wrong(`a rubric is JSON, and this is not: ${(error as Error).message}`);
  }
  if (typeof given !== "object" || given === null || Array.isArray(given)) throw wrong("a rubric is an object");
  const { points = {}, hidden = [], rules, ...more } = given as Record<string, unknown>;
  const [unknown] = Object.keys(more);
  if (unknown !== undefined) throw wrong(`"${unknown}" is none of rules, points and hidden`);
  if (rules !== undefined && !isCount(rules)) throw wrong(`"rules" is a whole number, not ${JSON.stringify(rules)}`);
  if (typeof points !== "object" || points === null) throw wrong('"points" is an object');
  for (const [id, value] of Object.entries(points)) {
    if (!isCount(value)) throw wrong(`the points of ${id} are a whole number, not ${JSON.stringify(value)}`);
  }
  if (!Array.isArray(hidden) || hidden.some((id) => typeof id !== "string")) throw wrong('"hidden" is a list of ids');
  return { points: new Map(Object.entries(points as Record<string, number>)), hidden, rules };
}

/** The rules with the points of the rubric. Throws a `UserError` for an id that no rule has, or another number of rules. */
export function applyRubric(path: string, rubric: Rubric, all: readonly Rule[], played: readonly Rule[]): Rule[] {
  for (const id of [...rubric.points.keys(), ...rubric.hidden]) {
    if (!all.some((rule) => isWithin(rule, id))) {
      throw new UserError(`${path}: no rule of this check is ${id} or in it`);
    }
  }
  if (rubric.rules !== undefined && rubric.rules !== played.length) {
    throw new UserError(
      `${path}: it is for ${rubric.rules} rules, and ${played.length} are played; look at \`client check --list\`, then change "rules"`,
    );
  }
  return played.map((rule) => {
    if (rule.level === "open") return rule;
    const [id] = [...rubric.points.keys()].filter((id) => isWithin(rule, id)).sort((a, b) => b.length - a.length);
    return id === undefined ? rule : { ...rule, points: rubric.points.get(id)! };
  });
}

/** Whether a rule is hidden until the due date. */
export function isHidden({ hidden }: Rubric, rule: Rule): boolean {
  return hidden.some((id) => isWithin(rule, id));
}

/** Whether a rule has the id, or stands in the section or handout of that id. */
export function isWithin({ id }: Pick<Rule, "id">, prefix: string): boolean {
  return id === prefix || id.startsWith(`${prefix}/`);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

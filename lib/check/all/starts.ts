import { UserError } from "../../core/errors.ts";
import { suggestion } from "../../core/suggestion.ts";
import type { Suite } from "../rule.ts";
import { SUITES } from "../suites.ts";

/** The file of this name in a submission says how this one is started, in place of the course's file. */
export const OWN_STARTS = "start.txt";

/** How the programs of a submission are started: a command by check, such as `im server`. */
export interface Starts {
  /** Run once in the copied folder, before the checks: a compiler, for one. */
  readonly prepare: readonly string[] | undefined;
  readonly commands: ReadonlyMap<string, readonly string[]>;
}

const EXAMPLE = 'for example "im server: python3 server.py {port} {users}"';

/** Reads lines `HANDOUT SIDE: COMMAND` and `prepare: COMMAND`; `#` begins a comment. Throws a `UserError` that names the line. */
export function parseStarts(path: string, text: string): Starts {
  const commands = new Map<string, readonly string[]>();
  let prepare: readonly string[] | undefined;
  for (const [i, given] of text.split("\n").entries()) {
    const line = given.trim();
    if (line === "" || line.startsWith("#")) continue;
    const wrong = (why: string) => new UserError(`${path}, line ${i + 1}: ${why}; ${EXAMPLE}`);
    const [, name, rest] = /^([\w -]+?)\s*:\s*(.*)$/.exec(line) ?? [];
    if (name === undefined) throw wrong(`"${line}" is not "HANDOUT SIDE: COMMAND"`);
    const key = name.replace(/\s+/g, " ");
    const words = wordsOf(rest!);
    if (words === undefined) throw wrong("a quote is not closed");
    if (words.length === 0) throw wrong(`${key} has no command`);
    if (commands.has(key) || key === "prepare" && prepare !== undefined) throw wrong(`${key} is given twice`);
    if (key === "prepare") prepare = words;
    else if (suiteNamed(key)) commands.set(key, words);
    else {
      const known = [...SUITES.map(nameOf), "prepare"];
      const meant = suggestion(key, known);
      throw wrong(
        `there is no check "${key}"; ${meant ? `did you mean "${meant}"?` : `known are ${known.join(", ")}`}`,
      );
    }
  }
  return { prepare, commands };
}

/** The course's commands, with those that a submission brings in place of them; what the course does not name is not played. */
export function withOwn(course: Starts, own: Starts): Starts {
  const commands = new Map([...course.commands].map(([key, words]) => [key, own.commands.get(key) ?? words]));
  return { prepare: own.prepare ?? course.prepare, commands };
}

/** The suites that a file of starts names, in the order of the handouts. */
export function suitesOf({ commands }: Starts): Suite[] {
  return SUITES.filter((suite) => commands.has(nameOf(suite)));
}

export function nameOf({ handout, side }: Suite): string {
  return `${handout} ${side}`;
}

function suiteNamed(name: string): Suite | undefined {
  return SUITES.find((suite) => nameOf(suite) === name);
}

/** Words between spaces; quotes keep spaces together. Undefined where a quote is not closed. */
function wordsOf(text: string): string[] | undefined {
  const words: string[] = [];
  let rest = text.trim();
  while (rest !== "") {
    const found = /^(?:'[^']*'|"[^"]*"|[^\s'"])+/.exec(rest)?.[0];
    if (found === undefined) return undefined;
    words.push(found.replace(/'([^']*)'|"([^"]*)"/g, (_, single, double) => single ?? double));
    rest = rest.slice(found.length);
    if (rest !== "" && !/^\s/.test(rest)) return undefined;
    rest = rest.trim();
  }
  return words;
}

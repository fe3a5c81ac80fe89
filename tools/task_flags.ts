import { UserError } from "../lib/core/errors.ts";
import { type Flags, type Option, optionHelp, readFlags, readNumber } from "../lib/terminal/flags.ts";
import { print, printError } from "../lib/terminal/print.ts";

const HELP: Option = { name: "help", help: "show this" };
const MOST = 1_000_000_000;

/** The command line of a development task. */
export interface TaskFlags extends Flags {
  /** The whole number that an option gives, or the usual one; 1 is the least unless told otherwise. */
  number(name: string, usual: number, min?: number): number;
}

/** Runs a step of reading the command line; a user's mistake ends the program with status 2. */
export function orUsageError<T>(task: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    printError(`deno task ${task}: ${error.message}\n`);
    Deno.exit(2);
  }
}

/** Reads the command line of `deno task NAME`; `--help` prints what it does, and its options, and ends the program. */
export function taskFlags(task: string, about: string, options: readonly Option[]): TaskFlags {
  return orUsageError(task, () => {
    const flags = readFlags(Deno.args, [...options, HELP]);
    if (flags.has("help")) {
      print(
        `deno task ${task}${options.length > 0 ? " [OPTION]..." : ""}\n\n${about}\n\n${
          optionHelp([...options, HELP])
        }\n`,
      );
      Deno.exit();
    }
    if (flags.words.length > 0) throw new UserError(`expected an option, found "${flags.words[0]}"; --help lists them`);
    const number = (name: string, usual: number, min = 1) => {
      const given = flags.value(name);
      return given === undefined ? usual : orUsageError(task, () => readNumber(`--${name}`, given, { min, max: MOST }));
    };
    return { ...flags, number };
  });
}

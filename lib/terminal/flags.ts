import { UserError } from "../core/errors.ts";
import { suggestion } from "../core/suggestion.ts";
import { parseArgs } from "@std/cli/parse-args";
import { type Limit, LIMITS, type Limits } from "../core/limits.ts";
import { formatBytes } from "../core/text.ts";

/** A command-line option: a switch, or one with a value. */
export interface Option {
  readonly name: string;
  /** The placeholder of the value in the help; an option without one is a switch. */
  readonly value?: string;
  readonly help: string;
}

/** A parsed command line. */
export interface Flags {
  readonly words: readonly string[];
  /** Whether a switch is set. */
  has(name: string): boolean;
  /** The value of an option, if it was given. */
  value(name: string): string | undefined;
  /** The names of the options that were given. */
  readonly given: readonly string[];
}

/** Parses a command line; throws a `UserError` for an unknown or misused option. */
export function readFlags(args: readonly string[], options: readonly Option[]): Flags {
  const switches = new Set(options.filter((option) => !option.value).map((option) => option.name));
  for (const given of args.slice(0, args.includes("--") ? args.indexOf("--") : undefined)) {
    const [, name, value] = /^--([^=]*)(=.*)?$/s.exec(given) ?? [];
    if (name === "_") throw new UserError(`unknown option --_; --help lists the options`);
    if (value !== undefined && switches.has(name!)) throw new UserError(`--${name} takes no value, found "${given}"`);
  }
  const parsed: Record<string, unknown> & { _: (string | number)[] } = parseArgs(withDashes(args, options), {
    string: ["_", ...options.filter((option) => option.value).map((option) => option.name)],
    boolean: options.filter((option) => !option.value).map((option) => option.name),
    alias: { help: "h", version: "V" },
    collect: options.filter((option) => option.value).map((option) => option.name),
    unknown: (given: string, key: string | undefined) => {
      if (key === undefined) return true;
      const name = given.replace(/=.*/, "");
      const meant = suggestion(name, options.map((option) => `--${option.name}`));
      throw new UserError(`unknown option ${name}; ${meant ? `did you mean ${meant}? ` : ""}--help lists the options`);
    },
  });
  for (const option of options) {
    if (!option.value) continue;
    const given = parsed[option.name] as string[];
    if (given.length > 1) throw new UserError(`--${option.name} is given ${given.length} times; it may be given once`);
    if (given[0] === "") throw new UserError(`--${option.name} needs a value: --${option.name} ${option.value}`);
  }
  return {
    words: parsed._.map(String),
    has: (name) => parsed[name] === true,
    value: (name) => (parsed[name] as string[])[0],
    given: options.map(({ name }) => name).filter((name) => [parsed[name]].flat().some((value) => value !== false)),
  };
}

/** The arguments with `--name -` as `--name=-`, since the parser takes a lone dash for a word. */
function withDashes(args: readonly string[], options: readonly Option[]): string[] {
  const valued = options.filter((option) => option.value).map((option) => `--${option.name}`);
  return args.flatMap((given, i) => {
    if (given === "-" && valued.includes(args[i - 1] ?? "")) return [];
    return [args[i + 1] === "-" && valued.includes(given) ? `${given}=-` : given];
  });
}

/** Parses a whole number within bounds; throws a `UserError` that names them. */
export function readNumber(what: string, given: string, { min, max }: { min: number; max: number }): number {
  const number = /^\d+$/.test(given) ? Number(given) : NaN;
  if (number >= min && number <= max) return number;
  throw new UserError(`${what} must be a whole number from ${min} to ${max}, not "${given}"`);
}

const SIZES: Readonly<Record<string, number>> = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 };

/** Parses a number of bytes within bounds, with or without a unit; throws a `UserError` that names them. */
export function readSize(what: string, given: string, { min, max }: { min: number; max: number }): number {
  const [, number = "", unit = "b"] = /^(\d+(?:\.\d+)?) ?([kmgt]?b)?$/i.exec(given) ?? [];
  const bytes = Math.floor(Number(number) * SIZES[unit.toLowerCase()]!);
  if (number !== "" && bytes >= min && bytes <= max) return bytes;
  throw new UserError(`${what} must be a size such as 500MB, from ${min} to ${max} bytes, not "${given}"`);
}

/** Parses a port; with `anyFree`, 0 is allowed and means any free one. */
export function readPort(given: string, anyFree: boolean, what = "the port"): number {
  return readNumber(what, given, { min: anyFree ? 0 : 1, max: 65535 });
}

/** An option for each limit. */
export function limitOptions(): Option[] {
  return limitEntries().map(({ option, limit }) => ({
    name: option,
    value: limit.isSize ? "SIZE" : "N",
    help: `${limit.why} (${limit.isSize ? formatBytes(limit.default) : limit.default})`,
  }));
}

/** The default of each limit, by the name of its option. */
export function limitDefaults(): Map<string, number> {
  return new Map(limitEntries().map(({ option, limit }) => [option, limit.default]));
}

/** The limits that the command line sets. */
export function readLimits(flags: Flags): Partial<Limits> {
  const given: Record<string, number> = {};
  for (const { name, option, limit } of limitEntries()) {
    const value = flags.value(option);
    if (value === undefined) continue;
    given[name] = (limit.isSize ? readSize : readNumber)(`--${option}`, value, limit);
  }
  return given as Partial<Limits>;
}

/** The options as two columns of help. */
export function optionHelp(options: readonly Option[]): string {
  return helpColumns(options.map(({ name, value, help }) => [value ? `--${name} ${value}` : `--${name}`, help]));
}

/** Labels and texts as two columns of help, at most `columns` wide. */
export function helpColumns(rows: readonly (readonly [label: string, text: string])[], columns = 80): string {
  const labels = rows.map(([label]) => `  ${label}`);
  const left = Math.max(...labels.map((label) => label.length)) + 2;
  return rows.map(([, text], index) => {
    const lines = wrapped(text, columns - left);
    return lines.map((line, i) => (i === 0 ? labels[index]! : "").padEnd(left) + line).join("\n");
  }).join("\n");
}

function limitEntries(): { name: string; option: string; limit: Limit }[] {
  return Object.entries(LIMITS).map(([name, limit]) => ({
    name,
    option: name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    limit,
  }));
}

function wrapped(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines[lines.length - 1]!;
    if (last !== "" && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines;
}

import { UserError } from "../core/errors.ts";
import { suggestion } from "../core/suggestion.ts";
import type { Flags, Option } from "./flags.ts";

/** Options that are set elsewhere than on the command line. */
export interface Settings {
  /** The values by the name of the option; a switch that is on is `true`. */
  readonly values: ReadonlyMap<string, string | true>;
  /** Where an option is set, as the user would look for it. */
  origin(name: string): string;
}

/** A command line together with other settings. */
export interface LayeredFlags extends Flags {
  /** Where an option is set; undefined: nowhere. */
  origin(name: string): string | undefined;
}

/** The variable of the environment that sets an option. */
export function variableOf(option: string): string {
  return `PARTYLINE_${option.toUpperCase().replaceAll("-", "_")}`;
}

/** The options that the environment sets; throws a `UserError` for a switch that is neither on nor off. */
export function environmentSettings(get: (name: string) => string | undefined, options: readonly Option[]): Settings {
  const values = new Map<string, string | true>();
  for (const { name, value } of options) {
    const given = get(variableOf(name));
    if (given === undefined || given === "") continue;
    if (value !== undefined) values.set(name, given);
    else if (given === "1" || given === "true") values.set(name, true);
    else if (given !== "0" && given !== "false") {
      throw new UserError(`${variableOf(name)} must be 1 or 0, not "${given}"`);
    }
  }
  return { values, origin: variableOf };
}

/** The options that a configuration file sets, `name = value` each; throws a `UserError` for an unknown one. */
export function fileSettings(
  content: Readonly<Record<string, unknown>>,
  path: string,
  options: readonly Option[],
): Settings {
  const values = new Map<string, string | true>();
  for (const [key, given] of Object.entries(content)) {
    const option = options.find(({ name }) => name === key);
    if (option === undefined) {
      const meant = suggestion(key, options.map(({ name }) => name));
      throw new UserError(
        `${path}: there is no option "${key}"${meant === undefined ? "" : `; did you mean ${meant}?`}`,
      );
    }
    const value = settingValue(option, given);
    if (value === undefined) {
      const form = option.value === undefined ? "true or false" : "a text, a number or a list of texts";
      throw new UserError(`${path}: ${key} must be ${form}, not ${JSON.stringify(given)}`);
    }
    if (value !== false) values.set(key, value);
  }
  return { values, origin: () => path };
}

/** The value as on the command line; false for a switch that is off, undefined where it is none. */
function settingValue({ value }: Option, given: unknown): string | boolean | undefined {
  if (value === undefined) return typeof given === "boolean" ? given : undefined;
  if (typeof given === "number" || typeof given === "string" && given !== "") return String(given);
  return Array.isArray(given) && given.every((each) => typeof each === "string") ? given.join(",") : undefined;
}

/** The command line first, then the settings in their order; settings of options that the command lacks do not count. */
export function layered(flags: Flags, settings: readonly Settings[], known: readonly string[]): LayeredFlags {
  const found = (name: string) => known.includes(name) ? settings.find(({ values }) => values.has(name)) : undefined;
  return {
    ...flags,
    has: (name) => flags.has(name) || found(name)?.values.get(name) === true,
    value(name) {
      const value = flags.value(name) ?? found(name)?.values.get(name);
      return value === true ? undefined : value;
    },
    origin: (name) => flags.given.includes(name) ? "command line" : found(name)?.origin(name),
  };
}

/** The settings in force as a configuration file, each with its origin; options that are not set are comments. */
export function settingsText(
  flags: LayeredFlags,
  options: readonly Option[],
  defaults: ReadonlyMap<string, number>,
): string {
  const lines = options.map(({ name, value, help }) => {
    const origin = flags.origin(name);
    if (origin !== undefined) {
      const set = value === undefined ? "true" : tomlValue(flags.value(name)!);
      return `${name} = ${set}  # ${origin}`;
    }
    const usual = defaults.get(name);
    return usual === undefined ? `# ${name}: not set; ${help}` : `${name} = ${usual}  # default`;
  });
  return `${lines.join("\n")}\n`;
}

function tomlValue(value: string): string {
  return /^(0|[1-9]\d*)$/.test(value) ? value : JSON.stringify(value);
}

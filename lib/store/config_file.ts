import { parse } from "@std/toml/parse";
import { UserError } from "../core/errors.ts";
import { reason } from "../core/reason.ts";

/** The configuration file that is read if it exists. */
export const CONFIG_FILE = "partyline.toml";

/** Reads a configuration file; undefined if it is not named and there is none. Throws a `UserError`. */
export function readConfig(named: string | undefined): Record<string, unknown> | undefined {
  const path = named ?? CONFIG_FILE;
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (named === undefined && error instanceof Deno.errors.NotFound) return undefined;
    throw new UserError(`cannot read the configuration ${path}: ${reason(error)}`);
  }
  try {
    return parse(text);
  } catch (error) {
    throw new UserError(`${path} is not TOML: ${reason(error)}`);
  }
}

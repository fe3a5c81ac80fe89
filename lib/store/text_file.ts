import { UserError } from "../core/errors.ts";
import { reason } from "../core/reason.ts";

/** Writes a text to a file that the user has named; throws a `UserError`. */
export function writeText(path: string, text: string): void {
  try {
    Deno.writeTextFileSync(path, text);
  } catch (error) {
    throw new UserError(`cannot write ${path}: ${reason(error)}`);
  }
}

/** Reads a text that the user has named; throws a `UserError`. */
export function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw new UserError(`cannot read ${path}: ${reason(error)}`);
  }
}

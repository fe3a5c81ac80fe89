import { dirname } from "@std/path";
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

/** A file can probably be written at a path: its folder is there, and it is no folder itself. Throws a `UserError`. */
export function expectWritable(path: string): void {
  const kind = (at: string) => {
    try {
      return Deno.statSync(at).isDirectory ? "folder" : "file";
    } catch {
      return undefined;
    }
  };
  if (kind(path) === "folder") throw new UserError(`cannot write ${path}: it is a folder`);
  if (kind(dirname(path)) !== "folder") {
    throw new UserError(`cannot write ${path}: there is no folder ${dirname(path)}`);
  }
}

import { reason } from "../core/reason.ts";
import { StoreError } from "./store_error.ts";

/** The password in the first line of a file, never an empty one; none where no file is named. */
export function readSecret(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    throw new StoreError(`cannot read the password file ${path}: ${reason(error)}`);
  }
  const secret = text.replace(/^\ufeff/, "").split(/\r?\n/, 1)[0]!;
  if (secret === "") throw new StoreError(`the password file ${path} has no password in its first line`);
  return secret;
}

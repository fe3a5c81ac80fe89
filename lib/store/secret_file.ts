import { reason } from "../base/reason.ts";
import { StoreError } from "./store_error.ts";

/** The password in the first line of a file; none where no file is named. */
export function readSecret(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return Deno.readTextFileSync(path).replace(/^\ufeff/, "").split(/\r?\n/, 1)[0]!;
  } catch (error) {
    throw new StoreError(`cannot read the password file ${path}: ${reason(error)}`);
  }
}

import { UserError } from "../core/errors.ts";
import { join } from "@std/path";
import { reason } from "../core/reason.ts";

/** Writes a value as JSON that only its owner can read. */
export function writePrivate(folder: string, file: string, value: unknown): void {
  writePrivateText(folder, file, JSON.stringify(value, null, 2) + "\n");
}

/** Writes a text that only its owner can read. Atomic: a reader sees the old content or the new. */
export function writePrivateText(folder: string, file: string, text: string): void {
  const path = join(folder, file);
  const fresh = `${path}.${crypto.randomUUID()}`;
  Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    Deno.writeTextFileSync(fresh, text, { mode: 0o600 });
    Deno.renameSync(fresh, path);
  } catch (error) {
    remove(fresh);
    throw error;
  }
}

/** Leaves no copy of a secret under a temporary name. */
function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch { /* was never written */ }
}

/** The password in the first line of a file, which must not be empty; undefined without a path. */
export function readSecret(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const secret = readSecretText(path).split(/\r?\n/, 1)[0]!;
  if (secret === "") throw new UserError(`the password file ${path} has no password in its first line`);
  return secret;
}

/** The whole text of a file with a secret. */
export function readSecretText(path: string): string {
  try {
    return Deno.readTextFileSync(path).replace(/^\ufeff/, "");
  } catch (error) {
    throw new UserError(`cannot read the password file ${path}: ${reason(error)}`);
  }
}

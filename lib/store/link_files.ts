import { join } from "@std/path";
import { encodeBase64 } from "../core/bytes.ts";
import { UserError } from "../core/errors.ts";
import { LINK_SECRET_CHARACTERS } from "../core/limits.ts";
import { readSecret, writePrivateText } from "./private_file.ts";

const SECRET_FILE = "link-secret";
const EPOCH_FILE = "link-epoch";
const SECRET_BYTES = 24;

/** The secret in a file, which must be there. */
export function readLinkSecret(path: string): string {
  const secret = readSecret(path)!;
  if (secret.length < LINK_SECRET_CHARACTERS) {
    throw new UserError(
      `the secret in ${path} has ${secret.length} characters; ${LINK_SECRET_CHARACTERS} are the least`,
    );
  }
  return secret;
}

/** The secret of the server that keeps the log: the one in its folder, which is made if there is none. */
export function ownLinkSecret(folder: string): { readonly path: string; readonly secret: string } {
  const path = join(folder, SECRET_FILE);
  try {
    return { path, secret: readLinkSecret(path) };
  } catch (error) {
    if (isThere(path)) throw error;
  }
  writePrivateText(folder, SECRET_FILE, `${encodeBase64(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)))}\n`);
  return { path, secret: readLinkSecret(path) };
}

/** The epoch of a log that is made now: the time, or more where the clock was ahead when the one before was made. */
export function nextLinkEpoch(folder: string, now: number): number {
  let last = 0;
  try {
    last = Number(Deno.readTextFileSync(join(folder, EPOCH_FILE)));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const epoch = Math.max(now, Number.isSafeInteger(last) ? last + 1 : 0);
  writePrivateText(folder, EPOCH_FILE, `${epoch}\n`);
  return epoch;
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

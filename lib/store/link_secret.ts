import { join } from "@std/path";
import { encodeBase64 } from "../core/bytes.ts";
import { UserError } from "../core/errors.ts";
import { LINK_SECRET_CHARACTERS } from "../core/limits.ts";
import { readSecret, writePrivateText } from "./private_file.ts";

const FILE = "link-secret";
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
  const path = join(folder, FILE);
  try {
    return { path, secret: readLinkSecret(path) };
  } catch (error) {
    if (isThere(path)) throw error;
  }
  writePrivateText(folder, FILE, `${encodeBase64(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)))}\n`);
  return { path, secret: readLinkSecret(path) };
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

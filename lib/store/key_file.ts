import { randomBytes } from "node:crypto";
import { join } from "@std/path";
import { decodeBase64, encodeBase64 } from "../core/bytes.ts";
import { UserError } from "../core/errors.ts";
import { reason } from "../core/reason.ts";
import { writePrivate } from "./private_file.ts";

const KEY_BYTES = 32;

/** The key in a file of a folder; undefined if there is no such file. */
export function readKey(folder: string, file: string): Uint8Array | undefined {
  const path = join(folder, file);
  let bytes: Uint8Array | undefined;
  try {
    const key = (JSON.parse(Deno.readTextFileSync(path)) as { key?: unknown } | null)?.key;
    bytes = typeof key === "string" ? decodeBase64(key) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (!(error instanceof SyntaxError)) throw new UserError(`cannot read ${path}: ${reason(error)}`);
  }
  if (bytes?.length === KEY_BYTES) return bytes;
  const rule = `must contain {"key": ${KEY_BYTES} bytes in base64} but does not; remove it to have a new one`;
  throw new UserError(`${path} ${rule}`);
}

/** Makes a key and writes it into a file of a folder, which only its owner can read. */
export function makeKey(folder: string, file: string): Uint8Array {
  const key = new Uint8Array(randomBytes(KEY_BYTES));
  writePrivate(folder, file, { key: encodeBase64(key) });
  return key;
}

import { closeSync, constants, fchmodSync, fstatSync, openSync, readSync, write } from "node:fs";
import { promisify } from "node:util";
import { UserError } from "../core/errors.ts";
import { reason } from "../core/reason.ts";

const MODE = 0o600;
const NEWLINE = 0x0a;
const writeTo = promisify(write);

/**
 * Opens a file for lines, to write at its end; makes it if it is not there. Throws a `UserError`.
 *
 * 1. Only its owner can read it, also if it was there before.
 * 2. It is an ordinary file: neither a link, which another user may have put there, nor a pipe, which would block.
 * 3. If an earlier run left half a line, the first new line begins on one of its own.
 */
export function openTraceFile(path: string) {
  let file: number | undefined;
  try {
    // Windows has neither of the last two.
    const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
    const fd = file = openSync(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, MODE);
    const found = fstatSync(fd);
    if (!found.isFile()) throw new Error("it is not an ordinary file");
    if ((found.mode & 0o777) !== MODE && Deno.build.os !== "windows") fchmodSync(fd, MODE);
    let prefix = endsWithLine(fd, found.size) ? "" : "\n";
    return {
      path,
      async write(bytes: Uint8Array): Promise<number> {
        if (prefix !== "") await writeTo(fd, new TextEncoder().encode(prefix));
        prefix = "";
        return (await writeTo(fd, bytes)).bytesWritten;
      },
      close: () => closeSync(fd),
    };
  } catch (error) {
    if (file !== undefined) closeSync(file);
    const why = (error as { code?: string }).code === "ELOOP" ? "it is a symbolic link" : reason(error);
    throw new UserError(`cannot write the trace file ${path}: ${why}`);
  }
}

function endsWithLine(file: number, size: number): boolean {
  if (size === 0) return true;
  const last = new Uint8Array(1);
  readSync(file, last, 0, 1, size - 1);
  return last[0] === NEWLINE;
}

import { reason } from "../core/reason.ts";
import { FileError } from "../protocols/transfer/file_error.ts";

/** Does something with a path; what goes wrong says what was tried, and where. */
export async function said<T>(what: string, path: string, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw error instanceof FileError
      ? new FileError(`${path}: ${error.message}`, error.message)
      : cannot(what, path, error);
  }
}

/** What was tried with a path, and why it cannot be done. */
export function cannot(what: string, path: string, error: unknown): FileError {
  return new FileError(`cannot ${what} ${path}: ${reason(error)}`, `cannot ${what} it: ${reason(error)}`);
}

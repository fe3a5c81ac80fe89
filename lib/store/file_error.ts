import { reason } from "../base/reason.ts";

/**
 * Something that cannot be done with a file, in words for whoever asked for it; its cause is the same for others, who need not know
 * where things are here.
 */
export class FileError extends Error {
  override readonly name: string = "FileError";
}

/** Does something with a path; what goes wrong says what was tried, and where. */
export async function said<T>(what: string, path: string, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof FileError) throw new FileError(`${path}: ${error.message}`, { cause: error.message });
    throw new FileError(`cannot ${what} ${path}: ${reason(error)}`, { cause: `cannot ${what} it: ${reason(error)}` });
  }
}

/** Something that another program of the same person does already. */
export class BusyError extends FileError {
  override readonly name = "BusyError";
}

import { join, relative, SEPARATOR } from "@std/path";
import { UserError } from "../core/errors.ts";
import { reason } from "../core/reason.ts";

/** A file that cannot be read, written, sent or received. */
export class FileError extends UserError {
  override readonly name: string = "FileError";

  /** `forOthers` is the message for other people, without the paths of this machine. */
  constructor(message: string, readonly forOthers = message) {
    super(message);
  }
}

/** The transfer already runs in another program of the same user. */
export class BusyError extends FileError {
  override readonly name = "BusyError";
}

/** Does something with a path; an error says what was tried, and where. */
export async function attempt<T>(action: string, path: string, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw error instanceof FileError
      ? new FileError(`${path}: ${error.message}`, error.message)
      : cannot(action, path, error);
  }
}

/** The error of an action on a path. */
export function cannot(action: string, path: string, error: unknown): FileError {
  return new FileError(`cannot ${action} ${path}: ${reason(error)}`, `cannot ${action} it: ${reason(error)}`);
}

/** `lstat`, or undefined if there is nothing at the path. */
export async function statIfThere(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * Throws a `FileError` if `root`, or anything on the way from it to `path`, is a link: it would lead out of what was received.
 * `file` was opened at the path, if it is given, and must be what is there. The runtime has no O_NOFOLLOW, so a caller checks
 * before opening, so that nothing is made elsewhere, and with the file afterwards, since a link may have come and gone.
 * Returns what is at the path, if there is something.
 */
export function checkNoLinks(root: string, path: string, file?: Deno.FsFile): Deno.FileInfo | undefined {
  let at = root;
  let info = lstatIfThere(at);
  for (const part of relative(root, path).split(SEPARATOR)) {
    if (info?.isSymlink) break;
    if (part === "" || !info) continue;
    at = join(at, part);
    info = lstatIfThere(at);
  }
  if (info?.isSymlink) throw new FileError(`${at} has become a link`, "a part of it has become a link");
  if (!file) return info;
  const opened = file.statSync();
  // Not every system has inodes.
  if (!info || (info.ino && opened.ino && info.ino !== opened.ino)) {
    throw new FileError("it was moved while it was opened");
  }
  return info;
}

function lstatIfThere(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Whether there is something at a path, as far as that can be seen. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

/** Tells a file from all others, also from one that reuses its inode; empty where the system has no inodes. */
export function identityOf({ ino, birthtime }: Deno.FileInfo): string {
  return `${ino ?? ""} ${birthtime?.getTime() ?? ""}`;
}

/** Renames a file to a name that nothing has; false if something has it. */
export async function moveFile(from: string, to: string): Promise<boolean> {
  try {
    // Unlike renaming, linking never replaces another file.
    await Deno.link(from, to);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    // Not every file system has links.
    if (await statIfThere(to)) return false;
    await Deno.rename(from, to);
    return true;
  }
  await Deno.remove(from);
  return true;
}

/** The same for a folder. No system replaces a folder that is not empty. */
export async function moveFolder(from: string, to: string): Promise<boolean> {
  await Deno.rename(from, to);
  return true;
}

/** Removes what is at a path, if anything. */
export function remove(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

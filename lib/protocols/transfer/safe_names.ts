import { Fault } from "../../core/errors.ts";
import { numbered, safeName } from "../../core/file_names.ts";
import type { Entry } from "./manifest.ts";

/** Folders allowed beyond one for each file: a user is shown the number of files. */
const SPARE_FOLDERS = 10_000;
/** Entries whose paths are made in one slice. */
const SLICE = 1000;
/**
 * Safe paths for the entries of a folder, no two equal where case is ignored. A path that leads through a file is a fault. Yields
 * between slices of the work, so that its runner can let other tasks run.
 */
export function* safePaths(entries: readonly Entry[]): Generator<void, string[] | Fault> {
  const count = { folders: 0 };
  const max = SPARE_FOLDERS + entries.reduce((sum, { isFolder }) => isFolder ? sum : sum + 1, 0);
  const top = new Folder("", count);
  const paths: string[] = [];
  // The files of a folder are mostly listed together.
  let [lastAbove, last] = ["", top];
  for (const { path, isFolder } of entries) {
    if (paths.length % SLICE === SLICE - 1) yield;
    const cut = path.lastIndexOf("/");
    const above = path.slice(0, Math.max(0, cut));
    const folder = above === lastAbove ? last : top.find(above);
    if (!folder || !(isFolder ? folder.enter(path.slice(cut + 1)) : folder.add(path.slice(cut + 1)))) {
      return new Fault("malformed", `two entries of the folder are called ${JSON.stringify(path)}`);
    }
    if (count.folders > max) {
      return new Fault("malformed", `it has more than ${max} folders, the most for its number of files`);
    }
    [lastAbove, last] = [above, folder];
    const safe = `${folder.path}${folder.nameOf(path.slice(cut + 1))}`;
    // Keeps one string where both are equal.
    paths.push(safe === path ? path : safe);
  }
  return paths;
}

/** A folder on this machine, and its contents by the names that the sender uses. */
class Folder {
  /** The names in use, in lower case. */
  readonly #used = new Set<string>();
  readonly #names = new Map<string, string>();
  readonly #folders = new Map<string, Folder>();
  /** The next number to try for a name that several entries would get. */
  #numbers: Map<string, number> | undefined;

  /** `path` ends in "/", or is empty for the top folder; `count` is shared by all folders. */
  constructor(readonly path: string, readonly count: { folders: number }) {
    count.folders++;
  }

  /** The folder at a path below this one; undefined if there is a file on the way. */
  find(path: string): Folder | undefined {
    if (path === "") return this;
    let folder: Folder | undefined = this as Folder;
    for (const name of path.split("/")) folder = folder?.enter(name);
    return folder;
  }

  /** The folder of this name; undefined if it is a file. */
  enter(name: string): Folder | undefined {
    const known = this.#folders.get(name);
    if (known || this.#names.has(name)) return known;
    const made = new Folder(`${this.path}${this.#unused(name)}/`, this.count);
    this.#folders.set(name, made);
    return made;
  }

  /** Adds a file; false if the name is in use. */
  add(name: string): boolean {
    if (this.#names.has(name)) return false;
    this.#unused(name);
    return true;
  }

  /** The name of an entry on this machine. */
  nameOf(name: string): string {
    return this.#names.get(name)!;
  }

  #unused(name: string): string {
    const safe = safeName(name);
    const first = safe.toLowerCase();
    for (let number = this.#numbers?.get(first) ?? 0;; number++) {
      const free = numbered(safe, number);
      const lowercase = free.toLowerCase();
      if (this.#used.has(lowercase)) continue;
      this.#used.add(lowercase);
      if (number > 0) (this.#numbers ??= new Map()).set(first, number + 1);
      this.#names.set(name, free === name ? name : free);
      return free;
    }
  }
}

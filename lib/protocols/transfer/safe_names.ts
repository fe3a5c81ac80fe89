import { Fault } from "../../core/errors.ts";
import { encodeText } from "../../core/text.ts";
import type { Entry } from "./manifest.ts";

/** File systems allow 255 bytes; this leaves room for extensions and numbers. */
const NAME_BYTES = 200;
/** Folders allowed beyond one for each file: a user is shown the number of files. */
const SPARE_FOLDERS = 10_000;
/** Entries whose paths are made in one slice. */
const SLICE = 1000;
/** Not allowed on some system, steers a terminal, or is invisible. */
// deno-lint-ignore no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f<>:"/\\|?*]|\p{Cf}|\p{Zl}|\p{Zp}|\p{Cs}/gu;
/** More marks in a row than Unicode's stream-safe format allows: normalization takes time quadratic in their number. */
const EXCESS_MARKS = /(\p{M}{30})\p{M}+/gu;
/** Devices on some systems, with any extension. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(\.|$)/i;

/** A name chosen by somebody else as a safe file name: not a path, not hidden, not a device. Takes time linear in its length. */
export function safeName(name: string): string {
  const plain = name.replace(EXCESS_MARKS, "$1").normalize("NFC").replace(UNSAFE, "_").trim();
  // A leading dot hides a file; some systems drop trailing dots and spaces.
  let end = plain.length;
  while (end > 0 && (plain[end - 1] === "." || plain[end - 1] === " ")) end--;
  const visible = `${plain.slice(0, end)}${"_".repeat(plain.length - end)}`.replace(/^\./, "_");
  const fitting = shortened(visible === "" ? "_" : visible);
  return DEVICE.test(fitting) ? `_${fitting}` : fitting;
}

/** A name with a number before its extension, for a file beside one of the same name. */
export function numbered(name: string, number: number): string {
  if (number === 0) return name;
  const [stem, extension] = split(name);
  return `${stem} (${number})${extension}`;
}

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

function split(name: string): [string, string] {
  const dot = name.lastIndexOf(".");
  return dot <= 0 || name.length - dot > 12 ? [name, ""] : [name.slice(0, dot), name.slice(dot)];
}

/** Cuts a long name, but not its extension. */
function shortened(name: string): string {
  if (encodeText(name).length <= NAME_BYTES) return name;
  const [stem, extension] = split(name);
  const max = NAME_BYTES - encodeText(extension).length;
  let kept = "";
  let bytes = 0;
  for (const character of stem) {
    bytes += encodeText(character).length;
    if (bytes > max) break;
    kept += character;
  }
  return `${kept.trimEnd()}${extension}`;
}

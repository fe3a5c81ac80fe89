import { Fault } from "../../core/errors.ts";
import { encodeText } from "../../core/text.ts";
import type { Entry } from "./manifest.ts";

/** A file system takes 255 bytes; this leaves room for what is put behind a name. */
const NAME_BYTES = 200;
/** Folders that an offer may have beside one for each of its files: what a person is told is how many files there are. */
const SPARE_FOLDERS = 10_000;
/** What no name may hold on some system, what steers a terminal, and what is not seen. */
// deno-lint-ignore no-control-regex
const UNFIT = /[\u0000-\u001f\u007f-\u009f<>:"/\\|?*]|\p{Cf}|\p{Zl}|\p{Zp}|\p{Cs}/gu;
/** What some systems take for a device, whatever ending it has. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(\.|$)/i;

/** A name that somebody else has chosen, as a file may be called here: it leads nowhere, hides nothing, and is no device. */
export function safeName(name: string): string {
  const plain = name.normalize("NFC").replace(UNFIT, "_").trim();
  // A dot in front hides a file; dots and blanks behind it are dropped by some systems.
  const shown = plain.replace(/^\./, "_").replace(/[. ]+$/, (end) => "_".repeat(end.length));
  const fit = shortened(shown === "" ? "_" : shown);
  return DEVICE.test(fit) ? `_${fit}` : fit;
}

/** A name, and a number before its ending: what is put beside a file of that name. */
export function numbered(name: string, number: number): string {
  if (number === 0) return name;
  const [stem, ending] = parted(name);
  return `${stem} (${number})${ending}`;
}

/**
 * Where the entries of a folder go: paths that are safe, no two the same even where case does not count. A path that would lead
 * through a file is a fault.
 */
export function safePaths(entries: readonly Entry[]): string[] | Fault {
  const count = { folders: 0 };
  const most = SPARE_FOLDERS + entries.reduce((sum, { isFolder }) => isFolder ? sum : sum + 1, 0);
  const top = new Folder("", count);
  const paths: string[] = [];
  // One folder's files stand together: mostly it is the last again.
  let [lastAbove, last] = ["", top];
  for (const { path, isFolder } of entries) {
    const cut = path.lastIndexOf("/");
    const above = path.slice(0, Math.max(0, cut));
    const folder = above === lastAbove ? last : top.find(above);
    if (!folder || !(isFolder ? folder.enter(path.slice(cut + 1)) : folder.add(path.slice(cut + 1)))) {
      return new Fault("malformed", `two things in the folder are called ${JSON.stringify(path)}`);
    }
    if (count.folders > most) {
      return new Fault("malformed", `more than ${most} folders are in it, the most for its files`);
    }
    [lastAbove, last] = [above, folder];
    const safe = `${folder.path}${folder.nameOf(path.slice(cut + 1))}`;
    // The same text need not be there twice.
    paths.push(safe === path ? path : safe);
  }
  return paths;
}

/** A folder as it is made here, and what is in it by the names that the sender has. */
class Folder {
  /** Names that are taken, as they look where case does not count. */
  readonly #looks = new Set<string>();
  readonly #names = new Map<string, string>();
  readonly #folders = new Map<string, Folder>();

  /** For a name that others take too, the number to be tried next. */
  #numbers: Map<string, number> | undefined;

  /** `path` ends in "/", or is empty at the top; `count` is for all folders together. */
  constructor(readonly path: string, readonly count: { folders: number }) {
    count.folders++;
  }

  /** The folder at a path below this one; undefined when a file stands in the way. */
  find(path: string): Folder | undefined {
    if (path === "") return this;
    let folder: Folder | undefined = this as Folder;
    for (const name of path.split("/")) folder = folder?.enter(name);
    return folder;
  }

  /** The folder of this name; undefined when it is a file. */
  enter(name: string): Folder | undefined {
    const known = this.#folders.get(name);
    if (known || this.#names.has(name)) return known;
    const made = new Folder(`${this.path}${this.#free(name)}/`, this.count);
    this.#folders.set(name, made);
    return made;
  }

  /** A file of this name; false when something has it. */
  add(name: string): boolean {
    if (this.#names.has(name)) return false;
    this.#free(name);
    return true;
  }

  /** What a thing is called here. */
  nameOf(name: string): string {
    return this.#names.get(name)!;
  }

  #free(name: string): string {
    const safe = safeName(name);
    const first = safe.toLowerCase();
    for (let number = this.#numbers?.get(first) ?? 0;; number++) {
      const free = numbered(safe, number);
      const look = free.toLowerCase();
      if (this.#looks.has(look)) continue;
      this.#looks.add(look);
      if (number > 0) (this.#numbers ??= new Map()).set(first, number + 1);
      this.#names.set(name, free === name ? name : free);
      return free;
    }
  }
}

function parted(name: string): [string, string] {
  const dot = name.lastIndexOf(".");
  return dot <= 0 || name.length - dot > 12 ? [name, ""] : [name.slice(0, dot), name.slice(dot)];
}

/** Its ending stays, since people and systems go by it. */
function shortened(name: string): string {
  if (encodeText(name).length <= NAME_BYTES) return name;
  const [stem, ending] = parted(name);
  const most = NAME_BYTES - encodeText(ending).length;
  let kept = "";
  let bytes = 0;
  for (const character of stem) {
    bytes += encodeText(character).length;
    if (bytes > most) break;
    kept += character;
  }
  return `${kept.trimEnd()}${ending}`;
}

import { Fault } from "../../base/fault.ts";
import { encodeText } from "../../base/text.ts";
import type { Entry } from "./manifest.ts";

/** A file system takes 255 bytes; this leaves room for what is put behind a name. */
const NAME_BYTES = 200;
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
export function safePaths(entries: readonly Entry[]): string[][] | Fault {
  const root: Folder = { names: new Set(), below: new Map() };
  const paths: string[][] = [];
  for (const { path, isFolder } of entries) {
    let folder = root;
    const safe: string[] = [];
    for (const [depth, name] of path.entries()) {
      const isLast = depth === path.length - 1;
      const known = folder.below.get(name);
      if (known === "file" || (known && isLast && !isFolder)) {
        return new Fault("malformed", `two things in the folder are called ${JSON.stringify(path.join("/"))}`);
      }
      const found = known ?? entered(folder, name, isLast && !isFolder);
      safe.push(found === "file" ? freeName(folder, name) : found.name);
      if (found !== "file") folder = found;
    }
    paths.push(safe);
  }
  return paths;
}

interface Folder {
  /** Names that are taken, as they look where case does not count. */
  readonly names: Set<string>;
  /** What is in it, by the name that the sender has for it. */
  readonly below: Map<string, "file" | Folder & { readonly name: string }>;
}

function entered(folder: Folder, name: string, isFile: boolean): "file" | Folder & { readonly name: string } {
  const made = isFile ? "file" as const : { name: freeName(folder, name), names: new Set<string>(), below: new Map() };
  folder.below.set(name, made);
  return made;
}

function freeName(folder: Folder, name: string): string {
  const safe = safeName(name);
  for (let number = 0;; number++) {
    const free = numbered(safe, number);
    const look = free.toLowerCase();
    if (folder.names.has(look)) continue;
    folder.names.add(look);
    return free;
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

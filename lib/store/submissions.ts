import { createHash } from "node:crypto";
import { join } from "@std/path";
import { UserError } from "../core/errors.ts";
import { reason } from "../core/reason.ts";

/** The names of the folders in a folder, in order; hidden ones are none of them. Throws a `UserError`. */
export function foldersIn(path: string): string[] {
  try {
    const entries = [...Deno.readDirSync(path)];
    // A link to a folder is one, too.
    const isFolder = (name: string) => {
      try {
        return Deno.statSync(join(path, name)).isDirectory;
      } catch {
        return false;
      }
    };
    return entries.map(({ name }) => name).filter((name) => !name.startsWith(".") && isFolder(name)).toSorted();
  } catch (error) {
    throw new UserError(`cannot read the folder ${path}: ${reason(error)}`);
  }
}

/** Copies what is in a folder; links stay links, and what is neither file nor folder is left out. Throws a `UserError`. */
export function copyFolder(from: string, to: string): void {
  try {
    Deno.mkdirSync(to, { recursive: true });
    for (const { name, isDirectory, isFile, isSymlink } of Deno.readDirSync(from)) {
      const [source, copy] = [join(from, name), join(to, name)];
      if (isSymlink) Deno.symlinkSync(Deno.readLinkSync(source), copy);
      else if (isDirectory) copyFolder(source, copy);
      else if (isFile) Deno.copyFileSync(source, copy);
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`cannot copy ${from}: ${reason(error)}`);
  }
}

/**
 * A number for what is in a folder, and for a text: it is another when a file, its name, its contents or the text are. Throws a
 * `UserError`.
 */
export function fingerprint(path: string, text: string): string {
  const hash = createHash("sha256").update(`${JSON.stringify(text)}\n`);
  const add = (folder: string, within: string) => {
    const entries = [...Deno.readDirSync(folder)].toSorted((a, b) => a.name < b.name ? -1 : 1);
    for (const { name, isDirectory, isFile, isSymlink } of entries) {
      const [at, named] = [join(folder, name), `${within}/${name}`];
      if (isDirectory) add(at, named);
      else if (isSymlink) hash.update(`link ${JSON.stringify([named, Deno.readLinkSync(at)])}\n`);
      else if (isFile) {
        hash.update(`file ${JSON.stringify([named, Deno.statSync(at).size])}\n`);
        hash.update(Deno.readFileSync(at));
      }
    }
  };
  try {
    add(path, "");
  } catch (error) {
    throw new UserError(`cannot read ${path}: ${reason(error)}`);
  }
  return hash.digest("hex");
}

/** Makes a folder and those above it, if they are not there. Throws a `UserError`. */
export function makeFolders(path: string): void {
  try {
    Deno.mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new UserError(`cannot make the folder ${path}: ${reason(error)}`);
  }
}

/** Writes a file so that it is there whole, or not at all. Throws a `UserError`. */
export function writeWhole(path: string, text: string): void {
  const part = `${path}.part`;
  try {
    Deno.writeTextFileSync(part, text);
    Deno.renameSync(part, path);
  } catch (error) {
    throw new UserError(`cannot write ${path}: ${reason(error)}`);
  }
}

/** Adds to the end of a file. Throws a `UserError`. */
export function appendText(path: string, text: string): void {
  try {
    Deno.writeTextFileSync(path, text, { append: true });
  } catch (error) {
    throw new UserError(`cannot write ${path}: ${reason(error)}`);
  }
}

/** What a file holds; undefined if it is not there, or cannot be read. */
export function textIfThere(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}

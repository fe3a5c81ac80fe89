import { join } from "@std/path";

/** A larger file is no script's, and is not read. */
const MOST_BYTES = 1024 * 1024;

/** The files of one folder, of which another program may make and remove some meanwhile. */
export class FolderFiles {
  constructor(readonly folder: string) {}

  put(name: string, bytes: Uint8Array): void {
    Deno.writeFileSync(join(this.folder, name), bytes);
  }

  /** The contents of the files whose names are like this. */
  like(name: RegExp): Uint8Array[] {
    const found: Uint8Array[] = [];
    for (const each of Deno.readDirSync(this.folder)) {
      if (!each.isFile || !name.test(each.name)) continue;
      const bytes = contentsOf(join(this.folder, each.name));
      if (bytes) found.push(bytes);
    }
    return found;
  }
}

function contentsOf(path: string): Uint8Array | undefined {
  try {
    return Deno.statSync(path).size <= MOST_BYTES ? Deno.readFileSync(path) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

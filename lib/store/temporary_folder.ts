import { join } from "@std/path";

const PAUSE = new Int32Array(new SharedArrayBuffer(4));

/** A folder for what is needed for a while only; no other user can read what is in it. */
export class TemporaryFolder {
  readonly path = Deno.makeTempDirSync({ prefix: "partyline-" });

  /** Writes a file; its path. */
  write(name: string, text: string): string {
    const path = join(this.path, name);
    Deno.writeTextFileSync(path, text);
    return path;
  }

  /** Makes a folder in it; its path. */
  makeFolder(name: string): string {
    const path = join(this.path, name);
    Deno.mkdirSync(path);
    return path;
  }

  /** Removes a folder in it, or all of it. */
  remove(name = ""): void {
    removeTree(join(this.path, name));
  }
}

/** Removes a folder, if it is there. A process that was killed just now may still write into it: this is tried for a second. */
function removeTree(path: string): void {
  for (let tries = 20; tries > 0; tries--) {
    try {
      return Deno.removeSync(path, { recursive: true });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      if (tries === 1) throw error;
      Atomics.wait(PAUSE, 0, 0, 50);
    }
  }
}

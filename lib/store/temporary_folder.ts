import { join } from "@std/path";

/** A folder for what is needed for a while only; nobody else can read what is in it. */
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

  remove(): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

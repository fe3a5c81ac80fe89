import { join } from "@std/path";

const FILE = "requests.log";

/**
 * The file of the requests in a data folder, `requests.log`. The folder is made at the first write. A file that reaches its
 * bound is renamed to `requests.log.old` and replaces that. Only its owner can read it.
 */
export class RequestFile {
  readonly path: string;
  #size: number | undefined;

  constructor(readonly folder: string, readonly rotateBytes: number) {
    this.path = join(folder, FILE);
  }

  async write(bytes: Uint8Array): Promise<number> {
    this.#size ??= await this.#found();
    if (this.#size > 0 && this.#size + bytes.length > this.rotateBytes) {
      await Deno.rename(this.path, `${this.path}.old`);
      this.#size = 0;
    }
    await Deno.writeFile(this.path, bytes, { append: true, mode: 0o600 });
    this.#size += bytes.length;
    return bytes.length;
  }

  async #found(): Promise<number> {
    try {
      return (await Deno.stat(this.path)).size;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      await Deno.mkdir(this.folder, { recursive: true, mode: 0o700 });
      return 0;
    }
  }
}

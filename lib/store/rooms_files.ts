import { join } from "@std/path";
import { numbered, safeName } from "../core/file_names.ts";
import { reason } from "../core/reason.ts";

/** The files of a rooms client: the one that is sent, and those that arrive, in the download folder without a name at first. */
export class RoomsFiles {
  #sent: Deno.FsFile | undefined;
  readonly #arriving = new Map<number, { path: string; name: string; file: Deno.FsFile; failure?: string }>();
  readonly #failed = new Map<number, string>();

  constructor(readonly downloads: string) {}

  /** Opens a file to send; its size. */
  open(path: string): number {
    const file = Deno.openSync(path, { read: true });
    const { isFile, size } = file.statSync();
    if (!isFile) {
      file.close();
      throw new Error("it is no file");
    }
    this.#sent = file;
    return size;
  }

  read(at: number, count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    this.#sent!.seekSync(at, Deno.SeekMode.Start);
    const length = this.#sent!.readSync(bytes);
    if (length === null) throw new Error("it has become shorter");
    return bytes.subarray(0, length);
  }

  closeSent(): void {
    this.#sent?.close();
    this.#sent = undefined;
  }

  receive(n: number, name: string): void {
    this.#try(n, () => {
      Deno.mkdirSync(this.downloads, { recursive: true });
      const path = join(this.downloads, `.partyline-${crypto.randomUUID()}.part`);
      const file = Deno.openSync(path, { write: true, createNew: true });
      this.#arriving.set(n, { path, name: safeName(name), file });
    });
  }

  keep(n: number, bytes: Uint8Array): void {
    const arriving = this.#arriving.get(n);
    if (!arriving) return;
    this.#try(n, () => {
      for (let rest = bytes; rest.length > 0;) rest = rest.subarray(arriving.file.writeSync(rest));
    });
  }

  /** Gives a file a name that nothing has. */
  save(n: number): { readonly path: string } | { readonly why: string } {
    const arriving = this.#arriving.get(n);
    const saved = this.#try(n, () => {
      const { file, path, name } = arriving!;
      this.#arriving.delete(n);
      file.close();
      for (let number = 0;; number++) {
        const named = join(this.downloads, numbered(name, number));
        try {
          // Unlike a renaming, it replaces nothing.
          Deno.linkSync(path, named);
        } catch (error) {
          if (error instanceof Deno.errors.AlreadyExists) continue;
          throw error;
        }
        Deno.removeSync(path);
        return named;
      }
    });
    return saved === undefined ? { why: this.#failed.get(n) ?? "it did not arrive" } : { path: saved };
  }

  drop(n: number): void {
    const arriving = this.#arriving.get(n);
    this.#arriving.delete(n);
    if (!arriving) return;
    arriving.file.close();
    this.#try(n, () => Deno.removeSync(arriving.path));
  }

  /** Removes what has no name. */
  close(): void {
    this.closeSent();
    for (const n of [...this.#arriving.keys()]) this.drop(n);
  }

  /** Does something with a file that arrives; what fails first is said when it is to be saved. */
  #try<T>(n: number, act: () => T): T | undefined {
    if (this.#failed.has(n)) return undefined;
    try {
      return act();
    } catch (error) {
      this.#failed.set(n, reason(error));
      return undefined;
    }
  }
}

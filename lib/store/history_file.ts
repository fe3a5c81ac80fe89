import { join } from "@std/path";
import { writePrivateText } from "./private_file.ts";

/** Lines that are kept; the file grows to twice as many before the oldest are dropped. */
const LINES = 1000;
/** A line with a password in it is not kept. */
const SECRET = /^\s*\/(login|passwd|register)\b/i;

/**
 * The lines that were typed in earlier runs, in a file that only its owner can read. Several clients may add to it. A disk that
 * cannot be read or written costs the history, nothing else.
 */
export class HistoryFile {
  readonly path: string;
  readonly lines: readonly string[];

  constructor(readonly folder: string, file = "history") {
    this.path = join(folder, file);
    this.lines = this.#read(file);
  }

  add(line: string): void {
    if (SECRET.test(line)) return;
    try {
      Deno.mkdirSync(this.folder, { recursive: true, mode: 0o700 });
      Deno.writeTextFileSync(this.path, `${line.replace(/[\r\n]/g, " ")}\n`, { append: true, mode: 0o600 });
    } catch { /* this line is not kept */ }
  }

  #read(file: string): string[] {
    try {
      const lines = Deno.readTextFileSync(this.path).split("\n").filter((line) => line !== "");
      // A file that was made or copied with other rights gets these.
      if (Deno.build.os !== "windows") Deno.chmodSync(this.path, 0o600);
      if (lines.length <= 2 * LINES) return lines.slice(-LINES);
      writePrivateText(this.folder, file, lines.slice(-LINES).map((line) => `${line}\n`).join(""));
      return lines.slice(-LINES);
    } catch {
      return [];
    }
  }
}

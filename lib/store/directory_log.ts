import { join } from "@std/path";
import { reason } from "../core/reason.ts";
import { sanitized } from "../core/text.ts";

const FILE = "address-book.log";
/** Enough for some thousand changes of a lab of twenty. */
const ROTATE_BYTES = 1024 * 1024;
/** A table of more entries is written once a second, or once its events have this many characters. */
const FEW_ENTRIES = 20;
const INTERVAL_MS = 1000;
const MOST_CHARACTERS = 64 * 1024;

/** A change of the table. */
export interface TableChange {
  readonly time: number;
  /** What happened, one line each. */
  readonly events: readonly string[];
  /** Entries after the change. */
  readonly size: number;
  /** One line for each of them. */
  readonly table: () => readonly string[];
}

/**
 * Writes each change of the address book to `address-book.log`, with its time and the table after it. Where the table has more
 * than 20 entries, the changes of a second share one; a process that is killed loses them.
 *
 * 1. The folder is made at the first write. A file that reaches 1 MiB is renamed to `address-book.log.old` and replaces that.
 * 2. A failed write is not an error. `failed` is called for the first one, and again for the first one after a success.
 * 3. Each line stays one line, whatever it contains.
 * 4. After `flush`, every change is in the file, unless it cannot be written.
 */
export class DirectoryLog {
  readonly #path: string;
  #failing = false;
  /** Events that are not written, and the last change. */
  #events = "";
  #last: TableChange | undefined;
  #nextAt = -Infinity;

  constructor(readonly folder: string, readonly failed: (why: string) => void, readonly rotateBytes = ROTATE_BYTES) {
    this.#path = join(folder, FILE);
  }

  write(change: TableChange): void {
    const at = new Date(change.time).toISOString();
    this.#events += change.events.map((event) => lineOf(`${at} ${event}`)).join("");
    this.#last = change;
    if (change.size <= FEW_ENTRIES || this.#events.length > MOST_CHARACTERS) this.flush();
    this.tick(change.time);
  }

  /** Writes what has waited for its time. */
  tick(now: number): void {
    if (this.#last && now >= this.#nextAt) this.flush();
  }

  /** Writes what waits. */
  flush(): void {
    if (!this.#last) return;
    this.#nextAt = this.#last.time + INTERVAL_MS;
    const text = this.#events + tableText(this.#last);
    this.#events = "";
    this.#last = undefined;
    try {
      this.#append(new TextEncoder().encode(text));
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) this.failed(`${this.#path} could not be written: ${reason(error)}`);
      this.#failing = true;
    }
  }

  #append(bytes: Uint8Array): void {
    const size = this.#size();
    if (size === undefined) Deno.mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    else if (size > 0 && size + bytes.length > this.rotateBytes) Deno.renameSync(this.#path, `${this.#path}.old`);
    Deno.writeFileSync(this.#path, bytes, { append: true, mode: 0o600 });
  }

  #size(): number | undefined {
    try {
      return Deno.statSync(this.#path).size;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }
}

function tableText({ time, size, table }: TableChange): string {
  const entries = size === 1 ? "1 entry" : `${size} entries`;
  const lines = [`${new Date(time).toISOString()} the table has ${entries}`, ...table().map((entry) => `    ${entry}`)];
  return lines.map(lineOf).join("");
}

function lineOf(text: string): string {
  return `${sanitized(text)}\n`;
}

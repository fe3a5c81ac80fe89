import { join } from "@std/path";
import { reason } from "../core/reason.ts";
import { sanitized } from "../core/text.ts";

const FILE = "address-book.log";
/** Enough for some thousand changes of a lab of twenty. */
const ROTATE_BYTES = 1024 * 1024;

/** A change of the table. */
export interface TableChange {
  readonly time: number;
  /** What happened, one line each. */
  readonly events: readonly string[];
  /** The table after the change, one line for each entry. */
  readonly table: readonly string[];
}

/**
 * Writes each change of the address book to `address-book.log`, with its time and the table after it.
 *
 * 1. The folder is made at the first write. A file that reaches 1 MiB is renamed to `address-book.log.old` and replaces that.
 * 2. A failed write is not an error. `failed` is called for the first one, and again for the first one after a success.
 * 3. Each line stays one line, whatever it contains.
 */
export class DirectoryLog {
  readonly #path: string;
  #failing = false;

  constructor(readonly folder: string, readonly failed: (why: string) => void, readonly rotateBytes = ROTATE_BYTES) {
    this.#path = join(folder, FILE);
  }

  write(change: TableChange): void {
    try {
      this.#append(new TextEncoder().encode(textOf(change)));
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

function textOf({ time, events, table }: TableChange): string {
  const at = new Date(time).toISOString();
  const entries = table.length === 1 ? "1 entry" : `${table.length} entries`;
  const lines = [...events.map((event) => `${at} ${event}`), `${at} the table has ${entries}`];
  return [...lines, ...table.map((entry) => `    ${entry}`)].map((line) => `${sanitized(line)}\n`).join("");
}

import { join } from "@std/path";
import { reason } from "../core/reason.ts";
import { sanitized } from "../core/text.ts";

const FILE = "address-book.log";
/** Some thousand changes in a lab of twenty; nobody wants to look through more. */
const ROTATE_BYTES = 1024 * 1024;

/** A change of the table that is to be written down. */
export interface TableChange {
  readonly time: number;
  /** What happened, each in a line. */
  readonly events: readonly string[];
  /** The table as it is then, a line an entry. */
  readonly table: readonly string[];
}

/**
 * The address book's table, written to `address-book.log` at each change: when it was, what happened, who is in it then.
 *
 * 1. The folder is made when something is first written. A file of 1 MiB becomes `address-book.log.old`, instead of the last.
 * 2. A write that fails stops nobody. `failed` is told of the first, and again of the first after one that went well.
 * 3. Whatever stands in the lines, each stays one line.
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

import { join } from "@std/path";
import { UserError } from "../core/errors.ts";
import { reason } from "../core/reason.ts";
import { type ExportFormat, exportLines } from "./chat_export.ts";
import { ChatStore } from "./chat_store.ts";
import { exists } from "./disk.ts";
import { STORE_FILE } from "./worker_store.ts";

/** Writes what the data folder keeps, line by line. */
export function exportChat(
  { data, format, of }: { data: string; format: ExportFormat; of: string | undefined },
  write: (text: string) => void,
): void {
  const store = openKept(data);
  try {
    const lines = exportLines(store, format, of);
    if (!lines) throw new UserError(`nothing is kept of "${of}": ${data} has neither a room nor a user of this name`);
    for (const line of lines) write(`${line}\n`);
  } finally {
    store.close();
  }
}

/**
 * Begins anew: what the data folder keeps is moved aside, under a name that is not taken. `confirm` asks the operator; the path
 * of the copy, or undefined when the answer is no. Accounts are in the users file and stay.
 */
export function resetChat(data: string, confirm: () => boolean, time: number): string | undefined {
  // Opening it shows that no server uses it, and closing it leaves everything in the one file.
  openKept(data).close();
  if (!confirm()) return undefined;
  const path = join(data, STORE_FILE);
  const copy = freePath(`${path}.${new Date(time).toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-")}`);
  try {
    Deno.renameSync(path, copy);
  } catch (error) {
    throw new UserError(`cannot move ${path} to ${copy}: ${reason(error)}`);
  }
  return copy;
}

function openKept(data: string): ChatStore {
  const path = join(data, STORE_FILE);
  if (!exists(path)) {
    throw new UserError(`nothing is kept in ${data}: there is no ${path}; --data names another folder`);
  }
  return new ChatStore(path);
}

function freePath(wanted: string): string {
  for (let number = 1;; number++) {
    const path = number === 1 ? wanted : `${wanted}-${number}`;
    if (!exists(path)) return path;
  }
}

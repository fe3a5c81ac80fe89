import { join } from "@std/path";

/** Writes a value as JSON for its owner alone. */
export function writeOwn(folder: string, file: string, value: unknown): void {
  writeOwnText(folder, file, JSON.stringify(value, null, 2) + "\n");
}

/** Writes a text for its owner alone, in one step: whoever reads the file finds the old or the new. */
export function writeOwnText(folder: string, file: string, text: string): void {
  const path = join(folder, file);
  const fresh = `${path}.${crypto.randomUUID()}`;
  Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    Deno.writeTextFileSync(fresh, text, { mode: 0o600 });
    Deno.renameSync(fresh, path);
  } catch (error) {
    remove(fresh);
    throw error;
  }
}

/** What may be a key does not lie about under another name. */
function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch { /* it was never written */ }
}

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
  Deno.writeTextFileSync(fresh, text, { mode: 0o600 });
  Deno.renameSync(fresh, path);
}

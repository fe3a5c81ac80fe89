/** What is at a path; undefined when nothing is. */
export async function lookAt(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** What tells a file from all others, also from one that has its number after it; empty where the system does not say. */
export function identityOf({ ino, birthtime }: Deno.FileInfo): string {
  return `${ino ?? ""} ${birthtime?.getTime() ?? ""}`;
}

/** Gives a file another name, one that nothing has; false when something has it already. */
export async function moveFile(from: string, to: string): Promise<boolean> {
  try {
    // Unlike a new name, a second one never takes another's place.
    await Deno.link(from, to);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    // Not every file system has second names.
    if (await lookAt(to)) return false;
    await Deno.rename(from, to);
    return true;
  }
  await Deno.remove(from);
  return true;
}

/** The same for a folder; no system puts one in the place of another that has something in it. */
export async function moveFolder(from: string, to: string): Promise<boolean> {
  await Deno.rename(from, to);
  return true;
}

/** Takes away what is at a path, if anything is. */
export function remove(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

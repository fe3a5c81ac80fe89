const MAX_PATHS = 200;

/** The paths that begin with `prefix`; folders end in "/". None where nothing can be read. */
export function completePath(prefix: string): string[] {
  const cut = prefix.lastIndexOf("/") + 1;
  const [folder, name] = [prefix.slice(0, cut), prefix.slice(cut)];
  const found: string[] = [];
  try {
    for (const entry of Deno.readDirSync(folder === "" ? "." : folder)) {
      const isHidden = entry.name.startsWith(".") && !name.startsWith(".");
      if (isHidden || !entry.name.startsWith(name)) continue;
      found.push(`${folder}${entry.name}${entry.isDirectory ? "/" : ""}`);
      if (found.length === MAX_PATHS) break;
    }
  } catch { /* nothing to complete */ }
  return found.sort();
}

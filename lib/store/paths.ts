const MOST = 200;

/** Paths that begin so, as they would be typed on; folders end in "/". Nothing where nothing can be read. */
export function pathsFrom(begun: string): string[] {
  const cut = begun.lastIndexOf("/") + 1;
  const [above, name] = [begun.slice(0, cut), begun.slice(cut)];
  const found: string[] = [];
  try {
    for (const entry of Deno.readDirSync(above === "" ? "." : above)) {
      const isHidden = entry.name.startsWith(".") && !name.startsWith(".");
      if (isHidden || !entry.name.startsWith(name)) continue;
      found.push(`${above}${entry.name}${entry.isDirectory ? "/" : ""}`);
      if (found.length === MOST) break;
    }
  } catch { /* then there is nothing to be typed on */ }
  return found.sort();
}

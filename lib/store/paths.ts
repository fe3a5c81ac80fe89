const MAX_PATHS = 200;

/** A typed path, in which `~` is the user's home folder. */
export function expandedPath(path: string): string {
  const home = Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE");
  return home === undefined ? path : path.replace(/^~(?=$|[/\\])/, () => home);
}

/** The paths that begin with `prefix`, which are typed as it is; folders end in "/". None where nothing can be read. */
export function completePath(prefix: string): string[] {
  if (prefix === "~") return ["~/"];
  const cut = prefix.lastIndexOf("/") + 1;
  const [folder, name] = [prefix.slice(0, cut), prefix.slice(cut)];
  const found: string[] = [];
  try {
    for (const entry of Deno.readDirSync(folder === "" ? "." : expandedPath(folder))) {
      const isHidden = entry.name.startsWith(".") && !name.startsWith(".");
      if (isHidden || !entry.name.startsWith(name)) continue;
      found.push(`${folder}${entry.name}${entry.isDirectory ? "/" : ""}`);
      if (found.length === MAX_PATHS) break;
    }
  } catch { /* nothing to complete */ }
  return found.sort();
}

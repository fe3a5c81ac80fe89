import { fromFileUrl, resolve } from "@std/path";

/** What a program may go on reading and writing. */
export interface NeededPaths {
  readonly read: readonly string[];
  readonly write: readonly string[];
}

/**
 * Gives up the access to all files but these and those below them, for this thread and the workers that it starts later.
 *
 * Deno can take back a part only of a permission that was given by path: started with `--allow-read=/` and `--allow-write=/` the
 * program is confined, and with the same flags without a path it goes on as it is.
 */
export function confineTo({ read, write }: NeededPaths): void {
  keepOnly("read", read);
  keepOnly("write", write);
}

function keepOnly(name: "read" | "write", paths: readonly string[]): void {
  if (Deno.permissions.querySync({ name }).state === "granted") return;
  for (const path of paths.flatMap(places)) {
    // A request for what is granted keeps it beside the root; for anything else Deno would ask the user.
    const permission = { name, path } as const;
    if (Deno.permissions.querySync(permission).state === "granted") Deno.permissions.requestSync(permission);
  }
  Deno.permissions.revokeSync({ name, path: "/" });
}

/** A path, and where it leads to if it is a link. */
function places(path: string): string[] {
  try {
    return [resolve(path), Deno.realPathSync(path)];
  } catch {
    // It does not exist yet.
    return [resolve(path)];
  }
}

/** Where the program's own code and its packages are: the page is made from them, and workers are loaded from there. */
export function codePaths(): string[] {
  if (Deno.build.standalone) return [fromFileUrl(new URL("..", import.meta.url))];
  const own = fromFileUrl(new URL("../..", import.meta.url));
  const packages = new URL("../..", import.meta.resolve("@std/path"));
  return packages.protocol === "file:" ? [own, fromFileUrl(packages)] : [own];
}

import { dirname, join, resolve, SEPARATOR } from "@std/path";

/** `deno bundle` names each module in a comment, by its path from the folder where it ran. */
const MODULE = /^\/\/ (\S+\.[cm]?[jt]s)$/gm;

/** The licences of the packages that have a part in the bundled code of these folders, each text once. */
export function licensesOf(root: string, folders: readonly string[]): string {
  const packages = new Map<string, string>();
  for (const folder of folders) {
    for (const { name } of Deno.readDirSync(folder)) {
      if (!name.endsWith(".js")) continue;
      for (const [, path] of Deno.readTextFileSync(join(folder, name)).matchAll(MODULE)) {
        const place = packageOf(resolve(root, path!), root);
        if (place !== undefined) packages.set(place, licenseIn(place));
      }
    }
  }
  const byText = Map.groupBy(packages, ([, text]) => text);
  return Array.from(byText, ([text, of]) => `${of.map(([place]) => titleOf(place)).join(", ")}\n\n${text}`)
    .join(`\n${"-".repeat(80)}\n\n`);
}

/** The folder of the package that a module belongs to; undefined for our own. */
function packageOf(path: string, root: string): string | undefined {
  if (path.startsWith(root + SEPARATOR) && !path.includes("node_modules")) return undefined;
  for (let place = dirname(path); place !== dirname(place); place = dirname(place)) {
    if (names(place).includes("package.json")) return place;
  }
  throw new Error(`no package is known for ${path}`);
}

/** The text of a package's licence, or its name where the package has no text. */
function licenseIn(place: string): string {
  const file = names(place).find((name) => /^licen[cs]e/i.test(name));
  if (file !== undefined) return `${Deno.readTextFileSync(join(place, file)).trim()}\n`;
  const { license } = manifestOf(place);
  if (typeof license !== "string") throw new Error(`the package in ${place} names no licence`);
  return `Licence: ${license}\n`;
}

function titleOf(place: string): string {
  const { name, version } = manifestOf(place);
  return `${name} ${version}`;
}

function manifestOf(place: string): Record<string, unknown> {
  return JSON.parse(Deno.readTextFileSync(join(place, "package.json")));
}

function names(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name);
}

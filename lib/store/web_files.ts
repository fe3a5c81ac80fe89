import { fromFileUrl, join } from "@std/path";
import { bundle, withoutComments } from "./web_bundle.ts";

const SOURCES = fromFileUrl(new URL("../web/", import.meta.url));
/** Where `deno task build` puts the files that the executables include. */
const BUILT = fromFileUrl(new URL("../../dist/web/", import.meta.url));

let known: ReadonlyMap<string, string> | undefined;

/** The files of the pages by their names: those that were included in an executable, else made from the sources. */
export function readWebFiles(): ReadonlyMap<string, string> {
  return known ??= Deno.build.standalone ? readFolder(BUILT, /./) : makeWebFiles();
}

/** What a browser gets: pages, pictures and style sheets as they are, and for each page one script. No comments. */
function makeWebFiles(): ReadonlyMap<string, string> {
  const files = readFolder(SOURCES, /\.(html|css|svg|webmanifest)$/);
  for (const [name, text] of files) {
    if (name.endsWith(".css")) files.set(name, withoutComments(text));
    for (const [, script] of text.matchAll(/<script [^>]*src="\/page\/(\w+)\.js"/g)) {
      files.set(`${script}.js`, bundle(join(SOURCES, `${script}.ts`), Deno.readTextFileSync));
    }
  }
  return files;
}

/** Writes the files of the pages to where the executables find them. */
export function writeWebFiles(): void {
  Deno.mkdirSync(BUILT, { recursive: true });
  for (const [name, text] of makeWebFiles()) Deno.writeTextFileSync(join(BUILT, name), text);
}

function readFolder(folder: string, names: RegExp): Map<string, string> {
  const files = new Map<string, string>();
  for (const { name, isFile } of Deno.readDirSync(folder)) {
    if (isFile && names.test(name)) files.set(name, Deno.readTextFileSync(join(folder, name)));
  }
  return files;
}

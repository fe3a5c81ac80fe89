import { assert, assertEquals } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { readPageFiles } from "../lib/store/page_files.ts";

const FOLDER = join(dirname(fromFileUrl(import.meta.url)), "..", "lib", "face", "page");
const MOST_BYTES = 60_000;

/** The names of all files that a page needs, the page first. */
function neededBy(page: string): string[] {
  const names = [page];
  for (const name of names) {
    if (!/\.(html|js)$/.test(name)) continue;
    const text = Deno.readTextFileSync(join(FOLDER, name));
    const found = [...text.matchAll(/^import [^;]*"\.\/([\w.]+)";|(?:href|src)="\/page\/([\w.]+)"/gm)];
    for (const [, module, linked] of found) {
      const next = (module ?? linked)!;
      if (!names.includes(next)) names.push(next);
    }
  }
  return names;
}

Deno.test("the chat page, with all it needs, is less than 60 kB on the wire", () => {
  const files = readPageFiles();
  const names = neededBy("chat.html");
  assert(names.includes("sha256.js") && names.includes("style.css"), names.join(" "));
  const bytes = names.reduce((sum, name) => sum + files.get(name)!.packed.length, 0);
  assert(bytes < MOST_BYTES, `${bytes} bytes`);
});

Deno.test("what is packed is what stands in the folder", async () => {
  for (const [name, { bytes, packed }] of readPageFiles()) {
    assert(packed.length < bytes.length, name);
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    assertEquals(await new Response(stream).text(), new TextDecoder().decode(bytes));
  }
});

Deno.test("nothing of the page runs in line, makes elements of text, or comes from elsewhere", () => {
  for (const { name } of Deno.readDirSync(FOLDER)) {
    const text = Deno.readTextFileSync(join(FOLDER, name));
    const found = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/.exec(text);
    assertEquals(found?.[0], undefined, name);
    if (name.endsWith(".html")) {
      assertEquals(/<script(?![^>]* src=)|<style| style=| on\w+=/.exec(text)?.[0], undefined, name);
    }
    if (/\.(html|css)$/.test(name)) assertEquals(/(https?:)?\/\/\w/.exec(text)?.[0], undefined, name);
  }
});

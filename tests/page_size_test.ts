import { assert, assertEquals, assertMatch } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { readWebFiles, withoutComments } from "../lib/store/web_files.ts";

const FOLDER = join(dirname(fromFileUrl(import.meta.url)), "..", "lib", "web");
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
  const files = readWebFiles();
  const names = neededBy("chat.html");
  assert(names.includes("sha256.js") && names.includes("style.css"), names.join(" "));
  const bytes = names.reduce((sum, name) => sum + files.get(name)!.packed.length, 0);
  assert(bytes < MOST_BYTES, `${bytes} bytes`);
});

Deno.test("what is packed is what stands in the folder, but for its comments, every line under its number", async () => {
  for (const [name, { bytes, packed }] of readWebFiles()) {
    assert(packed.length < bytes.length, name);
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    const [sent, stands] = [await new Response(stream).text(), new TextDecoder().decode(bytes)];
    const [left, all] = [sent.split("\n"), stands.split("\n")];
    assertEquals(left.length, all.length, name);
    for (const [i, line] of all.entries()) {
      if (left[i] === line) continue;
      assertEquals(left[i], "");
      assertMatch(line, name.endsWith(".html") ? /^$/ : /^\s*(\/\/|\/\*|\*)|\*\/$|^ /, `${name}: ${line}`);
    }
    // Whatever a text in the code looks like, it is no comment: none goes on in another line.
    for (const line of stands.split("\n")) {
      if (name.endsWith(".js")) assertEquals(line.split("`").length % 2, 1, `${name}: ${line}`);
    }
  }
});

Deno.test("a comment among code stays where it is, and so does what looks like one", () => {
  const same = [
    "f(); // said here",
    "/** @type {any} */ (x).y = 1;",
    "const a = 'http://x'; /* b */ g();",
    "h(/* nothing */);",
  ];
  for (const line of same) assertEquals(withoutComments(line), line);
  assertEquals(
    withoutComments("/** One\n * two\n\n three */\nf();\n  // four\n/* five */\ng();"),
    "\n\n\n\nf();\n\n\ng();",
  );
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

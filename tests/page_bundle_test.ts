import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { dirname, fromFileUrl, join, toFileUrl } from "@std/path";
import { crc32, inflateSync } from "node:zlib";
import { concat, equals } from "../lib/core/bytes.ts";
import { readImageHeader } from "../lib/core/image_header.ts";
import { StaticFiles } from "../lib/http/static_files.ts";
import { bundle, bundleParts } from "../lib/store/web_bundle.ts";
import { pageVersion, readWebFiles, type WebFiles } from "../lib/store/web_files.ts";
import { withoutComments } from "../lib/store/web_module.ts";
import { LANGUAGES } from "../lib/web/languages.ts";
import { Folder } from "./support/programs.ts";
import { drawIcon, ICONS } from "../tools/icons.ts";

const FOLDER = join(dirname(fromFileUrl(import.meta.url)), "..", "lib", "web");
const MAX_BYTES = 90_000;

/** The files that a page needs, the page first. */
function neededBy(page: string, files: WebFiles): string[] {
  const found = [...String(files.get(page)).matchAll(/(?:href|src)="\/page\/([\w.-]+)(?:\?v=\w+)?"/g)];
  return [page, ...found.map(([, name]) => name!)];
}

Deno.test("the chat page, with everything it loads, is less than 90 kB on the wire in every language", () => {
  const files = readWebFiles();
  const names = neededBy("chat.html", files);
  assert(names.includes("chat.js") && names.includes("chat.css"), names.join(" "));
  const wire = new StaticFiles(files).wireBytes;
  names.push("worker.js");
  for (const language of Object.keys(LANGUAGES)) {
    const translation = language === "en" ? [] : [`texts_${language}_chat.js`];
    const bytes = [...names, ...translation].reduce((sum, name) => sum + wire.get(name)!, 0);
    assert(bytes < MAX_BYTES, `${language}: ${bytes} bytes`);
  }
});

/** The style sheets that a page is written with, which it gets as one. */
function sheetsOf(page: string): string[] {
  const html = Deno.readTextFileSync(join(FOLDER, page));
  return [...html.matchAll(/<link rel="stylesheet" href="\/page\/([\w.]+)">/g)].map(([, name]) => name!);
}

Deno.test("a page has one style sheet, of all that it is written with", () => {
  const files = readWebFiles();
  const used = new Set<string>();
  for (const [name, text] of files) {
    if (!name.endsWith(".html")) continue;
    const links = [...String(text).matchAll(/<link rel="stylesheet" href="\/page\/([\w.]+)(?:\?v=\w+)?">/g)];
    assertEquals(links.map(([, sheet]) => sheet), [name.replace("html", "css")]);
    for (const sheet of sheetsOf(name)) used.add(sheet);
  }
  const written = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).filter((name) => name.endsWith(".css"));
  assertEquals([...used].sort(), written.sort());
});

Deno.test("pages and style sheets are served without comments, and every line keeps its number", () => {
  let comments = 0;
  for (const [name, text] of readWebFiles()) {
    if (name.endsWith(".js") || typeof text !== "string") continue;
    const sources = name.endsWith(".css") ? sheetsOf(name.replace("css", "html")) : [name];
    const source = sources.map((each) => Deno.readTextFileSync(join(FOLDER, each))).join("");
    const isLink = (line: string) => line.trim().startsWith('<link rel="stylesheet"');
    const [sent, all] = [text.replace(/\?v=\w+"/g, '"').split("\n"), source.split("\n")].map((lines) =>
      lines.map((line, i, { length }) => i < length - 1 && isLink(line) ? "" : line.trimEnd())
    ) as [string[], string[]];
    assertEquals(sent.length, all.length, name);
    for (const [i, line] of all.entries()) {
      if (sent[i] === line) continue;
      comments++;
      assertEquals([sent[i], /^\s*(\/\*|\*)|\*\/$|^ /.test(line)], ["", true], `${name}: ${line}`);
    }
  }
  assert(comments > 0);
});

Deno.test("the service worker stores what the page needs, all under one hash, and nothing else", async () => {
  const files = readWebFiles();
  const stored: { version: string; files: string[]; translations: string[] } = JSON.parse(
    /^const SHELL = (\{.*\});\n/.exec(String(files.get("worker.js")))![1]!,
  );
  assertEquals(stored.version, pageVersion(files));
  assertMatch(stored.version, /^[0-9a-f]{12}$/);
  const [, ...needed] = neededBy("chat.html", files);
  needed.push(`files_${stored.version}.js`);
  assertEquals(stored.files.map((each) => each.replace(/^\/page\/|\?v=.*/g, "")), needed);
  const served = new StaticFiles(files);
  assertEquals(stored.translations, ["vi", "zh"].map((name) => `/page/texts_${name}_chat.js?v=${stored.version}`));
  for (const address of [...stored.files, ...stored.translations]) {
    const { pathname, search } = new URL(address, "http://127.0.0.1/");
    assertEquals(
      search,
      /\.(css|js)$/.test(pathname) && !pathname.includes(stored.version) ? `?v=${stored.version}` : "",
      address,
    );
    const response = served.answerPath(pathname, new Request(`http://127.0.0.1${address}`));
    assertEquals(response.status, 200, address);
    assertEquals((await response.bytes()).length > 0, true);
  }
});

Deno.test("the icons are PNG files of the sizes that the manifest says, drawn from the SVG", () => {
  const files = readWebFiles();
  const { icons } = JSON.parse(String(files.get("partyline.webmanifest"))) as {
    icons: { src: string; type: string; sizes: string; purpose?: string }[];
  };
  const named = icons.filter(({ type }) => type === "image/png");
  assertEquals(named.map(({ sizes, purpose }) => `${sizes} ${purpose}`), [
    "192x192 undefined",
    "512x512 undefined",
    "512x512 maskable",
  ]);
  for (const { src, sizes } of [...named, { src: "/page/icon-touch-180.png", sizes: "180x180" }]) {
    const bytes = files.get(src.replace("/page/", "")) as Uint8Array;
    const { kind, width, height } = readImageHeader(bytes)!;
    assertEquals(`${kind} ${width}x${height}`, `png ${sizes}`);
    const lines = pngLines(bytes);
    assertEquals(lines.length, height * (width * 4 + 1), src);
  }
  const svg = Deno.readTextFileSync(join(FOLDER, "icon.svg"));
  const small = ICONS.find(({ pixels }) => pixels === 180)!;
  const drawn = drawIcon(svg, small);
  const lines = pngLines(files.get(small.name) as Uint8Array);
  const line = small.pixels * 4;
  for (let y = 0; y < small.pixels; y++) {
    const filter = y * (line + 1);
    assertEquals(lines[filter], 0);
    assertEquals(equals(lines.subarray(filter + 1, filter + 1 + line), drawn.subarray(y * line, (y + 1) * line)), true);
  }
  const middle = (90 * 180 + 35) * 4;
  assertEquals([...drawn.subarray(0, 4), ...drawn.subarray(middle, middle + 4)], [
    255,
    255,
    255,
    255,
    47,
    109,
    179,
    255,
  ]);
});

/** The pixels of a PNG, each line after the number of its filter; also checks the sums of its chunks. */
function pngLines(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const data: Uint8Array[] = [];
  let at = 8;
  for (let type = ""; type !== "IEND";) {
    const length = view.getUint32(at);
    const content = bytes.subarray(at + 4, at + 8 + length);
    type = String.fromCharCode(...content.subarray(0, 4));
    assertEquals(view.getUint32(at + 8 + length), crc32(content), type);
    if (type === "IDAT") data.push(content.subarray(4));
    at += 12 + length;
  }
  assertEquals(at, bytes.length);
  return new Uint8Array(inflateSync(concat(data)));
}

Deno.test("a file served with gzip equals the one served without", async () => {
  const texts = readWebFiles();
  const files = new StaticFiles(texts);
  for (const [name, text] of texts) {
    if (typeof text !== "string") continue;
    const ask = (headers: Record<string, string>) => files.answer(name, new Request("http://127.0.0.1/", { headers }));
    const gzip = ask({ "accept-encoding": "gzip" });
    assertEquals(gzip.headers.get("content-encoding"), "gzip");
    const bytes = gzip.body!.pipeThrough(new DecompressionStream("gzip"));
    assertEquals(await new Response(bytes).text(), text, name);
    assertEquals(await ask({}).text(), text, name);
  }
});

/** A script without the lines by which it and one that is loaded later share names. */
function partsOf(text: string) {
  const listOf = (list: string) => list.split(",").map((each) => each.trim());
  const imported: { readonly names: readonly string[]; readonly from: string }[] = [];
  const exported: string[] = [];
  const script = text.replace(/^import \{ (.*) \} from "(.*)";\n/, (_, names, from) => {
    imported.push({ names: listOf(names), from });
    return "";
  }).replace(/\nexport \{ (.*) \};\n$/, (_, names) => (exported.push(...listOf(names)), "\n"));
  return { script, imported, exported };
}

/** Whether a script is written as a file of its own; translations and what is loaded later are made. */
function existsSource(name: string): boolean {
  return !/_(?:chat|server|peers|[0-9a-f]{12})\.js$/.test(name);
}

Deno.test("a page's script has no types or comments, parses, and imports nothing but names of the one that loads it", () => {
  const files = readWebFiles();
  for (const [name, text] of files) {
    if (!name.endsWith(".js") || typeof text !== "string") continue;
    const { script, imported, exported } = partsOf(text);
    new Function(script);
    for (const { names, from } of imported) {
      const shared = partsOf(String(files.get(from.replace(/^\.\/|\?v=.*/g, "")))).exported;
      assertEquals(names.filter((each) => !shared.includes(each)), [], name);
    }
    assertEquals(exported.length > 0, name === "chat.js" || imported.length > 0, name);
    if (!existsSource(name)) continue;
    // Comments are removed by lines: no line of a text may look like one.
    const sources: string[] = [];
    bundleParts(join(FOLDER, name.replace(/js$/, "ts")), (path) => (sources.push(path), Deno.readTextFileSync(path)));
    for (const path of sources) {
      for (const line of Deno.readTextFileSync(path).split("\n")) {
        if (path.includes("/lib/") && !/^\s*(\/\/|\/?\*)/.test(line)) {
          assertEquals(line.split("`").length % 2, 1, `${path}: ${line}`);
        }
      }
    }
    assertEquals(/^\s*(\/\/|\/\*)|^(import|export)\b/m.exec(script)?.[0], undefined, name);
  }
});

Deno.test("a bundled module runs once, after its imports; modules may share names; packages are included", () => {
  const modules: Record<string, string> = {
    "/a.ts": [
      'import { b as other, type T } from "./b.ts";',
      'import * as c from "./c.ts";',
      'import { concat } from "@std/bytes/concat";',
      "const name: T = `${other}${c.b}`;",
      "order.push(`a ${name} ${concat([new Uint8Array(2)]).length}`);",
      "export class A { constructor(readonly x: number) {} }",
    ].join("\n"),
    "/b.ts":
      'import { b as name } from "./c.ts"; export type T = string;\norder.push("b");\nexport const b = name + 1;',
    "/c.ts": 'order.push("c");\nconst b = 1;\nexport { b };',
    "/d.ts": "export default 1;",
  };
  const read = (path: string) => modules[path] ?? Deno.readTextFileSync(path);
  const order: string[] = [];
  new Function("order", bundle("/a.ts", read))(order);
  assertEquals(order, ["c", "b", "a 21 2"]);
  assertThrows(() => bundle("/d.ts", read), TypeError, "cannot be bundled");
});

Deno.test("a module that is loaded later is a script of its own, which shares the modules of the page's script", async () => {
  const modules: Record<string, string> = {
    "/a.ts": [
      'import { shared, twice } from "./b.ts";',
      "const only = 1;",
      "export class Unused {",
      "}",
      "export async function load() {",
      '  const { Late } = await import("./late.ts");',
      "  return [shared.length, twice(only), new Late().found()];",
      "}",
      "globalThis.dispatchEvent(new CustomEvent('loads', { detail: load }));",
    ].join("\n"),
    "/b.ts": "export const shared: string[] = [];\nexport function twice(x: number) {\n  return 2 * x;\n}\n" +
      "export function forLate() {\n  shared.push('late');\n  return shared.length;\n}",
    "/c.ts": 'import { twice } from "./b.ts";\nconst only = 20;\nexport const four = twice(only);',
    "/late.ts": 'import { forLate as other } from "./b.ts";\nimport { four } from "./c.ts";\n' +
      "export class Late {\n  found() {\n    return [other(), four];\n  }\n}",
  };
  const { script, late } = bundleParts("/a.ts", (path) => modules[path]!);
  assertEquals([...late.keys()], ["late"]);
  assertEquals(/Unused|four/.exec(script)?.[0], undefined);
  using folder = new Folder();
  folder.write("a.js", script);
  folder.write("late.js", late.get("late")!);
  const loads = new Promise<() => Promise<unknown>>((resolve) => {
    addEventListener("loads", (event) => resolve((event as CustomEvent).detail), { once: true });
  });
  await import(toFileUrl(join(folder.path, "a.js")).href);
  assertEquals(await (await loads)(), [0, 2, [1, 40]]);
  assertThrows(() => bundle("/a.ts", (path) => modules[path]!), TypeError, "cannot be one script");
});

Deno.test("functions and classes that nothing names are left out of a bundle, and so are those that only they named", () => {
  const modules: Record<string, string> = {
    "/a.ts": 'import { used } from "./b.ts";\nused();',
    "/b.ts": [
      "export function used(): void {",
      "  found.push(kept.name);",
      "}",
      "function kept(): void {",
      "}",
      "export class Unused {",
      "  static x = helper();",
      "}",
      "export async function helper() {",
      "  await again();",
      "}",
      "function again() {",
      "  return again();",
      "}",
    ].join("\n"),
  };
  const script = bundle("/a.ts", (path) => modules[path]!);
  const found: string[] = [];
  new Function("found", script)(found);
  assertEquals(found, ["kept"]);
  assertEquals(/Unused|helper|again/.exec(script)?.[0], undefined);
});

Deno.test("tables, numbers and texts that nothing names are left out of a bundle; what is made by a call stays", () => {
  const modules: Record<string, string> = {
    "/a.ts": 'import { LATE, SHOWN } from "./b.ts";\nfound.push(SHOWN.one);',
    "/b.ts": [
      "const MINUTE = 60 * 1000;",
      "export const SHOWN = {",
      '  one: "kept",',
      "};",
      "export const LATE = {",
      "  after: 5 * MINUTE,",
      "};",
      'export const GREETING = "good morning";',
      'export const made = found.push("made");',
    ].join("\n"),
  };
  const script = bundle("/a.ts", (path) => modules[path]!);
  const found: string[] = [];
  new Function("found", script)(found);
  assertEquals(found, ["made", "kept"]);
  assertEquals(/LATE|MINUTE|morning/.exec(script)?.[0], undefined);
});

Deno.test("names that two modules of a bundle have, and names of the browser, stay those of their modules", () => {
  const modules: Record<string, string> = {
    "/a.ts": [
      'import { status, twice } from "./b.ts";',
      'import { twice as other } from "./c.ts";',
      'import { last } from "./d.ts";',
      "found.push(status, twice(1), other(1), last, typeof document);",
    ].join("\n"),
    "/b.ts": 'const by = 2;\nconst document = "b";\nexport const status = document;\n' +
      "export function twice(x: number) { return x * by; }",
    "/c.ts": 'import { twice as before } from "./b.ts";\nconst by = 20;\n' +
      "export function twice(x: number) { return before(x) * by; }",
    "/d.ts": 'import { twice as by } from "./c.ts";\nexport const last = by(3);',
  };
  const found: unknown[] = [];
  new Function("found", bundle("/a.ts", (path) => modules[path]!))(found);
  assertEquals(found, ["b", 2, 40, 120, "undefined"]);
});

Deno.test("a comment beside code is kept, and so is text that looks like one", () => {
  const same = [
    "f(); // said here",
    "/* a cast */ (x).y = 1;",
    "const a = 'http://x'; /* b */ g();",
    "h(/* nothing */);",
  ];
  for (const line of same) assertEquals(withoutComments(line), line);
  assertEquals(
    withoutComments("/** One\n * two\n\n three */\nf();\n  // four\n/* five */\ng();"),
    "\n\n\n\nf();\n\n\ng();",
  );
});

Deno.test("the page has no inline scripts, makes no elements from text, and loads nothing from other hosts", () => {
  for (const { name } of Deno.readDirSync(FOLDER)) {
    if (name.endsWith(".png")) continue;
    const text = Deno.readTextFileSync(join(FOLDER, name));
    const found = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/.exec(text);
    assertEquals(found?.[0], undefined, name);
    if (name.endsWith(".html")) {
      assertEquals(/<script(?![^>]* src=)|<style| style=| on\w+=/.exec(text)?.[0], undefined, name);
    }
    if (/\.(html|css)$/.test(name)) assertEquals(/(https?:)?\/\/\w/.exec(text)?.[0], undefined, name);
  }
});

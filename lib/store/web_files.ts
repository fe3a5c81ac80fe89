import { escape } from "@std/html/entities";
import { fromFileUrl, join } from "@std/path";
import { createHash } from "node:crypto";
import { decodeLossy } from "../core/text.ts";
import { bundle, bundleParts } from "./web_bundle.ts";
import { withoutComments } from "./web_module.ts";

/** The sources of the pages; in an executable, whose code lies beside this folder, the files made from them. */
const FOLDER = fromFileUrl(new URL("../web/", import.meta.url));
/** The page that opens without the server, and its service worker. */
const PAGE = "chat.html";
const WORKER = "worker";

/** The files of the pages by their names: texts, and pictures in bytes. */
export type WebFiles = ReadonlyMap<string, string | Uint8Array>;

let known: WebFiles | undefined;

/** The files of the pages: those that were included in an executable, else made from the sources. */
export function readWebFiles(): WebFiles {
  return known ??= Deno.build.standalone ? readFolder(FOLDER, /./) : makeWebFiles();
}

/** The texts of a page besides those that all pages have: their name, and where a file of texts has them. */
const TEXTS = { chat: "chatTexts", server: "serverTexts", peers: "peerTexts" };

/** What a page has a link to for each of its style sheets. */
const STYLE_LINK = /<link rel="stylesheet" href="\/page\/([\w.]+)">/g;

/**
 * What a browser gets: pages and pictures as they are; for each page one script and one style sheet, since each file costs half a
 * kilobyte of headers; scripts that a page loads later; and a script for each page's texts in each translation. No comments.
 */
function makeWebFiles(): WebFiles {
  const scripts = new Map<string, string>();
  const files = readFolder(FOLDER, /\.(html|svg|png|webmanifest)$/);
  for (const [name, text] of files) {
    if (typeof text !== "string" || !name.endsWith(".html")) continue;
    const sheets = [...text.matchAll(STYLE_LINK)].map(([, sheet]) => Deno.readTextFileSync(join(FOLDER, sheet!)));
    const sheet = name.replace(/html$/, "css");
    files.set(sheet, sheets.map(withoutComments).join(""));
    let isFirst = true;
    files.set(
      name,
      text.replace(STYLE_LINK, (link, linked) => {
        const kept = isFirst ? link.replace(linked, sheet) : "";
        isFirst = false;
        return kept;
      }),
    );
    for (const [, script] of text.matchAll(/<script [^>]*src="\/page\/(\w+)\.js"/g)) {
      if (name !== PAGE) addScript(script!, files, scripts);
    }
  }
  const translations: string[] = [];
  for (const { name } of Deno.readDirSync(FOLDER)) {
    const language = /^texts_(\w+)\.ts$/.exec(name)?.[1];
    if (language === undefined) continue;
    for (const [group, texts] of Object.entries(TEXTS)) {
      files.set(`texts_${language}_${group}.js`, translation(language, group, texts, scripts));
    }
    translations.push(`texts_${language}_chat.js`);
  }
  const needed = [...String(files.get(PAGE)).matchAll(/(?:href|src)="\/page\/([\w.-]+)"/g)].map(([, name]) => name!);
  const page = bundleParts(join(FOLDER, PAGE.replace(/html$/, "ts")), Deno.readTextFileSync, scripts);
  const script = PAGE.replace(/html$/, "js");
  files.set(script, page.script);
  const hash = createHash("sha256");
  for (const name of [PAGE, ...needed, ...translations.sort()]) hash.update(name).update(files.get(name)!);
  for (const [name, text] of page.late) hash.update(name).update(text);
  const version = hash.digest("hex").slice(0, 12);
  files.set(PAGE, String(files.get(PAGE)).replace(/((?:href|src)="\/page\/[\w.-]+\.(?:css|js))"/g, `$1?v=${version}"`));
  // A script of another version is not found: it could not work with this one.
  const late = [...page.late].map(([name, text]) => {
    files.set(`${name}_${version}.js`, text.replace(`"./${script}"`, `"./${script}?v=${version}"`));
    return `/page/${name}_${version}.js`;
  });
  files.set(script, page.script.replace(/\bimport\("\.\/(\w+)\.js"\)/g, `import("./$1_${version}.js")`));
  const addressOf = (name: string) => `/page/${name}${/\.(css|js)$/.test(name) ? `?v=${version}` : ""}`;
  const shell = { version, files: [...needed.map(addressOf), ...late], translations: translations.map(addressOf) };
  addScript(WORKER, files, scripts, `const SHELL = ${JSON.stringify(shell)};\n`);
  return files;
}

/** The script with the texts of one page in a language. */
function translation(language: string, group: string, texts: string, scripts: Map<string, string>): string {
  const entry = join(FOLDER, `texts_${language}_${group}.ts`);
  const text = `import { sharedTexts, ${texts} } from "./texts_${language}.ts";\n` +
    `dispatchEvent(new CustomEvent("texts", { detail: { shared: sharedTexts, ${group}: ${texts} } }));\n`;
  return bundle(entry, (path) => path === entry ? text : Deno.readTextFileSync(path), scripts);
}

function addScript(
  name: string,
  files: Map<string, string | Uint8Array>,
  scripts: Map<string, string>,
  before = "",
): void {
  files.set(`${name}.js`, before + bundle(join(FOLDER, `${name}.ts`), Deno.readTextFileSync, scripts));
}

/** The hash over all files of the chat page, which is in the addresses that it names. */
export function pageVersion(files: WebFiles): string {
  return /\?v=(\w+)"/.exec(String(files.get(PAGE)))?.[1] ?? "";
}

/** The files of a server, whose chat page says this of it: its login waits for no further request. */
export function withAbout(files: WebFiles, about: unknown): WebFiles {
  const tag = '<meta name="about"';
  const content = escape(JSON.stringify(about));
  return new Map(files).set(PAGE, String(files.get(PAGE)).replace(tag, () => `${tag} content="${content}"`));
}

/** Writes the files of the pages into this folder, which is emptied first. */
export function writeWebFiles(folder: string): void {
  // Scripts of another version have other names, and an executable includes the whole folder.
  try {
    Deno.removeSync(folder, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  Deno.mkdirSync(folder, { recursive: true });
  for (const [name, content] of makeWebFiles()) {
    if (typeof content === "string") Deno.writeTextFileSync(join(folder, name), content);
    else Deno.writeFileSync(join(folder, name), content);
  }
}

function readFolder(folder: string, names: RegExp): Map<string, string | Uint8Array> {
  const files = new Map<string, string | Uint8Array>();
  for (const { name, isFile } of Deno.readDirSync(folder)) {
    if (!isFile || !names.test(name)) continue;
    const bytes = Deno.readFileSync(join(folder, name));
    files.set(name, name.endsWith(".png") ? bytes : decodeLossy(bytes));
  }
  return files;
}

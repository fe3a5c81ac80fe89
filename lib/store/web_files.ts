import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { extname, fromFileUrl, join } from "@std/path";
import type { StaticFile } from "../http/static_file.ts";
import { decodeLossy } from "../core/text.ts";

const FOLDER = fromFileUrl(new URL("../web/", import.meta.url));
const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Every file of the pages, by its name; they lie beside the sources, and inside the executables. */
export function readWebFiles(): ReadonlyMap<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  for (const { name, isFile } of Deno.readDirSync(FOLDER)) {
    const type = TYPES[extname(name)];
    if (!isFile || !type) continue;
    const bytes = new Uint8Array(Deno.readFileSync(join(FOLDER, name)));
    const packed = new Uint8Array(gzipSync(withoutComments(decodeLossy(bytes)), { level: 9 }));
    files.set(name, { type, bytes, packed, tag: `"${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}"` });
  }
  return files;
}

/**
 * The text of a script or a style sheet, with nothing in the lines that hold a comment and nothing else: they are for those who
 * work on it, a quarter of what would go over the wire. Every line keeps its number.
 */
export function withoutComments(text: string): string {
  let isInside = false;
  const lines = text.split("\n").map((line) => {
    const trimmed = line.trim();
    if (!isInside && trimmed.startsWith("//")) return "";
    const isComment = isInside || (trimmed.startsWith("/*") && (trimmed.endsWith("*/") || !trimmed.includes("*/")));
    if (!isComment) return line;
    isInside = !trimmed.endsWith("*/");
    return "";
  });
  return lines.join("\n");
}

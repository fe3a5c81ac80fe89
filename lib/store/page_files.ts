import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { extname, fromFileUrl, join } from "@std/path";
import type { PageFile } from "../base/page_file.ts";

const FOLDER = fromFileUrl(new URL("../face/page/", import.meta.url));
const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Every file of the pages, by its name; they lie beside the sources, and inside the executables. */
export function readPageFiles(): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  for (const { name, isFile } of Deno.readDirSync(FOLDER)) {
    const type = TYPES[extname(name)];
    if (!isFile || !type) continue;
    const bytes = new Uint8Array(Deno.readFileSync(join(FOLDER, name)));
    const packed = new Uint8Array(gzipSync(bytes));
    files.set(name, { type, bytes, packed, tag: `"${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}"` });
  }
  return files;
}

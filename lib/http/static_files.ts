import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { encodeText } from "../core/text.ts";
import { plainText } from "./responses.ts";

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
  webmanifest: "application/manifest+json",
};

interface StaticFile {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Undefined where it is no shorter. */
  readonly gzip: Uint8Array<ArrayBuffer> | undefined;
  /** Changes with the bytes. */
  readonly tag: string;
}

/** The files of the pages, compressed once. */
export class StaticFiles {
  readonly #files = new Map<string, StaticFile>();

  constructor(files: ReadonlyMap<string, string | Uint8Array>) {
    for (const [name, content] of files) {
      const type = TYPES[name.slice(name.lastIndexOf(".") + 1)];
      if (type === undefined) throw new TypeError(`${name} has no known content type`);
      const bytes = new Uint8Array(typeof content === "string" ? encodeText(content) : content);
      const tag = `"${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}"`;
      const gzip = new Uint8Array(gzipSync(bytes, { level: 9 }));
      this.#files.set(name, { type, bytes, gzip: gzip.length < bytes.length ? gzip : undefined, tag });
    }
  }

  /** The bytes of each file on the wire, without the head of the response. */
  get wireBytes(): ReadonlyMap<string, number> {
    return new Map([...this.#files].map(([name, { bytes, gzip }]) => [name, (gzip ?? bytes).length]));
  }

  /** The file at `/page/NAME`. */
  answerPath(pathname: string, request: Request): Response {
    return this.answer(/^\/page\/([\w.-]+)$/.exec(pathname)?.[1] ?? "", request);
  }

  /** One file; nothing but its tag when the browser has it already. */
  answer(name: string, request: Request): Response {
    const file = this.#files.get(name);
    if (!file) return plainText("There is no such page here.", 404);
    const headers = { "content-type": file.type, "cache-control": "no-cache", etag: file.tag, vary: "accept-encoding" };
    const tags = request.headers.get("if-none-match")?.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
    if (tags?.includes(file.tag)) return new Response(null, { status: 304, headers });
    const codings = request.headers.get("accept-encoding")?.split(",").map((coding) => coding.trim());
    if (!file.gzip || !codings?.includes("gzip")) return new Response(file.bytes, { headers });
    return new Response(file.gzip, { headers: { ...headers, "content-encoding": "gzip" } });
  }
}

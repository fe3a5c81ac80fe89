import type { StaticFile } from "./static_file.ts";

const BODY_BYTES = 4096;

/** A value as JSON. */
export function json(value: unknown, status = 200, headers = new Headers()): Response {
  headers.set("content-type", "application/json");
  return new Response(JSON.stringify(value), { status, headers });
}

/** A sentence for a person. */
export function sentence(text: string, status: number, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, { status, headers: { "content-type": "text/plain; charset=utf-8", ...headers } });
}

/** A file of the pages; nothing but its tag when the asker has it already. */
export function pageFile(file: StaticFile | undefined, request: Request): Response {
  if (!file) return sentence("There is no such page here.", 404);
  const headers = { "content-type": file.type, "cache-control": "no-cache", etag: file.tag, vary: "accept-encoding" };
  const known = request.headers.get("if-none-match")?.split(",").some((tag) =>
    tag.trim().replace(/^W\//, "") === file.tag
  );
  if (known) return new Response(null, { status: 304, headers });
  const takesPacked = request.headers.get("accept-encoding")?.split(",").some((coding) => coding.trim() === "gzip");
  if (!takesPacked) return new Response(file.bytes, { headers });
  return new Response(file.packed, { headers: { ...headers, "content-encoding": "gzip" } });
}

/** The JSON object of a request; a sentence when it is none, or too long. */
export async function body(request: Request): Promise<Record<string, unknown> | string> {
  if (!/^application\/json\b/.test(request.headers.get("content-type") ?? "")) return "expected application/json";
  const bytes = new Uint8Array(BODY_BYTES);
  let length = 0;
  try {
    for await (const chunk of request.body ?? []) {
      if (length + chunk.length > BODY_BYTES) return `expected at most ${BODY_BYTES} bytes`;
      bytes.set(chunk, length);
      length += chunk.length;
    }
  } catch {
    // Whoever sent it has gone away in the middle, or the server stops.
    return "expected more than has come";
  }
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(0, length)));
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch { /* said below */ }
  return "expected a JSON object";
}

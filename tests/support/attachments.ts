import { concat } from "../../lib/core/bytes.ts";
import { crc32, deflateSync } from "node:zlib";
import { createHash } from "node:crypto";
import type { Browser } from "./browser.ts";

export function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Begins an upload; the status and the answer. */
export async function begin(
  browser: Browser,
  bytes: Uint8Array,
  change: Record<string, unknown> = {},
): Promise<[number, Record<string, unknown>]> {
  const wanted = { to: "bob", name: "notes.txt", bytes: bytes.length, sha256: sha256Of(bytes), ...change };
  return await browser.post("/attachments", wanted) as [number, Record<string, unknown>];
}

/** Uploads bytes from `offset` on; the status and the answer. */
export async function append(
  browser: Browser,
  id: unknown,
  bytes: Uint8Array,
  offset = 0,
): Promise<[number, Record<string, unknown>]> {
  const response = await browser.ask(`/attachments/${id}`, {
    method: "PATCH",
    headers: { "upload-offset": String(offset), "content-type": "application/octet-stream" },
    body: bytes as Uint8Array<ArrayBuffer>,
  });
  return [response.status, JSON.parse(await response.text())];
}

/** Leaves a file; its id, and the text of the message about it. */
export async function leave(
  browser: Browser,
  bytes: Uint8Array,
  change: Record<string, unknown> = {},
): Promise<{ readonly id: string; readonly text: string }> {
  const [status, { id }] = await begin(browser, bytes, change);
  const [done, { text }] = await append(browser, id, bytes);
  if (status !== 201 || done !== 200) throw new Error(`begun with ${status}, uploaded with ${done}`);
  return { id: id as string, text: text as string };
}

/** Fetches a file; the status, its bytes and the headers. */
export async function fetched(
  browser: Browser,
  id: string,
  headers: Record<string, string> = {},
): Promise<[number, Uint8Array, Headers]> {
  const response = await browser.ask(`/attachments/${id}`, { headers });
  return [response.status, new Uint8Array(await response.arrayBuffer()), response.headers];
}

/** The beginning of a PNG of this size; more is not needed to know its size. */
export function pngHeader(width: number, height: number): Uint8Array {
  const bytes = new Uint8Array(33);
  bytes.set([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]);
  const view = new DataView(bytes.buffer);
  view.setUint32(16, width);
  view.setUint32(20, height);
  bytes.set([8, 2], 24);
  return bytes;
}

/** A whole PNG of this size, all black, one bit a pixel: ten thousand pixels a side are twelve kilobytes. */
export function png(width: number, height: number): Uint8Array {
  const rows = new Uint8Array((Math.ceil(width / 8) + 1) * height);
  const header = pngHeader(width, height).slice(16, 29);
  header.set([1, 0], 8);
  const begin = pngHeader(1, 1).slice(0, 8);
  return concat([begin, chunk("IHDR", header), chunk("IDAT", deflateSync(rows)), chunk("IEND", new Uint8Array(0))]);
}

function chunk(kind: string, content: Uint8Array): Uint8Array {
  const body = concat([new TextEncoder().encode(kind), content]);
  const chunk = new Uint8Array(body.length + 8);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, content.length);
  chunk.set(body, 4);
  view.setUint32(body.length + 4, crc32(body));
  return chunk;
}

import { reason } from "../core/reason.ts";
import type { RequestBody } from "../http/request_body.ts";
import { jsonResponse } from "../http/responses.ts";
import { concat } from "../core/bytes.ts";
import { ATTACHMENT_PIECE_BYTES } from "../protocols/transfer/attachment.ts";
import type { FileRequests } from "./file_requests.ts";

const ASKED = ["range", "upload-offset", "content-type"];
const ANSWERED = ["content-type", "content-range", "content-disposition", "content-security-policy", "etag"];

/**
 * Files at the server for a client's own page: forwards its requests with a ticket of this client's session, in pieces that are
 * held in memory.
 */
export class PageFiles {
  constructor(readonly requests: FileRequests) {}

  /** The longest body of such a request. */
  streamedBytes(method: string): number {
    return method === "PATCH" ? ATTACHMENT_PIECE_BYTES : 0;
  }

  /** The largest file that can be left at the server; 0 where none can, or the server's page cannot be reached. */
  async mostBytes(): Promise<number> {
    if (!this.requests.isOffered) return 0;
    try {
      const { attachmentBytes } = await (await this.requests.fetch("/about", {})).json();
      return typeof attachmentBytes === "number" ? attachmentBytes : 0;
    } catch {
      return 0;
    }
  }

  /** Answers a request whose path begins with `/attachments`. */
  async answer(request: Request, body: RequestBody | undefined): Promise<Response> {
    const { method, signal } = request;
    const { pathname } = new URL(request.url);
    const headers: Record<string, string> = {};
    for (const name of ASKED) {
      const value = request.headers.get(name);
      if (value !== null) headers[name] = value;
    }
    try {
      const sent = method === "GET" || method === "DELETE" ? {} : { body: await bodyOf(request, body) };
      const path = pathname.slice("/attachments".length);
      const response = await this.requests.request(path, { method, headers, signal, ...sent });
      return await passedOn(response);
    } catch (error) {
      return jsonResponse({ why: reason(error) }, 502);
    }
  }
}

async function bodyOf(request: Request, body: RequestBody | undefined): Promise<Uint8Array<ArrayBuffer>> {
  if (!body) return await request.bytes();
  const parts: Uint8Array[] = [];
  for (let part; (part = await body.read()) !== undefined;) parts.push(part);
  return concat(parts);
}

/** The server's answer for the page. */
async function passedOn(response: Response): Promise<Response> {
  if (Number(response.headers.get("content-length")) > ATTACHMENT_PIECE_BYTES) {
    await response.body?.cancel();
    return jsonResponse({ why: `expected a range of at most ${ATTACHMENT_PIECE_BYTES} bytes` }, 413);
  }
  const headers = new Headers();
  for (const name of ANSWERED) {
    const value = response.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const { status } = response;
  return new Response(status === 204 ? null : await response.bytes(), { status, headers });
}

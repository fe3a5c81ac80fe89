import type { Target } from "../chat/entry.ts";
import { type Address, networkOf } from "../core/address.ts";
import { UserError } from "../core/errors.ts";
import { safeName } from "../core/file_names.ts";
import { isShown } from "../core/image_header.ts";
import { RateLimiters } from "../core/limiters.ts";
import type { Limits } from "../core/limits.ts";
import { log } from "../core/log.ts";
import { reason } from "../core/reason.ts";
import { attachmentDisposition, hasTag, requestedRange } from "../http/ranges.ts";
import { BrokenBody, type RequestBody } from "../http/request_body.ts";
import { jsonResponse, plainText, readJsonBody } from "../http/responses.ts";
import type { Answer } from "../http/site.ts";
import { clock } from "../net/clock.ts";
import { ATTACHMENT_ID, attachmentText, SHA256_HEX } from "../protocols/transfer/attachment.ts";
import type { AttachmentRow } from "../store/attachment_index.ts";
import type { Appended, AttachmentStore } from "../store/attachment_store.ts";
import type { AttachmentLinks } from "./attachment_links.ts";

/** Characters of a name as it is given; a safe name is shorter. */
const NAME_CHARACTERS = 1024;
/** Downloads of one user at the same time; a browser has six connections to a server. */
const DOWNLOADS = 8;
/** The policy of a response that is saved and not shown: nothing in it runs, even if a browser mistakes its type. */
const SANDBOX = "default-src 'none'; sandbox";

export interface AttachmentSiteParts {
  readonly store: AttachmentStore;
  readonly limits: Limits;
  /** Why a user cannot send a text there; undefined if they can. */
  readonly sayFault: (from: string, to: Target, text: string) => string | undefined;
  readonly isIn: (name: string, room: string) => boolean;
  /** The addresses that clients of the handouts get. */
  readonly links: Pick<AttachmentLinks, "idOf">;
}

/**
 * Files that users leave for the members of a conversation, over HTTP.
 *
 * 1. Only users who may send a text there can leave a file there, and only members can fetch it; for others it does not exist.
 * 2. A response with content is saved, not shown: its type is that of an image, by its first bytes, or no type at all.
 */
export class AttachmentSite {
  readonly #parts: AttachmentSiteParts;
  readonly #begun: RateLimiters;
  /** Downloads under way, by user, or by network where no user is known. */
  readonly #downloads = new Map<string, number>();

  constructor(parts: AttachmentSiteParts) {
    this.#parts = parts;
    const { attachmentsPerMinute, failureEntries } = parts.limits;
    this.#begun = new RateLimiters(attachmentsPerMinute, attachmentsPerMinute / 60, failureEntries);
  }

  /** The longest body of a request that is streamed. */
  streamedBytes(method: string, target: string): number {
    return method === "PATCH" && /^\/attachments\/[0-9a-f]{32}$/.test(target) ? this.#parts.limits.attachmentBytes : 0;
  }

  /** Answers a request of a user whose path begins with `/attachments`. */
  async answer(request: Request, user: string, body: RequestBody | undefined): Promise<Answer> {
    const { pathname } = new URL(request.url);
    if (pathname === "/attachments" && request.method === "POST") return await this.#begin(request, user);
    const [, id = ""] = /^\/attachments\/([^/]*)$/.exec(pathname) ?? [];
    if (!ATTACHMENT_ID.test(id)) return noSuchFile();
    switch (request.method) {
      case "GET":
      case "HEAD":
        return await this.#content(request, user, id);
      case "PATCH":
        return await this.#append(request, user, id, body);
      case "DELETE":
        return this.#remove(user, id);
      default:
        return plainText("Files are left with POST and PATCH, and fetched with GET.", 405);
    }
  }

  async #begin(request: Request, owner: string): Promise<Response> {
    const fields = await readJsonBody(request);
    if (typeof fields === "string") return refused(400, fields);
    const { to, room, name, bytes, sha256 } = fields;
    const target = typeof to === "string" ? { user: to } : typeof room === "string" ? { room } : undefined;
    if (!target || typeof name !== "string" || name === "" || name.length > NAME_CHARACTERS) {
      return refused(400, 'expected "to" or "room", and "name", all text');
    }
    if (!Number.isSafeInteger(bytes) || (bytes as number) < 0 || typeof sha256 !== "string") {
      return refused(400, 'expected "bytes", a whole number, and "sha256", a text');
    }
    if (!SHA256_HEX.test(sha256)) return refused(400, 'expected "sha256" in 64 hexadecimal digits');
    const why = this.#parts.sayFault(owner, target, "a file");
    if (why !== undefined) return refused(403, why);
    if (!this.#begun.take(owner, clock())) {
      return refused(
        429,
        `you have begun ${this.#parts.limits.attachmentsPerMinute} files within a minute; wait a while`,
      );
    }
    const wanted = { owner, to: target, name: safeName(name), bytes: bytes as number, sha256 };
    try {
      return jsonResponse(this.#parts.store.begin(wanted, Date.now()), 201);
    } catch (error) {
      if (error instanceof UserError) return refused(413, error.message);
      return this.#failed("keep", error);
    }
  }

  async #append(request: Request, user: string, id: string, body: RequestBody | undefined): Promise<Response> {
    const { store } = this.#parts;
    const row = store.upload(id);
    if (row?.owner !== user) return noSuchFile();
    if (store.isBusy(id)) return refused(409, "the same file is just being uploaded by another request");
    const offset = request.headers.get("upload-offset") ?? "";
    if (!/^\d{1,15}$/.test(offset)) return refused(400, "expected the header upload-offset, a whole number");
    let appended: Appended;
    try {
      appended = await store.append(row, Number(offset), () => body?.read() ?? Promise.resolve(undefined), Date.now());
    } catch (error) {
      if (error instanceof BrokenBody) return refused(400, error.message);
      return this.#failed("keep", error);
    }
    switch (appended.type) {
      case "more":
        return jsonResponse({ offset: appended.offset }, appended.offset < Number(offset) ? 409 : 200);
      case "wrong":
        return refused(422, "what has arrived is not what was announced; nothing of it is kept");
      case "complete":
        return jsonResponse({ offset: row.bytes, text: textOf(appended.row) });
    }
  }

  async #content(request: Request, user: string, id: string): Promise<Answer> {
    const row = this.#parts.store.find(id);
    return row && this.#mayFetch(user, row) ? await this.#send(request, row, user) : noSuchFile();
  }

  /** Answers a request for a file by an address that a client of a handout was told; downloads are counted by network. */
  async answerLink(request: Request, token: string, from: Address): Promise<Answer> {
    const id = this.#parts.links.idOf(token);
    const row = id === undefined ? undefined : this.#parts.store.find(id);
    if (!row) return plainText("There is no such file, or its address is not valid any more.", 404);
    return await this.#send(request, row, `at ${networkOf(from.hostname)}`);
  }

  /** Sends a file; `by` is who downloads it. */
  async #send(request: Request, row: AttachmentRow, by: string): Promise<Answer> {
    const tag = `"${row.sha256}"`;
    const headers = new Headers({
      "accept-ranges": "bytes",
      "cache-control": "private, no-cache",
      "content-disposition": attachmentDisposition(row.name),
      "content-security-policy": SANDBOX,
      "content-type": row.image && isShown(row.image) ? `image/${row.image.kind}` : "application/octet-stream",
      etag: tag,
    });
    if (hasTag(request.headers, tag)) return new Response(null, { status: 304, headers });
    const range = requestedRange(request.headers, row.bytes, tag);
    if (range === "none") {
      headers.set("content-range", `bytes */${row.bytes}`);
      return new Response(null, { status: 416, headers });
    }
    const { start, bytes } = range === "all" ? { start: 0, bytes: row.bytes } : range;
    if (range !== "all") headers.set("content-range", `bytes ${start}-${start + bytes - 1}/${row.bytes}`);
    const under = this.#downloads.get(by) ?? 0;
    if (under >= DOWNLOADS) return refused(429, `you fetch ${under} files at the same time, the most allowed`);
    this.#downloads.set(by, under + 1);
    let file: Deno.FsFile;
    try {
      file = await this.#parts.store.openContent(row);
      if (start > 0) await file.seek(start, Deno.SeekMode.Start);
    } catch (error) {
      this.#release(by);
      return this.#failed("read", error);
    }
    return {
      type: "download",
      head: new Response(null, { status: range === "all" ? 200 : 206, headers }),
      bytes,
      read: async (into) => await file.read(into) ?? undefined,
      close: () => {
        file.close();
        this.#release(by);
      },
    };
  }

  #remove(user: string, id: string): Response {
    const { store } = this.#parts;
    const row = store.find(id) ?? store.upload(id);
    if (row?.owner !== user) return noSuchFile();
    if (store.isBusy(id)) return refused(409, "the file is just being uploaded");
    store.remove(row);
    return new Response(null, { status: 204 });
  }

  #mayFetch(user: string, { owner, to }: AttachmentRow): boolean {
    if ("room" in to) return this.#parts.isIn(user, to.room);
    return user === owner || user === to.user;
  }

  #release(by: string): void {
    const left = this.#downloads.get(by)! - 1;
    if (left > 0) this.#downloads.set(by, left);
    else this.#downloads.delete(by);
  }

  /** A disk error, such as a full disk, which is logged. */
  #failed(what: "keep" | "read", error: unknown): Response {
    log.error(`web: cannot ${what} a file that a user leaves: ${reason(error)}`);
    return refused(what === "keep" ? 507 : 500, `the server cannot ${what} the file: ${reason(error)}`);
  }
}

function textOf({ id, name, bytes, sha256, image }: AttachmentRow): string {
  return attachmentText({ id, name, bytes, sha256, image: image && isShown(image) ? image : undefined });
}

function noSuchFile(): Response {
  return refused(404, "there is no such file for you");
}

function refused(status: number, why: string): Response {
  return jsonResponse({ why }, status);
}

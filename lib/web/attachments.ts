import type { Target } from "../chat/entry.ts";
import { encodeHex } from "../core/bytes.ts";
import { safeName } from "../core/file_names.ts";
import { isShown, readImageHeader } from "../core/image_header.ts";
import { type Attachment, ATTACHMENT_PIECE_BYTES } from "../protocols/transfer/attachment.ts";
import type { FileView } from "./file_view.ts";
import { errorText } from "./format.ts";
import { keyHeaders } from "./page_key.ts";
import { Sha256 } from "./sha256.ts";
import { chatTexts, sharedTexts } from "./texts.ts";

/** Bytes that are hashed at once; about five milliseconds, in which the page does nothing else. */
const HASHED_BYTES = 512 * 1024;
/** Attempts of one request, and the time between two. */
const ATTEMPTS = 8;
const RETRY_MS = 1000;
/** Images that the page holds; the one that was shown first goes first. */
const IMAGES = 40;

export interface AttachmentsOptions {
  readonly show: (file: FileView) => void;
  /** Downloads a file; the address under which the page still has it. */
  readonly save: (file: Blob, name: string) => string;
}

/** Why a request was refused: there is no use in trying again. */
class Refusal extends Error {}

/**
 * Leaves files at the server and fetches them, in pieces.
 *
 * 1. A file is hashed before it leaves, and what was fetched is saved only with the SHA-256 that its message says.
 * 2. A request that fails is repeated from where it was; one that is refused ends it, with the server's reason.
 */
export class Attachments {
  readonly #options: AttachmentsOptions;
  readonly #underWay = new Map<string, AbortController>();
  /** Addresses of images, by the id of the attachment. */
  readonly #images = new Map<string, Promise<string>>();

  constructor(options: AttachmentsOptions) {
    this.#options = options;
  }

  /** Whether closing the page would interrupt an upload or a download. */
  get isBusy(): boolean {
    return this.#underWay.size > 0;
  }

  /** Leaves a file for the members of a conversation; the text that says so. `progress`: how many bytes were read, or sent. */
  async leave(
    file: File,
    to: Target,
    signal: AbortSignal,
    progress: (what: "reading" | "sending", done: number) => void,
  ): Promise<string> {
    const key = crypto.randomUUID?.() ?? `${performance.now()}`;
    this.#underWay.set(key, new AbortController());
    try {
      const sha256 = await hashOf(file, signal, (done) => progress("reading", done));
      const place = "user" in to ? { to: to.user } : { room: to.room };
      const begun = await requested("/attachments", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ ...place, name: file.name, bytes: file.size, sha256 }),
        signal,
      });
      const { id, offset } = await begun.json();
      for (let at: number = offset;;) {
        progress("sending", at);
        const piece = file.slice(at, at + ATTACHMENT_PIECE_BYTES);
        const headers = { "upload-offset": String(at), "content-type": "application/octet-stream" };
        const said = await (await requested(`/attachments/${id}`, { method: "PATCH", headers, body: piece, signal }))
          .json();
        if (typeof said.text === "string") return said.text;
        at = said.offset;
      }
    } finally {
      this.#underWay.delete(key);
    }
  }

  /** Fetches a file, verifies it and saves it. */
  async fetch(attachment: Attachment): Promise<void> {
    const { id, bytes } = attachment;
    if (this.#underWay.has(id)) return;
    const control = new AbortController();
    this.#underWay.set(id, control);
    const began = performance.now();
    try {
      const file = await fetched(attachment, control.signal, (done) => {
        const rate = done / Math.max(1, performance.now() - began) * 1000;
        this.#show(attachment, { state: "moving", text: chatTexts.fromServer, done, rate });
      });
      const url = this.#options.save(file, safeName(attachment.name));
      this.#show(attachment, { state: "received", text: chatTexts.verified, done: bytes, url });
    } catch (error) {
      const text = control.signal.aborted ? chatTexts.stopped : errorText(error);
      this.#show(attachment, { state: "failed", text });
    } finally {
      this.#underWay.delete(id);
    }
  }

  stop(id: string): void {
    this.#underWay.get(id)?.abort();
  }

  /** Removes an own file from the server; undefined when it is gone, else why it is not. */
  async remove({ id }: Attachment): Promise<string | undefined> {
    try {
      await requested(`/attachments/${id}`, { method: "DELETE" }, 404);
      return undefined;
    } catch (error) {
      return errorText(error);
    }
  }

  /** The address of an image; rejects unless it is one that is shown, by its own bytes. */
  image(attachment: Attachment): Promise<string> {
    const known = this.#images.get(attachment.id);
    if (known) return known;
    const image = shownImage(attachment);
    this.#images.set(attachment.id, image);
    image.catch(() => this.#images.delete(attachment.id));
    const [oldest] = this.#images;
    if (oldest && this.#images.size > IMAGES) {
      this.#images.delete(oldest[0]);
      void oldest[1].then((url) => URL.revokeObjectURL(url), () => {});
    }
    return image;
  }

  /** The page belongs to another user now. */
  close(): void {
    for (const control of this.#underWay.values()) control.abort();
    for (const image of this.#images.values()) void image.then((url) => URL.revokeObjectURL(url), () => {});
    this.#images.clear();
  }

  #show({ id, name, bytes }: Attachment, change: Pick<FileView, "state" | "text"> & Partial<FileView>): void {
    this.#options.show({ id, name, bytes, done: 0, rate: 0, url: undefined, ...change });
  }
}

/** An image that is shown: what its message says of it is what its bytes say. */
async function shownImage(attachment: Attachment): Promise<string> {
  const file = await fetched(attachment, undefined, () => {});
  const header = readImageHeader(new Uint8Array(await file.arrayBuffer()));
  const { image } = attachment;
  const isSaid = header?.kind === image?.kind && header?.width === image?.width && header?.height === image?.height;
  if (!header || !isSaid || !isShown(header)) throw new Refusal(chatTexts.otherImage);
  return URL.createObjectURL(new Blob([file], { type: `image/${header.kind}` }));
}

/** A whole file, verified. The browser keeps its pieces in memory or on disk. */
async function fetched(
  { id, bytes, sha256 }: Attachment,
  signal: AbortSignal | undefined,
  progress: (done: number) => void,
): Promise<Blob> {
  const hash = new Sha256();
  const pieces: Blob[] = [];
  for (let at = 0; at < bytes;) {
    progress(at);
    const last = Math.min(at + ATTACHMENT_PIECE_BYTES, bytes) - 1;
    const init = { headers: { range: `bytes=${at}-${last}` }, ...(signal ? { signal } : {}) };
    const piece = await requested(`/attachments/${id}`, init, undefined, (response) => response.blob());
    if (piece.size !== last - at + 1) throw new Refusal(chatTexts.otherFile);
    await addTo(hash, piece, signal);
    pieces.push(piece);
    at += piece.size;
  }
  if (encodeHex(hash.digest()) !== sha256) {
    throw new Refusal(chatTexts.damagedFile);
  }
  return new Blob(pieces);
}

async function hashOf(file: Blob, signal: AbortSignal, progress: (done: number) => void): Promise<string> {
  const hash = new Sha256();
  await addTo(hash, file, signal, progress);
  return encodeHex(hash.digest());
}

async function addTo(
  hash: Sha256,
  file: Blob,
  signal: AbortSignal | undefined,
  progress: (done: number) => void = () => {},
): Promise<void> {
  for (let at = 0; at < file.size; at += HASHED_BYTES) {
    signal?.throwIfAborted();
    hash.update(new Uint8Array(await file.slice(at, at + HASHED_BYTES).arrayBuffer()));
    progress(Math.min(file.size, at + HASHED_BYTES));
  }
}

function requested(path: string, init: RequestInit, accepted?: number): Promise<Response>;
function requested<T>(
  path: string,
  init: RequestInit,
  accepted: number | undefined,
  read: (response: Response) => Promise<T>,
): Promise<T>;
/** The answer to a request, which is repeated while there is none; throws a `Refusal` with the server's reason. */
async function requested(
  path: string,
  init: RequestInit,
  accepted?: number,
  read: (response: Response) => Promise<unknown> = (response) => Promise.resolve(response),
): Promise<unknown> {
  for (let attempt = 1;; attempt++) {
    try {
      const response = await fetch(path, { ...init, headers: { ...init.headers, ...keyHeaders() }, cache: "no-store" });
      if (response.ok || response.status === accepted) return await read(response);
      const said = await response.json().catch(() => ({}));
      // An upload that stands elsewhere says where.
      if (response.status === 409 && typeof said.offset === "number") return new Response(JSON.stringify(said));
      const why = typeof said.why === "string" ? said.why : sharedTexts.answeredWith(response.status);
      // 502: a client's own page is told that its client has not reached the server.
      if (![409, 502, 503].includes(response.status) || attempt === ATTEMPTS) throw new Refusal(why);
    } catch (error) {
      if (error instanceof Refusal || init.signal?.aborted || attempt === ATTEMPTS) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

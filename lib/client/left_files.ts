import { basename } from "@std/path";
import type { Target } from "../chat/entry.ts";
import { safeName } from "../core/file_names.ts";
import { UserError } from "../core/errors.ts";
import { reason } from "../core/reason.ts";
import { clock } from "../net/clock.ts";
import { type Attachment, ATTACHMENT_PIECE_BYTES, readAttachment } from "../protocols/transfer/attachment.ts";
import type { FileEvent, TransferItem } from "../protocols/transfer/event.ts";
import type { OfferMessage } from "../protocols/transfer/transfers.ts";
import { FetchedFile, OutgoingFile } from "../store/left_file.ts";
import type { FileRequests } from "./file_requests.ts";
import type { TransferRunner } from "./transfer/runner.ts";

/** Cap on files at the server that can be fetched by number; the oldest are dropped first. */
const KNOWN = 500;
/** Between two lines of progress. */
const SHOW_MS = 250;

export interface LeftFilesOptions {
  readonly downloads: string;
  readonly requests: FileRequests;
  readonly show: (event: FileEvent) => void;
  readonly problem: (why: string) => void;
  readonly say: (to: Target, text: string) => void;
  /** The numbers of all files of this client. */
  readonly numbers: () => TransferRunner["numbers"] | undefined;
}

type Incoming = { readonly attachment: Attachment; readonly from: string; readonly item: TransferItem };
/** The answer of a server to the announcement of a file. */
type Begun = { readonly id: string; readonly offset: number };

/**
 * Files at the server, for a terminal: leaves them, and fetches those of others, over HTTP with a ticket of the session.
 *
 * 1. A download is a `.part` file until its SHA-256 is that of its message; then it gets its name.
 * 2. An interrupted upload or download goes on where it was when it is asked for again.
 */
export class LeftFiles {
  readonly #options: LeftFilesOptions;
  /** Files by id. */
  readonly #incoming = new Map<string, Incoming>();
  /** Uploads and downloads under way, by id. */
  readonly #controls = new Map<string, AbortController>();
  /** Uploads without an id yet. */
  readonly #beginning = new Set<AbortController>();

  constructor(options: LeftFilesOptions) {
    this.#options = options;
  }

  get isActive(): boolean {
    return this.#controls.size + this.#beginning.size > 0;
  }

  /** Whether files can be left. */
  get isOffered(): boolean {
    return this.#options.requests.isOffered;
  }

  /** A message of the chat; returns whether it is a file at the server, and shown as one. */
  heard({ from, to, text }: OfferMessage, own: boolean): boolean {
    const attachment = own ? undefined : readAttachment(text);
    if (!attachment) return false;
    if (this.#incoming.has(attachment.id)) return true;
    const incoming = { attachment, from, item: this.#itemOf(attachment, `from ${from}`) };
    this.#incoming.set(attachment.id, incoming);
    if (this.#incoming.size > KNOWN) this.#forget(this.#incoming.keys().next().value!);
    this.#options.show({ type: "offered", ...incoming.item, from, to, unanswered: 1, isLeft: true });
    return true;
  }

  /** Whether an id is that of a file at the server. */
  has(id: string): boolean {
    return this.#incoming.has(id) || this.#controls.has(id);
  }

  refuse(id: string): void {
    this.stop(id);
    this.#forget(id);
  }

  stop(id: string): void {
    this.#controls.get(id)?.abort();
  }

  close(): void {
    for (const control of [...this.#beginning, ...this.#controls.values()]) control.abort();
  }

  /** Fetches a file of another user. */
  async accept(id: string): Promise<void> {
    const incoming = this.#incoming.get(id);
    if (!incoming || this.#controls.has(id)) return;
    const { attachment, from, item } = incoming;
    await this.#perform(id, item, from, async (progress, signal) => {
      const path = await this.#fetch(attachment, progress, signal);
      this.#forget(id);
      this.#options.show({ type: "received", ...item, from, path });
    });
  }

  /** Leaves a file for a user or a room. */
  async leave(path: string, to: Target): Promise<void> {
    const { show, say, problem } = this.#options;
    let file: OutgoingFile;
    try {
      file = await OutgoingFile.open(path);
    } catch (error) {
      return problem(error instanceof UserError ? error.message : `cannot read ${path}: ${reason(error)}`);
    }
    using _file = file;
    const control = new AbortController();
    this.#beginning.add(control);
    const other = "user" in to ? to.user : to.room;
    const named = { name: safeName(basename(path)), bytes: file.bytes };
    let begun: Begun;
    try {
      begun = await this.#begin(file, named, to, control.signal);
      if (this.#controls.has(begun.id)) throw new UserError("it is being left there already");
    } catch (error) {
      return problem(`${named.name} is not left at the server for ${other}: ${whyOf(error, control)}`);
    } finally {
      this.#beginning.delete(control);
    }
    const item = this.#itemOf({ ...named, id: begun.id }, `to ${other}`);
    await this.#perform(begun.id, item, other, async (progress, signal) => {
      const text = await this.#upload(file, begun, progress, signal);
      show({ type: "left", ...item, to });
      say(to, text);
    }, control);
  }

  #itemOf({ id, name, bytes }: Pick<Attachment, "id" | "name" | "bytes">, whose: string): TransferItem {
    const n = this.#options.numbers()?.take(id, `${name} ${whose}`) ?? 0;
    return { n, name, bytes, files: undefined };
  }

  #forget(id: string): void {
    this.#incoming.delete(id);
    this.#options.numbers()?.release(id);
  }

  async #perform(
    id: string,
    item: TransferItem,
    other: string,
    act: (progress: (sends: boolean, done: number) => void, signal: AbortSignal) => Promise<void>,
    control = new AbortController(),
  ): Promise<void> {
    const { show } = this.#options;
    this.#controls.set(id, control);
    let [beganAt, shownAt] = [clock(), -Infinity];
    const progress = (sends: boolean, done: number) => {
      const now = clock();
      if (now - shownAt < SHOW_MS) return;
      if (shownAt === -Infinity) beganAt = now;
      shownAt = now;
      show({ type: "progress", ...item, with: other, sends, done, rate: done / Math.max(1, now - beganAt) * 1000 });
    };
    try {
      await act(progress, control.signal);
    } catch (error) {
      const why = whyOf(error, control);
      show({ type: "fileFailed", ...item, with: other, why, canRetry: this.#incoming.has(id) });
    } finally {
      this.#controls.delete(id);
    }
  }

  /** Announces a file to the server, which gives it an id, and knows how much of it has arrived before. */
  async #begin(
    file: OutgoingFile,
    named: Pick<Attachment, "name" | "bytes">,
    to: Target,
    signal: AbortSignal,
  ): Promise<Begun> {
    const sha256 = await file.sha256();
    const place = "user" in to ? { to: to.user } : { room: to.room };
    const body = JSON.stringify({ ...place, ...named, sha256 });
    const json = { "content-type": "application/json" };
    return await (await this.#request("", { method: "POST", headers: json, body, signal })).json();
  }

  /** Sends the bytes that the server lacks; returns the text of the message about the file. */
  async #upload(
    file: OutgoingFile,
    begun: Begun,
    progress: (sends: boolean, done: number) => void,
    signal: AbortSignal,
  ): Promise<string> {
    const piece = new Uint8Array(ATTACHMENT_PIECE_BYTES);
    for (let at = begun.offset;;) {
      progress(true, at);
      const length = await file.read(piece, at);
      const init = { method: "PATCH", headers: { "upload-offset": `${at}` }, body: piece.slice(0, length), signal };
      const said = await (await this.#request(`/${begun.id}`, init)).json();
      if (typeof said.text === "string") return said.text;
      if (!(said.offset > at) || length === 0) throw new UserError("the file has become shorter");
      at = said.offset;
    }
  }

  async #fetch(
    { id, name, bytes, sha256 }: Attachment,
    progress: (sends: boolean, done: number) => void,
    signal: AbortSignal,
  ): Promise<string> {
    using file = await FetchedFile.open(this.#options.downloads, name, id, bytes);
    if (file.at < bytes) {
      const response = await this.#request(`/${id}`, { headers: { range: `bytes=${file.at}-` }, signal });
      if (response.status !== 206) throw new UserError("the server has another file");
      for await (const part of response.body!) {
        await file.add(part);
        progress(false, file.at);
      }
    }
    return await file.finish(bytes, sha256);
  }

  async #request(path: string, init: RequestInit): Promise<Response> {
    const response = await this.#options.requests.request(path, init);
    if (response.ok) return response;
    const { why } = await response.json().catch(() => ({}));
    throw new UserError(typeof why === "string" ? why : `the server has answered with ${response.status}`);
  }
}

function whyOf(error: unknown, { signal }: AbortController): string {
  return signal.aborted ? "stopped" : reason(error);
}

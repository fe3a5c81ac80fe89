import { basename } from "@std/path";
import type { Target } from "../chat/entry.ts";
import { safeName } from "../core/file_names.ts";
import { UserError } from "../core/errors.ts";
import { reason } from "../core/reason.ts";
import { clock } from "../net/clock.ts";
import { type Attachment, readAttachment } from "../protocols/transfer/attachment.ts";
import type { FileEvent, TransferItem } from "../protocols/transfer/event.ts";
import type { OfferMessage } from "../protocols/transfer/transfers.ts";
import { FetchedFile, OutgoingFile } from "../store/left_file.ts";

/** Bytes of one request of an upload. */
const PIECE_BYTES = 4 * 1024 * 1024;
/** Files at the server that can be fetched by their number; the oldest go first. */
const KNOWN = 500;
/** Between two lines of progress. */
const SHOW_MS = 250;
const SERVER = "the server";

export interface LeftFilesOptions {
  /** The server's host, as the user has named it. */
  readonly host: string;
  readonly downloads: string;
  /** Asks the server for a ticket; `ticket` or `noTicket` is called with the answer. */
  readonly askTicket: () => void;
  readonly show: (event: FileEvent) => void;
  readonly problem: (why: string) => void;
  readonly say: (to: Target, text: string) => void;
  /** A number that no offer has. */
  readonly number: () => number;
}

type Incoming = { readonly attachment: Attachment; readonly from: string };

/**
 * Files at the server, for a terminal: leaves them, and fetches those of others, over HTTP with a ticket of the session.
 *
 * 1. What arrives is in the downloads as a `.part`, and gets its name once it has the SHA-256 of its message.
 * 2. An interrupted upload or download goes on where it was when it is asked for again.
 */
export class LeftFiles {
  readonly #options: LeftFilesOptions;
  /** Where the server takes files, such as "http:2080"; undefined where it takes none. */
  #at: string | undefined;
  readonly #incoming = new Map<number, Incoming>();
  readonly #controls = new Map<number, AbortController>();
  #waiting: { readonly resolve: (ticket: string) => void; readonly reject: (error: Error) => void }[] = [];

  constructor(options: LeftFilesOptions) {
    this.#options = options;
  }

  get isActive(): boolean {
    return this.#controls.size > 0;
  }

  /** Whether files can be left. */
  get isOffered(): boolean {
    return this.#at !== undefined;
  }

  loggedIn(at: string | undefined): void {
    this.#at = at;
  }

  ticket(ticket: string): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve(ticket);
  }

  noTicket(why: string): void {
    for (const { reject } of this.#waiting.splice(0)) reject(new UserError(why));
  }

  /** A message of the chat; returns whether it is a file at the server, and shown as one. */
  heard({ from, to, text }: OfferMessage, own: boolean): boolean {
    const attachment = own ? undefined : readAttachment(text);
    if (!attachment) return false;
    for (const known of this.#incoming.values()) if (known.attachment.id === attachment.id) return true;
    const n = this.#options.number();
    this.#incoming.set(n, { attachment, from });
    if (this.#incoming.size > KNOWN) this.#incoming.delete(this.#incoming.keys().next().value!);
    this.#options.show({ type: "offered", ...itemOf(n, attachment), from, to, unanswered: 1, isLeft: true });
    return true;
  }

  /** Whether a number is that of a file at the server. */
  has(n: number): boolean {
    return this.#incoming.has(n) || this.#controls.has(n);
  }

  refuse(n: number): void {
    this.stop(n);
    this.#incoming.delete(n);
  }

  stop(n: number): void {
    this.#controls.get(n)?.abort();
  }

  close(): void {
    for (const control of this.#controls.values()) control.abort();
  }

  /** Fetches a file of another user. */
  async accept(n: number): Promise<void> {
    const incoming = this.#incoming.get(n);
    if (!incoming || this.#controls.has(n)) return;
    const { attachment, from } = incoming;
    await this.#perform(itemOf(n, attachment), from, async (progress, signal) => {
      const path = await this.#fetch(attachment, progress, signal);
      this.#incoming.delete(n);
      this.#options.show({ type: "received", ...itemOf(n, attachment), from, path });
    });
  }

  /** Leaves a file for a user or a room. */
  async leave(path: string, to: Target): Promise<void> {
    const { show, say, number } = this.#options;
    let file: OutgoingFile;
    try {
      file = await OutgoingFile.open(path);
    } catch (error) {
      return this.#options.problem(
        error instanceof UserError ? error.message : `cannot read ${path}: ${reason(error)}`,
      );
    }
    using _file = file;
    const item: TransferItem = { n: number(), name: safeName(basename(path)), bytes: file.bytes, files: undefined };
    await this.#perform(item, "user" in to ? to.user : to.room, async (progress, signal) => {
      const text = await this.#leave(file, item, to, progress, signal);
      show({ type: "left", ...item, to });
      say(to, text);
    });
  }

  async #perform(
    item: TransferItem,
    other: string,
    act: (progress: (sends: boolean, done: number) => void, signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const { show } = this.#options;
    const control = new AbortController();
    this.#controls.set(item.n, control);
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
      const why = control.signal.aborted ? "stopped" : reason(error);
      show({ type: "fileFailed", ...item, with: other, why, canRetry: this.#incoming.has(item.n) });
    } finally {
      this.#controls.delete(item.n);
    }
  }

  async #leave(
    file: OutgoingFile,
    { name, bytes }: TransferItem,
    to: Target,
    progress: (sends: boolean, done: number) => void,
    signal: AbortSignal,
  ): Promise<string> {
    const sha256 = await file.sha256();
    const place = "user" in to ? { to: to.user } : { room: to.room };
    const body = JSON.stringify({ ...place, name, bytes, sha256 });
    const json = { "content-type": "application/json" };
    const begun = await (await this.#request("", { method: "POST", headers: json, body, signal })).json();
    const piece = new Uint8Array(PIECE_BYTES);
    for (let at: number = begun.offset;;) {
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
    if (this.#at === undefined) throw new UserError("this server takes no files");
    const [scheme, port] = this.#at.split(":");
    const { host } = this.#options;
    const ticket = await new Promise<string>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      if (this.#waiting.length === 1) this.#options.askTicket();
    });
    const place = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    let response: Response;
    try {
      const headers = { ...init.headers, authorization: `Bearer ${ticket}` };
      response = await fetch(`${scheme}://${place}/attachments${path}`, { ...init, headers });
    } catch (error) {
      init.signal?.throwIfAborted();
      const how = "the server's page must be reachable from here (server --host)";
      throw new UserError(
        `${SERVER} takes and gives files at ${place}, which cannot be reached; ${how}: ${reason(error)}`,
      );
    }
    if (response.ok) return response;
    const { why } = await response.json().catch(() => ({}));
    throw new UserError(typeof why === "string" ? why : `the server has answered with ${response.status}`);
  }
}

function itemOf(n: number, { name, bytes }: Attachment): TransferItem {
  return { n, name, bytes, files: undefined };
}

import { delay } from "@std/async/delay";
import type { Manifest } from "../protocols/transfer/manifest.ts";
import { attempt, checkNoLinks, FileError } from "./disk.ts";

/** Parallel requests keep a slow disk busy. */
const WORKERS = 2;
/** A disk that takes longer for one piece is used asynchronously for a while, so that the chat does not stall. */
const SLOW_MS = 25;
const ASYNC_MS = 250;
/** Written in one call: a usual chunk. In pieces of 64 KiB the calls alone took a third more, 350 µs a MB. */
const WRITE_BYTES = 256 * 1024;

/** Reads or writes pieces one after the other. Its file stays open until another one is needed. */
class Worker {
  #open: { readonly path: string; readonly file: Deno.FsFile; position: number } | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(readonly options: Deno.OpenOptions) {}

  /** Calls `act` once everything before it is done. */
  do<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#last.then(act);
    this.#last = done.catch(() => {});
    return done;
  }

  /** The file of a piece, positioned at it; its user moves the position behind it. */
  fileFor({ path, from, bytes, isNew, root }: Piece): Deno.FsFile {
    if (this.#open?.path !== path) {
      this.closeFile();
      if (root !== undefined) checkNoLinks(root, path);
      const file = Deno.openSync(path, isNew ? { ...this.options, create: true } : this.options);
      this.#open = { path, file, position: 0 };
      if (root !== undefined) checkNoLinks(root, path, file);
    }
    const open = this.#open!;
    if (open.position !== from) open.file.seekSync(from, Deno.SeekMode.Start);
    open.position = from + bytes.length;
    return open.file;
  }

  closeFile(): void {
    this.#open?.file.close();
    this.#open = undefined;
  }

  /** Resolves once everything is done. */
  async settled(): Promise<void> {
    await this.#last;
  }
}

/** A piece of a file, and its position there. */
export interface Piece {
  readonly path: string;
  readonly from: number;
  readonly bytes: Uint8Array;
  /** Whether the file is created if it does not exist. */
  readonly isNew?: boolean;
  /** Below this path no link is followed. */
  readonly root?: string;
}

/** The pieces of a chunk, whose bytes are to be read or written. `pathOf` is the path of an entry's file. */
export function piecesOf(
  manifest: Manifest,
  chunk: number,
  bytes: Uint8Array,
  pathOf: (entry: number) => string,
  isNew: (entry: number) => boolean = () => false,
): Piece[] {
  return manifest.slices(chunk).map(({ entry, from, at, bytes: length }) => ({
    path: pathOf(entry),
    from,
    bytes: bytes.subarray(at, at + length),
    isNew: isNew(entry),
  }));
}

/**
 * Reads or writes pieces of files: synchronously while the disk is fast, since awaiting it costs more than its work, and else
 * asynchronously.
 */
export class DiskQueue {
  readonly #workers: Worker[];
  readonly #yielder = new Yielder();
  #next = 0;
  #slowUntil = 0;

  constructor(options: Deno.OpenOptions) {
    this.#workers = Array.from({ length: WORKERS }, () => new Worker(options));
  }

  /** Fills the pieces from their files. Throws a `FileError`. */
  read(pieces: readonly Piece[]): Promise<void> {
    return this.#each("read", pieces, () => Promise.resolve(), async (file, bytes) => {
      const count = this.#isSlow ? await file.read(bytes) : this.#timed(() => file.readSync(bytes));
      if (count === null) throw new FileError("it has become shorter since it was offered; offer it again");
      return count;
    });
  }

  /** Calls `before`, then writes the pieces into their files. Throws a `FileError`. */
  write(pieces: readonly Piece[], before: () => Promise<void>): Promise<void> {
    return this.#each(
      "write",
      pieces,
      before,
      async (file, bytes) =>
        this.#isSlow ? await file.write(bytes) : this.#timed(() => file.writeSync(bytes.subarray(0, WRITE_BYTES))),
    );
  }

  /** Completes what was requested, and closes all files. */
  async close(): Promise<void> {
    for (const worker of this.#workers) {
      await worker.settled();
      worker.closeFile();
    }
  }

  get #isSlow(): boolean {
    return performance.now() < this.#slowUntil;
  }

  #timed<T>(act: () => T): T {
    const start = performance.now();
    const result = act();
    const now = performance.now();
    if (now - start > SLOW_MS) this.#slowUntil = now + ASYNC_MS;
    return result;
  }

  #each(
    action: string,
    pieces: readonly Piece[],
    before: () => Promise<void>,
    move: (file: Deno.FsFile, bytes: Uint8Array) => Promise<number>,
  ): Promise<void> {
    const worker = this.#workers[this.#isSlow ? this.#next++ % WORKERS : 0]!;
    return worker.do(async () => {
      await before();
      for (const piece of pieces) {
        const { path, bytes } = piece;
        await this.#yielder.next();
        await attempt(action, path, async () => {
          try {
            const file = worker.fileFor(piece);
            for (let moved = 0; moved < bytes.length;) moved += await move(file, bytes.subarray(moved));
          } catch (error) {
            // The position in the file is not known any more.
            worker.closeFile();
            throw error;
          }
        });
      }
    });
  }
}

/** The longest time without letting other tasks run. */
const YIELD_MS = 10;

/** Lets other tasks run from time to time. */
export class Yielder {
  #since = performance.now();

  /** Mostly returns at once. */
  async next(): Promise<void> {
    if (performance.now() - this.#since < YIELD_MS) return;
    await delay(0);
    this.#since = performance.now();
  }
}

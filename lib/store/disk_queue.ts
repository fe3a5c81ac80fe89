import { delay } from "@std/async/delay";
import { FileError } from "../protocols/transfer/file_error.ts";
import type { Manifest } from "../protocols/transfer/manifest.ts";
import { said } from "./disk_errors.ts";

/** Where a disk is waited for, two who wait keep it busy. */
const LANES = 2;
/** A disk that takes longer than this for one piece is waited for elsewhere for a while: nobody should see the chat stand still. */
const SLOW_MS = 25;
const ELSEWHERE_MS = 250;
/** Written at once; greater and smaller pieces were measured to be slower. */
const AT_ONCE_BYTES = 64 * 1024;

/** One who reads and writes files, one piece after the other. A file stays open until another is needed. */
class Lane {
  #open: { readonly path: string; readonly file: Deno.FsFile; at: number } | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(readonly options: Deno.OpenOptions) {}

  /** Does something when all before it is done. */
  do<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#last.then(act);
    this.#last = done.catch(() => {});
    return done;
  }

  /** The file of a piece, where the piece is next; what follows leaves it behind that. */
  at({ path, from, bytes, isNew }: Piece): Deno.FsFile {
    if (this.#open?.path !== path) {
      this.shut();
      this.#open = { path, file: Deno.openSync(path, isNew ? { ...this.options, create: true } : this.options), at: 0 };
    }
    const open = this.#open!;
    if (open.at !== from) open.file.seekSync(from, Deno.SeekMode.Start);
    open.at = from + bytes.length;
    return open.file;
  }

  shut(): void {
    this.#open?.file.close();
    this.#open = undefined;
  }

  /** Resolves when all is done that was to be done. */
  async settled(): Promise<void> {
    await this.#last;
  }
}

/** A piece of a file, and where it is. */
export interface Piece {
  readonly path: string;
  readonly from: number;
  readonly bytes: Uint8Array;
  /** Whether the file is made when it is not there. */
  readonly isNew?: boolean;
}

/** The pieces of a chunk, whose bytes are to be read or written; `pathOf` an entry is where its file is. */
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

/** Files that are read or written piece by piece, in the order that suits the disk. */
export class DiskQueue {
  readonly #lanes: Lane[];
  readonly #turns = new Yielder();
  #next = 0;
  #slowUntil = 0;

  constructor(options: Deno.OpenOptions) {
    this.#lanes = Array.from({ length: LANES }, () => new Lane(options));
  }

  /** Fills some pieces from their files. Fails with words for people. */
  read(pieces: readonly Piece[]): Promise<void> {
    return this.#each("read", pieces, () => Promise.resolve(), async (file, bytes) => {
      const count = this.#isSlow ? await file.read(bytes) : this.#timed(() => file.readSync(bytes));
      if (count === null) throw new FileError("it has become shorter since it was offered; offer it anew");
      return count;
    });
  }

  /** Writes some pieces into their files; `before` is done first. Fails with words for people. */
  write(pieces: readonly Piece[], before: () => Promise<void>): Promise<void> {
    return this.#each(
      "write",
      pieces,
      before,
      async (file, bytes) =>
        this.#isSlow ? await file.write(bytes) : this.#timed(() => file.writeSync(bytes.subarray(0, AT_ONCE_BYTES))),
    );
  }

  /** Does what is to be done, and lets go of all files. */
  async close(): Promise<void> {
    for (const lane of this.#lanes) {
      await lane.settled();
      lane.shut();
    }
  }

  get #isSlow(): boolean {
    return performance.now() < this.#slowUntil;
  }

  /** Waiting elsewhere costs more than a fast disk's work. */
  #timed<T>(act: () => T): T {
    const at = performance.now();
    const done = act();
    const now = performance.now();
    if (now - at > SLOW_MS) this.#slowUntil = now + ELSEWHERE_MS;
    return done;
  }

  #each(
    what: string,
    pieces: readonly Piece[],
    before: () => Promise<void>,
    move: (file: Deno.FsFile, bytes: Uint8Array) => Promise<number>,
  ): Promise<void> {
    const lane = this.#lanes[this.#isSlow ? this.#next++ % LANES : 0]!;
    return lane.do(async () => {
      await before();
      for (const piece of pieces) {
        const { path, bytes } = piece;
        await this.#turns.next();
        await said(what, path, async () => {
          try {
            const file = lane.at(piece);
            for (let moved = 0; moved < bytes.length;) moved += await move(file, bytes.subarray(moved));
          } catch (error) {
            // Where it stands now is not known.
            lane.shut();
            throw error;
          }
        });
      }
    });
  }
}

/** After so long the rest of the program has its turn. */
const TURN_MS = 10;

/** Lets the rest of the program have its turn from time to time. */
export class Yielder {
  #since = performance.now();

  /** Comes back at once, mostly. */
  async next(): Promise<void> {
    if (performance.now() - this.#since < TURN_MS) return;
    await delay(0);
    this.#since = performance.now();
  }
}

const encoder = new TextEncoder();

/** The line in the place of lines that were dropped. */
export function droppedText(count: number): string {
  return `(${count} lines were dropped, since the output is read too slowly)`;
}

/** A file, a pipe or a terminal. */
export interface Sink {
  write(bytes: Uint8Array): Promise<number>;
}

/**
 * A queue of text for a sink that may be slow.
 *
 * 1. The text of one turn leaves in one write, and none is composed during an earlier write.
 * 2. Order is kept. Beyond `waitingBytes` of waiting text, further pieces are dropped and counted; a line with their number
 *    follows as soon as there is room.
 * 3. When the sink breaks (a closed pipe), `broken` is called once, and everything later is dropped.
 */
export class Output<Piece extends string | { readonly text: string } = string> {
  readonly #sink: Sink;
  readonly #compose: (pieces: readonly Piece[]) => string;
  readonly #broken: () => void;
  readonly #waitingBytes: number;
  readonly #droppedLine: (count: number) => Piece;
  #pieces: Piece[] = [];
  #waiting = 0;
  #dropped = 0;
  #due = false;
  #isBroken = false;
  #writing: Promise<void> | null = null;

  /**
   * `compose` turns the pieces of one write into its text; it is called when the write can start. `droppedLine` says how many
   * lines were dropped.
   */
  constructor(
    options: {
      sink: Sink;
      compose: (pieces: readonly Piece[]) => string;
      broken: () => void;
      waitingBytes?: number | undefined;
      droppedLine: (count: number) => Piece;
    },
  ) {
    this.#sink = options.sink;
    this.#compose = options.compose;
    this.#broken = options.broken;
    this.#waitingBytes = options.waitingBytes ?? 64 * 1024 * 1024;
    this.#droppedLine = options.droppedLine;
  }

  /** `most` limits less important pieces to a part of the room. */
  push(piece: Piece, most = this.#waitingBytes): void {
    if (this.#isBroken) return;
    // In UTF-16 units: a bound on memory, not on the bytes written.
    const { length } = typeof piece === "string" ? piece : piece.text;
    if (this.#waiting + length > most) {
      this.#dropped++;
    } else {
      this.#waiting += length;
      this.#pieces.push(piece);
    }
    this.due();
  }

  /** Requests a write even if no piece waits. */
  due(): void {
    this.#due = true;
    this.#writing ??= this.#run();
  }

  /** Resolves once everything pushed so far is written, or the sink is broken. */
  async flushed(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
  }

  async #run(): Promise<void> {
    // The rest of this turn may have more to show.
    await Promise.resolve();
    while (this.#due && !this.#isBroken) {
      this.#due = false;
      const pieces = this.#pieces;
      if (this.#dropped > 0) {
        pieces.push(this.#droppedLine(this.#dropped));
      }
      this.#pieces = [];
      this.#waiting = this.#dropped = 0;
      await this.#write(encoder.encode(this.#compose(pieces)));
    }
    this.#writing = null;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      for (let start = 0; start < bytes.length;) start += await this.#sink.write(bytes.subarray(start));
    } catch {
      this.#isBroken = true;
      this.#pieces = [];
      this.#broken();
    }
  }
}

/** The connection of a body that is streamed. */
export interface BodySource {
  /** Bytes that have not been taken yet, whether they have arrived or not. */
  readonly bodyLeft: number;
  /** What has arrived. */
  takeBody(): Uint8Array<ArrayBuffer>;
}

/**
 * The body of a request that is read while it arrives.
 *
 * 1. It holds nothing: what has arrived waits in the connection, which reads on when it was taken.
 * 2. `read` gives undefined at the end, and throws if the client leaves before. One `read` at a time.
 */
export class RequestBody {
  #arrived: (() => void) | undefined;
  #why: string | undefined;

  /**
   * `begin`: tells a client that waits for it to send, when the first bytes are asked for; `taken`: called when the connection
   * may read on.
   */
  constructor(
    readonly source: BodySource,
    readonly bytes: number,
    readonly begin: (() => void) | undefined,
    readonly taken: () => void,
  ) {}

  /** Whether a reader waits for the client. */
  get isWaiting(): boolean {
    return this.#arrived !== undefined;
  }

  /** Bytes of it that were not read. */
  get left(): number {
    return this.source.bodyLeft;
  }

  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.left === this.bytes) this.begin?.();
    while (this.left > 0) {
      const bytes = this.source.takeBody();
      this.taken();
      if (bytes.length > 0) return bytes;
      if (this.#why !== undefined) throw new BrokenBody(this.#why);
      await new Promise<void>((resolve) => this.#arrived = resolve);
    }
    return undefined;
  }

  /** Reads the rest and drops it, unless it is longer than `most` or the client waits to be told to send it. */
  async skip(most: number): Promise<void> {
    if (this.left > most || (this.begin && this.left === this.bytes)) return;
    try {
      while (await this.read() !== undefined);
    } catch { /* the client has left */ }
  }

  /** More has arrived. */
  push(): void {
    this.#arrived?.();
    this.#arrived = undefined;
  }

  /** No more will arrive. */
  end(why: string): void {
    this.#why ??= why;
    this.push();
  }
}

/** The client has left in the middle of a body. */
export class BrokenBody extends Error {
  override readonly name = "BrokenBody";
}

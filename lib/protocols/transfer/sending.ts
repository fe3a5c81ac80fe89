import { type FileMessage, LISTED_BYTES } from "./frames.ts";

/** What one who sends has done for it. */
export interface SendingWay {
  /** Sends a message; `sent` is told once the stream has taken it. */
  send(message: FileMessage): void;
  /** Reads a chunk; `piece` or `failed` is told. `again`, when it was asked for before. */
  read(chunk: number, again: boolean): void;
  /** It is over: all is there and whole, or why not. `send` may still be under way. */
  ended(how: "done" | { readonly why: string }): void;
}

/** Chunks read ahead of what the stream has taken: one on its way, one ready. */
const AHEAD = 3;
/** What may be asked for at once; who asks for more gets no more of it. */
const WANTS = 256;

/**
 * The one who sends, on one stream: answers what is asked, in its order, and no faster than the stream takes it. Pure; what it
 * holds does not depend on how great the files are.
 */
export class Sending {
  readonly #wants: { next: number; left: number }[] = [];
  readonly #read = new Set<number>();
  /** Where in the manifest what was asked for goes on; undefined while it is not asked for. */
  #listAt: number | undefined;
  #underWay = 0;
  #had = 0;
  #sent = 0;
  #over = false;

  constructor(readonly way: SendingWay, readonly manifest: Uint8Array, readonly chunks: number) {}

  /** How many chunks the other side has, but for what is still under way. */
  get progress(): number {
    return Math.min(this.chunks, this.#had + this.#sent);
  }

  received(message: FileMessage): void {
    if (this.#over) return;
    switch (message.type) {
      case "list":
        this.#listAt = 0;
        return this.#pump();
      case "have":
        this.#had = message.count;
        return;
      case "want": {
        const { first, count } = message;
        const left = Math.min(count, this.chunks - first);
        if (left > 0 && this.#wants.length < WANTS) this.#wants.push({ next: first, left });
        return this.#pump();
      }
      case "done":
        return this.#end("done");
      case "stop":
        return this.#end({ why: message.why });
    }
  }

  /** A message that was sent has been taken by the stream. */
  sent(): void {
    this.#underWay--;
    this.#pump();
  }

  /** A chunk was read. */
  piece(index: number, bytes: Uint8Array): void {
    if (this.#over) return;
    this.#sent++;
    this.way.send({ type: "chunk", index, bytes });
  }

  /** It cannot be sent any more; the other side is told. */
  failed(why: string): void {
    if (this.#over) return;
    this.way.send({ type: "stop", why });
    this.#end({ why });
  }

  #pump(): void {
    while (!this.#over && this.#underWay < AHEAD) {
      if (this.#listAt !== undefined) {
        const bytes = this.manifest.subarray(this.#listAt, this.#listAt + LISTED_BYTES);
        this.#listAt = this.#listAt + bytes.length < this.manifest.length ? this.#listAt + bytes.length : undefined;
        this.#underWay++;
        this.way.send({ type: "listed", total: this.manifest.length, bytes });
        continue;
      }
      const want = this.#wants[0];
      if (!want) return;
      const chunk = want.next++;
      if (--want.left === 0) this.#wants.shift();
      const again = this.#read.has(chunk);
      this.#read.add(chunk);
      this.#underWay++;
      this.way.read(chunk, again);
    }
  }

  #end(how: "done" | { why: string }): void {
    this.#over = true;
    this.way.ended(how);
  }
}

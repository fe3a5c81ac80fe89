import type { Entry } from "./entry.ts";

/** What an entry weighs in memory besides its text. */
const OVERHEAD_BYTES = 200;

/**
 * The recent part of the log.
 *
 * 1. It holds every committed entry after `floor`, the newest up to `last`; numbers have no gaps.
 * 2. It is bounded in bytes: the oldest entries go first. They are still in the store.
 */
export class RecentLog {
  /** Entries after `floor` are here; undefined where one was forgotten. */
  #entries: (Entry | undefined)[] = [];
  #first = 0;
  #bytes = 0;
  /** Private messages that never arrived. */
  readonly #failed = new Set<number>();
  /** Messages whose withdrawal is here. */
  readonly #withdrawn = new Set<number>();
  #last: number;

  constructor(last: number, readonly maxBytes: number) {
    this.#last = last;
  }

  get last(): number {
    return this.#last;
  }

  /** Entries up to this number are not here any more. */
  get floor(): number {
    return this.#last - (this.#entries.length - this.#first);
  }

  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      this.#entries.push(entry);
      this.#last = entry.seq;
      this.#bytes += weight(entry);
      if (entry.type === "failure") this.#failed.add(entry.of!);
      if (entry.type === "withdrawal") this.#withdrawn.add(entry.of!);
    }
    while (this.#bytes > this.maxBytes && this.#first < this.#entries.length) {
      const oldest = this.#entries[this.#first];
      this.#entries[this.#first++] = undefined;
      if (!oldest) continue;
      this.#bytes -= weight(oldest);
      this.#failed.delete(oldest.seq);
      if (oldest.type === "withdrawal") this.#withdrawn.delete(oldest.of!);
    }
    if (this.#first > 1024 && this.#first > this.#entries.length / 2) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }

  get(seq: number): Entry | undefined {
    return seq > this.floor ? this.#entries[this.#first + seq - this.floor - 1] : undefined;
  }

  /** Whether a failure of the message is here. */
  hasFailed(seq: number): boolean {
    return this.#failed.has(seq);
  }

  /** Whether an entry is the text of a message, or of an edit of it, and its withdrawal is here. */
  isWithdrawn({ type, seq, of }: Entry): boolean {
    return type === "message" ? this.#withdrawn.has(seq) : type === "edit" && this.#withdrawn.has(of!);
  }

  /** An entry is not told any more. */
  forget(seq: number): void {
    const entry = this.get(seq);
    if (!entry) return;
    this.#bytes -= weight(entry);
    this.#entries[this.#first + seq - this.floor - 1] = undefined;
  }

  /** The first `limit` wanted entries after `seq`, which is not before `floor`, and up to where was looked. */
  page(seq: number, limit: number, wanted: (entry: Entry) => boolean): { entries: Entry[]; upTo: number } {
    const entries: Entry[] = [];
    for (let at = seq + 1; at <= this.#last; at++) {
      if (entries.length === limit) return { entries, upTo: at - 1 };
      const entry = this.get(at);
      if (entry && wanted(entry)) entries.push(entry);
    }
    return { entries, upTo: this.#last };
  }
}

function weight({ text }: Entry): number {
  return text.length * 2 + OVERHEAD_BYTES;
}

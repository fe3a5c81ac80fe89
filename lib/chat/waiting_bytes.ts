/** Numbers an entry in the list: seq and bytes. */
const STRIDE = 2;

/** What waits in a conversation for one of its users: how many bytes, whatever order it arrives in or fails. */
export class WaitingBytes {
  /** Entries since the server began. */
  #list: number[] = [];
  #first = 0;
  /** The bytes up to `startUpTo`, which waited when the server began. They arrive when the last of them does. */
  #start: number;

  constructor(start = 0, readonly startUpTo = 0) {
    this.#start = start;
  }

  /** One more waits; numbers grow. */
  add(seq: number, bytes: number): void {
    this.#list.push(seq, bytes);
  }

  /** One entry does not wait any more; the bytes that it had. */
  remove(seq: number, bytes: number): number {
    if (seq <= this.startUpTo) {
      const removed = Math.min(bytes, this.#start);
      this.#start -= removed;
      return removed;
    }
    for (let at = this.#first; at < this.#list.length && this.#list[at]! <= seq; at += STRIDE) {
      if (this.#list[at] !== seq) continue;
      const removed = this.#list[at + 1]!;
      this.#list[at + 1] = 0;
      return removed;
    }
    return 0;
  }

  /** Whether something waits up to here. What waited when the server began counts as a whole. */
  waitsUpTo(seq: number): boolean {
    if (this.#start > 0 && seq > 0) return true;
    for (let at = this.#first; at < this.#list.length && this.#list[at]! <= seq; at += STRIDE) {
      if (this.#list[at + 1]! > 0) return true;
    }
    return false;
  }

  /** Everything up to here has arrived; the bytes that it had. */
  arrive(upTo: number): number {
    let bytes = 0;
    if (upTo >= this.startUpTo) [bytes, this.#start] = [this.#start, 0];
    const list = this.#list;
    for (; this.#first < list.length && list[this.#first]! <= upTo; this.#first += STRIDE) {
      bytes += list[this.#first + 1]!;
    }
    if (this.#first === list.length) [this.#list, this.#first] = [[], 0];
    else if (this.#first > 1024 && this.#first > list.length / 2) {
      [this.#list, this.#first] = [list.slice(this.#first), 0];
    }
    return bytes;
  }
}

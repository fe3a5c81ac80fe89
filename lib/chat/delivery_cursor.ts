import { type Tally, UNTIMED } from "./tally.ts";

/** Messages told and not yet acknowledged, at most; then the rest waits where it is kept. */
const MOST = 256;
/** The same in characters; what a peer does not read must not fill its outbox. */
const MOST_CHARACTERS = 64 * 1024;
/** Numbers that are remembered of each. */
const EACH = 3;
/** What a message costs besides its text. */
const OVERHEAD = 100;

/**
 * How far one session has been told what is kept for its user.
 *
 * 1. While it is `live` it is told each new message at once. With too much unacknowledged it falls behind; then it is told
 *    page by page out of the store, as it acknowledges, until it has caught up.
 * 2. It is told everything in the order of the numbers, and nothing twice.
 */
export class DeliveryCursor {
  /** Everything up to here was told. */
  told: number;
  live = false;
  /** Of each that is not acknowledged its number, its size, and when it was said, NaN for a notice: one list is cheapest. */
  readonly #list: number[] = [];
  #first = 0;
  #characters = 0;

  constructor(
    after: number,
    /** Up to here only what still waits for the user is told; after it all that concerns them. */
    readonly waitingUpTo: number,
    /** When it began: what was said before has waited. */
    readonly since: number,
  ) {
    this.told = after;
  }

  /** Whether a new message is told at once; if not, the session has fallen behind. */
  offer(seq: number, characters: number, said: number): boolean {
    if (this.live && this.room === 0) this.live = false;
    if (this.live) this.tell(seq, characters, said);
    return this.live;
  }

  /** One more is told: a message that was said then, or a notice, which was never said. */
  tell(seq: number, characters: number, said: number): void {
    this.told = seq;
    this.#list.push(seq, characters + OVERHEAD, said);
    this.#characters += characters + OVERHEAD;
  }

  /** Everything up to `seq` is acknowledged, and counted; what was actually told of it. */
  acknowledge(seq: number, tally: Tally, now: number): number {
    const list = this.#list;
    for (; this.#first < list.length && list[this.#first]! <= seq; this.#first += EACH) {
      this.#characters -= list[this.#first + 1]!;
      const said = list[this.#first + 2]!;
      if (!Number.isNaN(said)) tally.confirm(said < this.since ? UNTIMED : said, now);
    }
    if (this.#first === list.length) {
      list.length = 0;
      this.#first = 0;
    } else if (this.#first > MOST * EACH) {
      list.splice(0, this.#first);
      this.#first = 0;
    }
    return Math.min(seq, this.told);
  }

  /** How many more may be told before something is acknowledged. */
  get room(): number {
    return this.#characters >= MOST_CHARACTERS ? 0 : Math.max(0, MOST - (this.#list.length - this.#first) / EACH);
  }
}

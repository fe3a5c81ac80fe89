import type { Pair } from "./roster.ts";
import type { PageFilter } from "./store.ts";
import { type Tally, UNTIMED } from "./tally.ts";

/** Entries told and not yet acknowledged, at most; the rest waits in the log. */
const MAX_UNACKED = 256;
/** The same in characters: what a client does not read must not fill its outbox. */
const MAX_UNACKED_CHARACTERS = 64 * 1024;
/** What an entry costs besides its text. */
const OVERHEAD_CHARACTERS = 100;
/** Numbers an entry in the list: seq, characters, when it was said (NaN: not timed). */
const STRIDE = 3;

/**
 * Up to where one session has been told the log.
 *
 * 1. While it is `live` it stands at the end and is told each new entry at once. With too much unacknowledged it falls
 *    behind; then it reads pages behind the cursor, as the client acknowledges, until it has caught up.
 * 2. The session is told every entry that concerns its user once, in order.
 */
export class DeliveryCursor {
  live = false;
  /** What is told once the session is live for the first time. */
  whenLive: (() => void) | undefined;
  /** The client knows that it is told no more until it acknowledges. */
  saidBehind = false;
  /** A page was asked of the store, and has not come yet. */
  reading = false;
  /** A flat list: the cheapest for an idle session and for a busy one. */
  readonly #unacked: number[] = [];
  #first = 0;
  #characters = 0;
  #pairs: { readonly seq: number; readonly pair: Pair }[] = [];

  constructor(
    /** Everything up to here was told. */
    public told: number,
    /** Which entries are told up to `filteredUpTo`; after it all. */
    readonly filter: PageFilter,
    readonly filteredUpTo: number,
    /** When the session began: earlier messages have waited, and are not timed. */
    readonly since: number,
  ) {}

  /** One more is told; `pair` for a private message of somebody else. */
  tell(seq: number, characters: number, said: number, pair: Pair | undefined): void {
    this.told = seq;
    this.#unacked.push(seq, characters + OVERHEAD_CHARACTERS, said);
    this.#characters += characters + OVERHEAD_CHARACTERS;
    if (pair) this.#pairs.push({ seq, pair });
  }

  /** The client has everything up to `seq`: what was told of it, and up to where private messages have arrived. */
  acknowledge(
    seq: number,
    tally: Tally,
    now: number,
  ): { upTo: number; arrived: Map<Pair, number> } {
    const list = this.#unacked;
    for (; this.#first < list.length && list[this.#first]! <= seq; this.#first += STRIDE) {
      this.#characters -= list[this.#first + 1]!;
      const said = list[this.#first + 2]!;
      if (!Number.isNaN(said)) tally.confirm(said < this.since ? UNTIMED : said, now);
    }
    if (this.#first === list.length) {
      list.length = 0;
      this.#first = 0;
    } else if (this.#first > MAX_UNACKED * STRIDE) {
      list.splice(0, this.#first);
      this.#first = 0;
    }
    const arrived = new Map<Pair, number>();
    let count = 0;
    for (; count < this.#pairs.length && this.#pairs[count]!.seq <= seq; count++) {
      arrived.set(this.#pairs[count]!.pair, this.#pairs[count]!.seq);
    }
    if (count > 0) this.#pairs.splice(0, count);
    return { upTo: Math.min(seq, this.told), arrived };
  }

  /** Entries told and not yet acknowledged. */
  get unacked(): number {
    return (this.#unacked.length - this.#first) / STRIDE;
  }

  /** How many more may be told before something is acknowledged. */
  get room(): number {
    if (this.#characters >= MAX_UNACKED_CHARACTERS) return 0;
    return Math.max(0, MAX_UNACKED - this.unacked);
  }
}

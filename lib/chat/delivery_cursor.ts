import type { Entry } from "./entry.ts";
import type { Pair } from "./entities.ts";
import type { PageFilter } from "./store.ts";
import { type Tally, UNTIMED } from "./tally.ts";

/** Entries told and not yet acknowledged, at most; the rest waits in the log. */
const MAX_UNACKED = 256;
/** The same in characters: what a client does not read must not fill its outbox. */
const MAX_UNACKED_CHARACTERS = 64 * 1024;
/** What an entry costs besides its text. */
const OVERHEAD_CHARACTERS = 100;
/** Numbers an entry in the list of those that one session is told: seq, characters, when it was said (NaN: not timed). */
const STRIDE = 3;

/** Entries of a room that are told together, the same object for all sessions that are told them. It holds no texts. */
export interface Run {
  readonly seqs: readonly number[];
  /** What each counts against a session's window, and all together. */
  readonly weights: readonly number[];
  readonly weight: number;
  /** The sender of each, and the time by the clock of `now`; NaN where receipts are not timed. */
  readonly from: readonly string[];
  readonly said: readonly number[];
}

export function runOf(entries: readonly Entry[], said: readonly number[]): Run {
  const weights = entries.map(({ text }) => text.length + OVERHEAD_CHARACTERS);
  return {
    seqs: entries.map(({ seq }) => seq),
    weights,
    weight: weights.reduce((sum, each) => sum + each, 0),
    from: entries.map(({ from }) => from),
    // Only messages are confirmed.
    said: said.map((time, i) => entries[i]!.type === "message" ? time : NaN),
  };
}

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
  /** Runs with entries that are not acknowledged, and how many entries of the first are. */
  #runs: Run[] = [];
  #acked = 0;
  /** The others: a flat list, the cheapest for an idle session and for one that does not acknowledge. */
  readonly #single: number[] = [];
  #first = 0;
  /** How many are not acknowledged, and their characters. */
  #unacked = 0;
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

  /** A run is told. */
  tell(run: Run): void {
    this.told = run.seqs.at(-1)!;
    this.#runs.push(run);
    this.#unacked += run.seqs.length;
    this.#characters += run.weight;
  }

  /** One more is told; `pair` for a private message of another user. */
  tellOne(seq: number, characters: number, said: number, pair: Pair | undefined): void {
    this.told = seq;
    this.#single.push(seq, characters + OVERHEAD_CHARACTERS, said);
    this.#unacked++;
    this.#characters += characters + OVERHEAD_CHARACTERS;
    if (pair) this.#pairs.push({ seq, pair });
  }

  /**
   * The client of the user `name` has everything up to `seq`: what was told of it, and up to where private messages have arrived.
   * For the user's own messages that is no delivery.
   */
  acknowledge(
    seq: number,
    name: string | undefined,
    tally: Tally,
    now: number,
  ): { upTo: number; arrived: Map<Pair, number> } {
    this.#acknowledgeRuns(seq, name, tally, now);
    const list = this.#single;
    for (; this.#first < list.length && list[this.#first]! <= seq; this.#first += STRIDE) {
      this.#count(list[this.#first + 1]!, list[this.#first + 2]!, tally, now);
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

  #acknowledgeRuns(seq: number, name: string | undefined, tally: Tally, now: number): void {
    let passed = 0;
    for (const { seqs, weights, from, said } of this.#runs) {
      for (; this.#acked < seqs.length && seqs[this.#acked]! <= seq; this.#acked++) {
        const isOwn = from[this.#acked] === name;
        this.#count(weights[this.#acked]!, isOwn ? NaN : said[this.#acked]!, tally, now);
      }
      if (this.#acked < seqs.length) break;
      this.#acked = 0;
      passed++;
    }
    if (passed > 0) this.#runs.splice(0, passed);
  }

  #count(characters: number, said: number, tally: Tally, now: number): void {
    this.#unacked--;
    this.#characters -= characters;
    if (!Number.isNaN(said)) tally.confirm(said < this.since ? UNTIMED : said, now);
  }

  /** Entries told and not yet acknowledged. */
  get unacked(): number {
    return this.#unacked;
  }

  /** How many more may be told before something is acknowledged. */
  get room(): number {
    if (this.#characters >= MAX_UNACKED_CHARACTERS) return 0;
    return Math.max(0, MAX_UNACKED - this.#unacked);
  }
}

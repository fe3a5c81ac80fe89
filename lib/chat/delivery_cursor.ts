import type { Entry } from "./entry.ts";
import type { Pair } from "./roster.ts";
import type { PageFilter } from "./store.ts";
import { type Tally, UNTIMED } from "./tally.ts";

/** Entries told and not yet acknowledged, at most; the rest waits in the log. */
const MAX_UNACKED = 256;
/** The same in characters: what a client does not read must not fill its outbox. */
const MAX_UNACKED_CHARACTERS = 64 * 1024;
/** What an entry costs besides its text. */
const OVERHEAD_CHARACTERS = 100;

/** Entries that are told together, the same object for all sessions that are told them. */
export interface Run {
  readonly entries: readonly Entry[];
  /** When each was said, by the clock of `now`; NaN where nobody times it. */
  readonly said: readonly number[];
  /** What they count against a session's window. */
  readonly characters: number;
}

export function runOf(entries: readonly Entry[], said: readonly number[]): Run {
  let characters = 0;
  for (const entry of entries) characters += weight(entry);
  return { entries, said, characters };
}

function weight({ text }: Entry): number {
  return text.length + OVERHEAD_CHARACTERS;
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

  /** These are told. */
  tell(run: Run): void {
    this.told = run.entries.at(-1)!.seq;
    this.#runs.push(run);
    this.#unacked += run.entries.length;
    this.#characters += run.characters;
  }

  /** Of what is told, this is a private message of the other one of a pair. */
  tellPair(seq: number, pair: Pair): void {
    this.#pairs.push({ seq, pair });
  }

  /**
   * The client of the user `name` has everything up to `seq`: what was told of it, and up to where private messages have arrived.
   * Of one's own words that is no delivery.
   */
  acknowledge(
    seq: number,
    name: string | undefined,
    tally: Tally,
    now: number,
  ): { upTo: number; arrived: Map<Pair, number> } {
    let passed = 0;
    for (const { entries, said } of this.#runs) {
      for (; this.#acked < entries.length && entries[this.#acked]!.seq <= seq; this.#acked++) {
        const entry = entries[this.#acked]!;
        const time = said[this.#acked]!;
        this.#unacked--;
        this.#characters -= weight(entry);
        if (Number.isNaN(time) || entry.type !== "message" || entry.from === name) continue;
        tally.confirm(time < this.since ? UNTIMED : time, now);
      }
      if (this.#acked < entries.length) break;
      this.#acked = 0;
      passed++;
    }
    this.#runs.splice(0, passed);
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
    return this.#unacked;
  }

  /** How many more may be told before something is acknowledged. */
  get room(): number {
    if (this.#characters >= MAX_UNACKED_CHARACTERS) return 0;
    return Math.max(0, MAX_UNACKED - this.#unacked);
  }
}

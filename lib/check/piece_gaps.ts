/** The least silence between two pieces of a stream. */
export const QUIET_MS = 50;

interface Arrival {
  /** When the check read it. */
  readonly at: number;
  /** It may have been there since then. */
  readonly earliest: number;
  /** What the programs had lost by then; undefined until it is measured. */
  lostMs: number | undefined;
}

/** Silence that was seen, and counts once it is known what the sender was held up meanwhile. */
interface Gap {
  readonly link: string;
  readonly leastMs: number;
  readonly lostMs: number;
}

/**
 * Whether what came in pieces was sent in these pieces, as far as the machine has let the check see it. Pure.
 *
 * A sender that waits for a processor makes silence where it made none; a reader that does loses silence that was there.
 */
export class PieceGaps {
  readonly #last = new Map<string, Arrival>();
  #gaps: Gap[] = [];
  readonly #stretched = new Set<string>();

  /** What came on a link may have been sent with less silence than was seen. */
  isStretched(link: string): boolean {
    return this.#stretched.has(link);
  }

  /** Silence was seen, and it is not known yet what the sender was held up meanwhile. */
  get isOpen(): boolean {
    return this.#gaps.length > 0;
  }

  /**
   * Whether what came may have been sent with more silence, before it or within it, than was seen. Silence that is not needed is
   * not looked into: the bytes of a file may come with any.
   */
  came(link: string, at: number, earliest: number, lostMs: number, isSilenceNeeded = true): boolean {
    const before = this.#last.get(link);
    this.#last.set(link, { at, earliest, lostMs: undefined });
    const isJoined = at - earliest >= QUIET_MS;
    if (!before) return isJoined;
    if (at - before.at < QUIET_MS) return isJoined || at - before.earliest >= QUIET_MS;
    if (isSilenceNeeded) this.#gaps.push({ link, leastMs: earliest - before.at, lostMs: before.lostMs ?? lostMs });
    return isJoined;
  }

  /** The time that the programs had lost until then. */
  measured(at: number, lostMs: number): void {
    for (const { link, leastMs, lostMs: before } of this.#gaps) {
      if (leastMs - (lostMs - before) < QUIET_MS) this.#stretched.add(link);
    }
    this.#gaps = [];
    for (const arrival of this.#last.values()) if (arrival.at <= at) arrival.lostMs ??= lostMs;
  }
}

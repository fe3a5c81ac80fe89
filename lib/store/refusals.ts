/** Refusals remembered for each series; an older one is only reported once. */
const REFUSALS = 1000;

/** The reasons why messages were refused, by series and number: the newest of each series. */
export class Refusals {
  readonly #refusals = new Map<string, Map<number, string>>();

  get(series: string, n: number): string | undefined {
    return this.#refusals.get(series)?.get(n);
  }

  /** Adds a refusal and returns the numbers that were dropped for it. */
  add(series: string, n: number, why: string): number[] {
    const refused = this.#refusals.get(series) ?? new Map<number, string>();
    this.#refusals.set(series, refused.set(n, why));
    const gone: number[] = [];
    for (const oldest of refused.keys()) {
      if (refused.size <= REFUSALS) break;
      refused.delete(oldest);
      gone.push(oldest);
    }
    return gone;
  }

  /** Drops those below a number and returns their numbers. */
  forgetBelow(series: string, below: number): number[] {
    const refused = this.#refusals.get(series);
    if (!refused) return [];
    const gone = [...refused.keys()].filter((n) => n < below);
    for (const n of gone) refused.delete(n);
    if (refused.size === 0) this.#refusals.delete(series);
    return gone;
  }
}

/** After so long the rest of the program has its turn. */
const TURN_MS = 10;

/** Lets the rest of the program have its turn from time to time. */
export class Turns {
  #since = performance.now();

  /** Comes back at once, mostly. */
  async next(): Promise<void> {
    if (performance.now() - this.#since < TURN_MS) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#since = performance.now();
  }
}

/** The upper bounds of the classes of receipt times; one more class is for longer ones. */
export const RECEIPT_BOUNDS_MS = [
  ...[0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 5, 7.5],
  ...[10, 15, 20, 30, 40, 50, 75, 100, 150, 200, 300, 400, 500, 750],
  ...[1000, 1500, 2000, 3000, 4000, 5000, 7500, 10_000],
] as const;

/** The time of a message whose receipt is not timed, because its receiver was offline. */
export const UNTIMED = Infinity;

/**
 * Counts what the hub has done since the server started.
 *
 * 1. A message counts as said once, whatever the number of its receivers; as delivered once for each session that confirms
 *    it; as failed once, when its sender is told so.
 * 2. Its receipt time is the time until a session that was online all the time confirmed it.
 * 3. Messages that a store failed to keep stay counted, and confirmations that are lost with a connection are not counted:
 *    the numbers show the traffic, not what is stored.
 */
export class Tally {
  said = 0;
  delivered = 0;
  failed = 0;
  /** The sum of all receipt times. */
  receiptMs = 0;
  /** The number of receipt times in each class of `RECEIPT_BOUNDS_MS`. */
  readonly receipts: Float64Array = new Float64Array(RECEIPT_BOUNDS_MS.length + 1);
  /** The last receipt time and its class: those of one turn are mostly the same. */
  #lastMs = 0;
  #lastClass = 0;

  /** A session has confirmed a message that was sent at `said`. */
  confirm(said: number, now: number): void {
    this.delivered++;
    if (said === UNTIMED) return;
    const ms = Math.max(0, now - said);
    this.receiptMs += ms;
    if (ms !== this.#lastMs) {
      this.#lastMs = ms;
      this.#lastClass = 0;
      while (ms > RECEIPT_BOUNDS_MS[this.#lastClass]!) this.#lastClass++;
    }
    this.receipts[this.#lastClass]!++;
  }
}

/** Receipt times are told apart up to each of these; one class more is for all that took longer. */
export const RECEIPT_BOUNDS_MS = [
  ...[0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 5, 7.5],
  ...[10, 15, 20, 30, 40, 50, 75, 100, 150, 200, 300, 400, 500, 750],
  ...[1000, 1500, 2000, 3000, 4000, 5000, 7500, 10_000],
] as const;

/** When something was said whose receipt is not timed: it has waited for somebody who was not there. */
export const UNTIMED = Infinity;

/**
 * What the hub has done since the server began, in numbers.
 *
 * 1. A message counts as said once, whoever it is for; as delivered once for each session that has confirmed it; as failed
 *    once, when its sender is told so.
 * 2. Its receipt time goes from when the hub took it to when a session confirmed it that was there all the time.
 * 3. What a store that could not be written has forgotten stays counted as it was, and confirmations that get lost with a
 *    connection are not counted: these numbers tell how much goes on, and not what is kept.
 */
export class Tally {
  said = 0;
  delivered = 0;
  failed = 0;
  /** All receipt times together. */
  receiptMs = 0;
  /** How many receipt times fell into each class of `RECEIPT_BOUNDS_MS`. */
  readonly receipts: Float64Array = new Float64Array(RECEIPT_BOUNDS_MS.length + 1);

  /** A session has confirmed a message that was said then. */
  confirm(said: number, now: number): void {
    this.delivered++;
    if (said === UNTIMED) return;
    const ms = Math.max(0, now - said);
    this.receiptMs += ms;
    let at = 0;
    while (at < RECEIPT_BOUNDS_MS.length && ms > RECEIPT_BOUNDS_MS[at]!) at++;
    this.receipts[at]!++;
  }
}

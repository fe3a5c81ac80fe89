/** Reasons that an outcome names; of a message to two hundred it names three. */
const MAX_REASONS = 3;

/**
 * The outcome of one message of a handout session, which its sender waits for. It is told once, when every receiver that was
 * expected has received or missed the message. The maker holds it open until all receivers are counted.
 */
export class PendingOutcome {
  #waiting = 1;
  #missed = 0;
  readonly #reasons: string[] = [];

  /** `settled` is called once; with a reason where it is not delivered. */
  constructor(readonly settled: (delivered: boolean, why: string | undefined) => void) {}

  /** One more receiver to wait for. */
  expect(): void {
    this.#waiting++;
  }

  /** One receiver has it, or never will, and why; or all are counted. */
  settle(received: boolean, why = "the message could not be kept"): void {
    if (!received && ++this.#missed <= MAX_REASONS) this.#reasons.push(why);
    if (--this.#waiting === 0) this.#tell();
  }

  #tell(): void {
    const delivered = this.#missed === 0;
    this.settled(delivered, delivered ? undefined : this.#why);
  }

  get #why(): string {
    const more = this.#missed - this.#reasons.length;
    return this.#reasons.join("; ") + (more > 0 ? `; and ${more} more` : "");
  }
}

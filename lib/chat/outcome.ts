import type { Outputs } from "../core/machine.ts";
import type { Effect } from "./effect.ts";
import type { Tally } from "./tally.ts";

/**
 * The outcome of one message of a handout session, which its sender waits for. It is told once, when every receiver that was
 * expected has received or missed the message. The maker holds it open until all receivers are counted.
 */
export class PendingOutcome {
  #waiting = 1;
  #missed = false;

  constructor(
    /** The session that wants to know. */
    readonly sender: number,
    /** The sender's own number for it. */
    readonly ref: number,
    readonly tally: Tally,
    readonly outputs: Outputs<Effect>,
  ) {}

  /** One more receiver to wait for. */
  expect(): void {
    this.#waiting++;
  }

  /** One receiver has it, or never will; or all are counted. */
  settle(received: boolean): void {
    if (!received) this.#missed = true;
    if (--this.#waiting > 0) return;
    if (this.#missed) this.tally.failed++;
    const event = { type: "outcome", ref: this.ref, delivered: !this.#missed } as const;
    this.outputs.push({ type: "tell", to: [this.sender], event });
  }
}

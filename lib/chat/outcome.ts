import { type Effect, tell } from "./effect.ts";
import type { Tally } from "./tally.ts";

/** One message and what is still to be heard of it; settled when every receiver has taken or missed it. */
export class PendingOutcome {
  #waiting = 0;
  #missed = false;

  constructor(
    /** The session that wants to know. */
    readonly sender: number,
    /** The sender's own number for it. */
    readonly ref: number,
    /** Where it counts when it fails. */
    readonly tally: Tally,
  ) {}

  /** One more receiver to wait for. */
  expect(): void {
    this.#waiting++;
  }

  /** One receiver has it. */
  take(): void {
    this.#waiting--;
  }

  /** One receiver will never have it. */
  miss(): void {
    this.#waiting--;
    this.#missed = true;
  }

  get settled(): boolean {
    return this.#waiting === 0;
  }

  /** True only once everybody it was meant for has taken it. */
  get delivered(): boolean {
    return this.settled && !this.#missed;
  }
}

/** One receiver's answer; the sender's outcome when it was the last. */
export function settled(delivery: PendingOutcome, what: "taken" | "missed"): Effect[] {
  if (what === "taken") delivery.take();
  else delivery.miss();
  return delivery.settled ? [outcome(delivery)] : [];
}

/** What a sender at a handout door is told in the end. */
export function outcome(delivery: PendingOutcome): Effect {
  if (!delivery.delivered) delivery.tally.failed++;
  return tell(delivery.sender, { type: "outcome", ref: delivery.ref, delivered: delivery.delivered });
}

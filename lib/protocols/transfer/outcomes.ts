import type { Outputs } from "../../core/machine.ts";
import type { RecordChange, TransferOutput } from "./output.ts";
import type { UnackedOutcome } from "./offer.ts";

/** The outcomes of offers to us. Each sender is notified until it acknowledges, in later runs too. */
export class UnackedOutcomes {
  readonly #out: Outputs<TransferOutput>;
  /** By offer. */
  readonly #outcomes = new Map<string, UnackedOutcome>();

  constructor(out: Outputs<TransferOutput>) {
    this.#out = out;
  }

  /** Adds those of earlier runs. */
  restore(outcomes: readonly UnackedOutcome[]): void {
    for (const outcome of outcomes) this.#outcomes.set(outcome.offer, outcome);
  }

  /** Notifies a sender now, or when it is online, and records that it must be notified; then makes other changes. */
  owe(outcome: UnackedOutcome, then: readonly RecordChange[], reports: boolean): void {
    this.#outcomes.set(outcome.offer, outcome);
    this.#notify(outcome);
    this.#out.push({ type: "record", changes: [{ type: "owe", outcome }, ...then], reports });
  }

  /** Notifies all senders, or one who has come online. */
  notify(sender?: string): void {
    for (const outcome of this.#outcomes.values()) {
      if (sender === undefined || outcome.to === sender) this.#notify(outcome);
    }
  }

  acknowledged(offer: string, by: string): void {
    if (this.#outcomes.get(offer)?.to !== by) return;
    this.#outcomes.delete(offer);
    this.#out.push({ type: "record", changes: [{ type: "acknowledged", offer }], reports: false });
  }

  #notify({ offer, to, why }: UnackedOutcome): void {
    const signal = why === undefined ? { type: "received", offer } as const : { type: "refused", offer, why } as const;
    this.#out.push({ type: "signal", to, signal });
  }
}

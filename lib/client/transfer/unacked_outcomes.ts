import type { TransferStorage, UnackedOutcome } from "../../protocols/transfer/store.ts";
import type { TransferContext } from "./context.ts";

/** What others are still to be told of what they have offered us: said until they say that they know. */
export class UnackedOutcomes {
  readonly #shelf: TransferStorage;
  readonly #signal: TransferContext["signal"];
  /** By the offer. */
  readonly #debts = new Map<string, UnackedOutcome>();

  constructor(shelf: TransferStorage, signal: TransferContext["signal"]) {
    this.#shelf = shelf;
    this.#signal = signal;
  }

  /** Takes those of earlier runs; throws when they cannot be read. */
  restore(): void {
    for (const debt of this.#shelf.debts()) this.#debts.set(debt.offer, debt);
  }

  /** Somebody is to be told what became of their offer, now or when they are there; throws when it cannot be written down. */
  owe(debt: UnackedOutcome): void {
    this.#debts.set(debt.offer, debt);
    this.#pay(debt);
    this.#shelf.owe(debt);
  }

  /** Says all that is owed, or all that is owed to one. */
  pay(to?: string): void {
    for (const debt of this.#debts.values()) if (to === undefined || debt.to === to) this.#pay(debt);
  }

  /** They know; throws when that cannot be written down. */
  noted(offer: string, by: string): void {
    if (this.#debts.get(offer)?.to !== by) return;
    this.#debts.delete(offer);
    this.#shelf.paid(offer);
  }

  #pay({ offer, to, why }: UnackedOutcome): void {
    this.#signal(to, why === undefined ? { type: "received", offer } : { type: "refused", offer, why });
  }
}

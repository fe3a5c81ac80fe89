import type { RecordChange } from "../protocols/transfer/output.ts";
import type { UnackedOutcome } from "../protocols/transfer/offer.ts";

/** The part of a `UserStorage` that records use. */
export interface RecordStorage {
  list<T>(key: string): T[];
  set(key: string, value: unknown): void;
}

/** Whether another user has not acknowledged the outcome for their file. */
export function hasOutcomes(storage: RecordStorage): boolean {
  return storage.list("debts").length > 0;
}

/** Cap on the ended offers that are remembered. */
const MAX_ENDED = 500;

/** What later pages have to know of transfers: outcomes that were not acknowledged, and why own offers have ended. */
export class FileRecords {
  readonly #storage: RecordStorage;
  readonly #ended: Map<string, string>;
  readonly #outcomes: Map<string, UnackedOutcome>;

  constructor(storage: RecordStorage) {
    this.#storage = storage;
    this.#ended = new Map(storage.list<[string, string]>("ended"));
    this.#outcomes = new Map(storage.list<UnackedOutcome>("debts").map((each) => [each.offer, each]));
  }

  get outcomes(): readonly UnackedOutcome[] {
    return [...this.#outcomes.values()];
  }

  /** Why an own offer has ended, of this page or an earlier one. */
  ended(offer: string): string | undefined {
    return this.#ended.get(offer);
  }

  change(change: RecordChange): void {
    switch (change.type) {
      case "withdraw":
        this.#ended.set(change.made.offer.id, change.why);
        return this.#storage.set("ended", [...this.#ended].slice(-MAX_ENDED));
      case "owe":
        this.#outcomes.set(change.outcome.offer, change.outcome);
        return this.#storage.set("debts", this.outcomes);
      case "acknowledged":
        this.#outcomes.delete(change.offer);
        return this.#storage.set("debts", this.outcomes);
    }
  }
}

import type { Limits } from "../core/limits.ts";
import type { Roster } from "./roster.ts";

const HOUR_MS = 60 * 60 * 1000;

/** Bounds the names that can be taken without an account: in all, and by address within an hour. */
export class NewNames {
  /** When names were taken, by address. */
  readonly #taken = new Map<string, number[]>();

  constructor(
    readonly roster: Roster,
    readonly limits: Pick<Limits, "namesWithoutAccount" | "registrationsPerHour" | "failureEntries">,
  ) {}

  /** Why no more names are given to an address; undefined when one can be taken. */
  fault(address: string, now: number): string | undefined {
    const { namesWithoutAccount, registrationsPerHour } = this.limits;
    if (this.roster.heldByKey >= namesWithoutAccount) {
      return `${namesWithoutAccount} names without an account are taken, the most allowed`;
    }
    if (this.#takenFrom(address, now).length < registrationsPerHour) return undefined;
    return `${registrationsPerHour} names were taken from your address within the hour, the most allowed`;
  }

  /** A name was taken. */
  count(address: string, now: number): void {
    const times = [...this.#takenFrom(address, now), now];
    this.#taken.delete(address);
    this.#taken.set(address, times);
    if (this.#taken.size > this.limits.failureEntries) this.#taken.delete(this.#taken.keys().next().value!);
  }

  #takenFrom(address: string, now: number): number[] {
    return (this.#taken.get(address) ?? []).filter((time) => time > now - HOUR_MS);
  }
}

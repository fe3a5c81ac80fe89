import type { Acquaintance, Outgoing, OwnPart, PeerStore, Trust } from "../peer/store.ts";

/** Refusals remembered of one series: who is refused more often learns it at the first saying alone. */
export const REFUSALS = 1000;

/** What a peer keeps, for as long as the program runs. */
export class PeerMemory implements PeerStore {
  readonly id: string = crypto.randomUUID();
  #last = 0;
  readonly #waiting = new Map<string, Outgoing>();
  readonly #seen = new Map<string, number>();
  readonly #refusals = new Map<string, Map<number, string>>();
  readonly #acquaintances = new Map<string, Acquaintance>();
  readonly #trusts = new Map<string, Trust>();
  readonly #parts = new Map<string, OwnPart>();

  nextNumber(): number {
    return ++this.#last;
  }

  keep(message: Outgoing): void {
    this.#waiting.set(`${message.n} ${message.to}`, message);
  }

  done(to: string, n: number): void {
    this.#waiting.delete(`${n} ${to}`);
  }

  waiting(): Outgoing[] {
    return [...this.#waiting.values()].sort((one, other) => one.n - other.n);
  }

  seen(key: string): number {
    return this.#seen.get(key) ?? 0;
  }

  markSeen(key: string, n: number): void {
    this.#seen.set(key, n);
  }

  refused(key: string, n: number): string | undefined {
    return this.#refusals.get(key)?.get(n);
  }

  refuse(key: string, n: number, why: string): void {
    const refused = this.#refusals.get(key) ?? new Map<number, string>();
    this.#refusals.set(key, refused.set(n, why));
    for (const oldest of refused.keys()) {
      if (refused.size > REFUSALS) refused.delete(oldest);
      else break;
    }
  }

  forgetRefusals(key: string, below: number): void {
    const refused = this.#refusals.get(key);
    for (const n of refused?.keys() ?? []) if (n < below) refused!.delete(n);
    if (refused?.size === 0) this.#refusals.delete(key);
  }

  acquaintances(most: number): Acquaintance[] {
    const latest = [...this.#acquaintances.values()].sort((one, other) => other.time - one.time);
    for (const { key } of latest.splice(most)) this.#acquaintances.delete(key);
    return latest;
  }

  meet(acquaintance: Acquaintance): void {
    this.#acquaintances.set(acquaintance.key, acquaintance);
  }

  trust(name: string): Trust | undefined {
    return this.#trusts.get(name);
  }

  trustOf(key: string): Trust | undefined {
    return [...this.#trusts.values()].find((trust) => trust.key === key);
  }

  keepTrust(trust: Trust): void {
    this.#trusts.set(trust.name, trust);
  }

  parts(): OwnPart[] {
    return [...this.#parts.values()];
  }

  keepPart(part: OwnPart): void {
    this.#parts.set(part.group, part);
  }

  commit(): void {}

  close(): void {}
}

import type { KnownPeer, Outgoing, OwnMembership, PeerStore, Trust } from "../peers/store.ts";
import { Refusals } from "./refusals.ts";

/** The store of a peer that keeps nothing beyond the run of the program. */
export class PeerMemoryStore implements PeerStore {
  readonly id: string = crypto.randomUUID();
  #last = 0;
  readonly #waiting = new Map<string, Outgoing>();
  readonly #seen = new Map<string, number>();
  readonly #refusals = new Refusals();
  readonly #acquaintances = new Map<string, KnownPeer>();
  readonly #trusts = new Map<string, Trust>();
  readonly #memberships = new Map<string, OwnMembership>();

  nextNumber(): number {
    return ++this.#last;
  }

  keep(message: Outgoing): void {
    this.#waiting.set(`${message.n} ${message.to}`, message);
  }

  done(to: string, n: number): void {
    this.arrived(to, n, n);
  }

  arrived(to: string, first: number, last: number): void {
    for (let n = first; n <= last; n++) this.#waiting.delete(`${n} ${to}`);
  }

  waiting(): Outgoing[] {
    return [...this.#waiting.values()].sort((one, other) => one.n - other.n);
  }

  seen(series: string): number {
    return this.#seen.get(series) ?? 0;
  }

  markSeen(series: string, n: number): void {
    this.#seen.set(series, n);
  }

  refused(series: string, n: number): string | undefined {
    return this.#refusals.get(series, n);
  }

  refuse(series: string, n: number, why: string): void {
    this.#refusals.add(series, n, why);
  }

  forgetRefusals(series: string, below: number): void {
    this.#refusals.forgetBelow(series, below);
  }

  acquaintances(most: number): KnownPeer[] {
    const latest = [...this.#acquaintances.values()].sort((one, other) => other.time - one.time);
    for (const { key } of latest.splice(most)) this.#acquaintances.delete(key);
    return latest;
  }

  meet(acquaintance: KnownPeer): void {
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

  memberships(): OwnMembership[] {
    return [...this.#memberships.values()];
  }

  keepMembership(membership: OwnMembership): void {
    this.#memberships.set(membership.group, membership);
  }

  commit(): void {}

  close(): void {}
}

import type { KnownPeer, Outgoing, OwnMembership, PeerStore, Trust } from "../../lib/peers/store.ts";
import { PeerMemoryStore } from "../../lib/store/peer_memory_store.ts";

type Write = (store: PeerStore) => void;

/** A peer's disk: a crash loses what was not committed, but numbers are never reused. */
export class PeerDisk implements PeerStore {
  readonly id: string = crypto.randomUUID();
  #store = new PeerMemoryStore();
  readonly #committed: Write[] = [];
  #open: Write[] = [];
  #last = 0;

  /** The program has crashed. */
  crash(): void {
    this.#open = [];
    this.#store = new PeerMemoryStore();
    for (const write of this.#committed) write(this.#store);
  }

  commit(): void {
    this.#committed.push(...this.#open);
    this.#open = [];
  }

  #write(write: Write): void {
    write(this.#store);
    this.#open.push(write);
  }

  nextNumber(): number {
    return ++this.#last;
  }

  keep(message: Outgoing): void {
    this.#write((store) => store.keep(message));
  }

  done(to: string, n: number): void {
    this.#write((store) => store.done(to, n));
  }

  arrived(to: string, first: number, last: number): void {
    this.#write((store) => store.arrived(to, first, last));
  }

  waiting(): Outgoing[] {
    return this.#store.waiting();
  }

  seen(series: string): number {
    return this.#store.seen(series);
  }

  markSeen(series: string, n: number): void {
    this.#write((store) => store.markSeen(series, n));
  }

  refused(series: string, n: number): string | undefined {
    return this.#store.refused(series, n);
  }

  refuse(series: string, n: number, why: string): void {
    this.#write((store) => store.refuse(series, n, why));
  }

  forgetRefusals(series: string, below: number): void {
    this.#write((store) => store.forgetRefusals(series, below));
  }

  acquaintances(most: number): KnownPeer[] {
    return this.#store.acquaintances(most);
  }

  meet(acquaintance: KnownPeer): void {
    this.#write((store) => store.meet(acquaintance));
  }

  trust(name: string): Trust | undefined {
    return this.#store.trust(name);
  }

  trustOf(key: string): Trust | undefined {
    return this.#store.trustOf(key);
  }

  keepTrust(trust: Trust): void {
    this.#write((store) => store.keepTrust(trust));
  }

  memberships(): OwnMembership[] {
    return this.#store.memberships();
  }

  keepMembership(membership: OwnMembership): void {
    this.#write((store) => store.keepMembership(membership));
  }

  close(): void {}
}

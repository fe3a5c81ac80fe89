import type { PeerEvent } from "./event.ts";
import type { PeerLimits } from "./options.ts";
import type { KnownPerson, People } from "./people.ts";
import type { PeerStore } from "./store.ts";

/** What the parts of a peer share. */
export interface PeerContext {
  readonly people: People;
  readonly store: PeerStore;
  readonly limits: PeerLimits;
  readonly counts: PeerCounts;
  /** When this turn is. */
  readonly now: number;
  show(event: PeerEvent): void;
  /** What waits for one person waits for another from now on: they are the same, with a new key. */
  handOver(from: KnownPerson, to: KnownPerson): void;
  /** There is something to be said to somebody: mail that waits goes out in this turn. */
  stir(person: KnownPerson): void;
}

/** What happened to messages so far. */
export interface PeerCounts {
  said: number;
  delivered: number;
  failed: number;
  shown: number;
  /** Messages that came again after they were shown. */
  repeated: number;
  /** Letters that were not sealed where only sealed ones are taken. */
  unsealed: number;
}

/** Somebody who is there, and of whom is known who they are. */
export function isThere(person: KnownPerson): boolean {
  return person.friend?.isReady ?? false;
}

import { Outputs } from "../core/machine.ts";
import type { PeerEvent, PeerOutput } from "./event.ts";
import type { PeerLimits } from "./options.ts";
import { type KnownPerson, People } from "./people.ts";
import type { PeerStore } from "./store.ts";

/** Counts of messages, for `/stats`. */
export interface PeerCounts {
  said: number;
  delivered: number;
  failed: number;
  shown: number;
  /** Messages that arrived again after they were shown. */
  repeated: number;
  /** Messages that were not sealed where only sealed ones are accepted. */
  unsealed: number;
}

/** The state that the parts of a peer share. */
export class PeerContext {
  readonly outputs = new Outputs<PeerOutput>();
  readonly people: People;
  readonly counts: PeerCounts = { said: 0, delivered: 0, failed: 0, shown: 0, repeated: 0, unsealed: 0 };
  /** People whose queued messages are to be sent at the end of this turn. */
  readonly pending = new Set<KnownPerson>();

  constructor(
    readonly store: PeerStore,
    readonly limits: PeerLimits,
    /** The time of this turn. */
    public now: number,
  ) {
    this.people = new People(limits);
  }

  /** Shows an event; `ref` is that of the question which it answers. */
  show(event: PeerEvent, ref?: number): void {
    this.outputs.push({ type: "show", event, ref });
  }
}

/** Whether a person is linked to us, and has proved their key if they have one; or another program of theirs has answered. */
export function isThere(person: KnownPerson): boolean {
  return person.plain?.hasAnswered ?? person.link?.isReady ?? false;
}

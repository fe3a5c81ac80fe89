/** A message that is not acknowledged. */
export interface Outgoing {
  /** Unique, and higher than all before. */
  readonly n: number;
  /** The receiver's public key in base64. */
  readonly to: string;
  /** The receiver's name. */
  readonly name: string;
  readonly group: string | undefined;
  readonly text: string;
  readonly time: number;
}

/** A person that we have met; `key` is the public key in base64. */
export interface KnownPeer {
  readonly key: string;
  readonly name: string;
  /** The last address, `ADDRESS:PORT`. */
  readonly address: string;
  /** When we were last linked. */
  readonly time: number;
}

/** The key that the user has accepted for a name. */
export interface Trust {
  readonly name: string;
  readonly key: string;
  readonly fingerprint: Uint8Array;
  /** Whether only sealed messages are sent and accepted. */
  readonly secure: boolean;
}

/** A membership of ours. */
export interface OwnMembership {
  readonly group: string;
  readonly version: number;
  readonly in: boolean;
}

/**
 * The disk of a peer.
 *
 * 1. Changes are durable after `commit`; a call that throws leaves what was committed as it was. Those of `arrived` and
 *    `markSeen` survive the end of the program, but maybe not that of the machine: a message is then sent again and recognised,
 *    and one whose acknowledgement was under way may be shown again.
 * 2. `nextNumber` never returns a number twice, not even after a crash.
 */
export interface PeerStore {
  /** Identifies this store: another one starts its numbers over. */
  readonly id: string;
  nextNumber(): number;
  keep(message: Outgoing): void;
  /** Removes a message that has failed, or waits for another person now. */
  done(to: string, n: number): void;
  /** Removes messages that have arrived, by their numbers; `waiting` may have them until the commit. */
  arrived(to: string, first: number, last: number): void;
  /** All messages, in the order of their numbers. */
  waiting(): Outgoing[];
  /** The last number of a series that was shown, 0 if none. A series is the numbering of one store of one person. */
  seen(series: string): number;
  markSeen(series: string, n: number): void;
  /** Why a message was rejected, for when it is sent again because the answer was lost. Keeps the last thousand of a series. */
  refused(series: string, n: number): string | undefined;
  refuse(series: string, n: number, why: string): void;
  /** No message of a series below this number will be sent again. */
  forgetRefusals(series: string, below: number): void;
  /** The people met last, at most this many; the others are forgotten. */
  acquaintances(most: number): KnownPeer[];
  meet(acquaintance: KnownPeer): void;
  trust(name: string): Trust | undefined;
  /** The same by the key, for any name. */
  trustOf(key: string): Trust | undefined;
  keepTrust(trust: Trust): void;
  memberships(): OwnMembership[];
  keepMembership(membership: OwnMembership): void;
  commit(): void;
  close(): void;
}

/** Something said that is not known to have arrived. */
export interface Outgoing {
  /** Never used twice, and higher than all before. */
  readonly n: number;
  /** The public key of whom it is for, in base64. */
  readonly to: string;
  /** What they were called. */
  readonly name: string;
  readonly group: string | undefined;
  readonly text: string;
  readonly time: number;
}

/** Somebody met, by their public key in base64. */
export interface KnownPeer {
  readonly key: string;
  readonly name: string;
  /** Where they were last: `ADDRESS:PORT`. */
  readonly address: string;
  /** When that was. */
  readonly time: number;
}

/** The key that a person has taken for that of somebody by this name. */
export interface Trust {
  readonly name: string;
  readonly key: string;
  readonly fingerprint: Uint8Array;
  /** Whether only what is sealed is said and taken. */
  readonly secure: boolean;
}

/** Our own part in a group. */
export interface OwnPart {
  readonly group: string;
  readonly version: number;
  readonly in: boolean;
}

/**
 * What a peer keeps on its disk.
 *
 * 1. What a turn has changed is there for good after `commit`; a call that throws leaves what was committed as it is.
 * 2. `nextNumber` gives no number twice, also after a crash.
 */
export interface PeerStore {
  /** Names this store among all others: its numbers begin anew in another one. */
  readonly id: string;
  nextNumber(): number;
  keep(message: Outgoing): void;
  /** It has arrived, or never will. */
  done(to: string, n: number): void;
  /** What is kept, in the order it was said. */
  waiting(): Outgoing[];
  /** The last number of a series, which is what one store of somebody's counts, that was shown; 0 when none was. */
  seen(series: string): number;
  markSeen(series: string, n: number): void;
  /** Why a message was not taken; it may be said again when the answer was lost. The newest thousand of a series are kept. */
  refused(series: string, n: number): string | undefined;
  refuse(series: string, n: number, why: string): void;
  /** Nothing of a series is said again below this number. */
  forgetRefusals(series: string, below: number): void;
  /** Those met last, at most so many; the others are forgotten. */
  acquaintances(most: number): KnownPeer[];
  meet(acquaintance: KnownPeer): void;
  trust(name: string): Trust | undefined;
  /** The same by the key, whatever name it is remembered for. */
  trustOf(key: string): Trust | undefined;
  keepTrust(trust: Trust): void;
  parts(): OwnPart[];
  keepPart(part: OwnPart): void;
  commit(): void;
  close(): void;
}

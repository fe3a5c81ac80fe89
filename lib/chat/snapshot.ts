import type { Place, RecordId } from "./record_id.ts";

/** A user ever seen; the numbers of users and conversations are given by the chat. */
export interface SavedUser {
  readonly id: number;
  readonly name: string;
  /** What proves the name, for those who have registered it themselves. */
  readonly key: Uint8Array | undefined;
  /** False for a name that was only mentioned, as by a message to or from it. */
  readonly registered: boolean;
  /** Up to where one of the user's clients has everything. */
  readonly acked: number;
  /** Networks from which the user has logged in (see `networkOf`); what was used longest ago is first. */
  readonly networks: readonly string[];
}

export interface SavedRoom {
  readonly id: number;
  readonly name: string;
  readonly unlisted: boolean;
  /** The newest entry in it; 0 when nothing was ever said. */
  readonly last: number;
  readonly members: readonly { readonly user: number; readonly since: number; readonly read: number }[];
}

/** The conversation of two users: cursors of `one`, then of `other`, which is `one` when a user talks to themselves. */
export interface SavedPair {
  readonly id: number;
  readonly users: readonly [number, number];
  readonly received: readonly [number, number];
  readonly read: readonly [number, number];
  /** What each has not received. */
  readonly waiting: readonly [SavedWaiting, SavedWaiting];
}

/** Bytes that wait, the newest of them in entry `upTo`. */
export interface SavedWaiting {
  readonly bytes: number;
  readonly upTo: number;
}

/** One client of a user: everything up to `number` was accepted, but for what was refused. */
export interface SavedProducer {
  readonly user: number;
  readonly client: string;
  readonly number: number;
  readonly refused: readonly { readonly number: number; readonly why: string }[];
}

/**
 * Which server holds a name, what proves it, and where its claim was put. `version` counts how often another proof has taken
 * the place of the first.
 */
export interface NameHolder extends Place {
  readonly version: number;
  readonly name: string;
  readonly ref: string;
  readonly server: string;
}

/** What a server at an exchange holds in memory besides. */
export interface SavedSharing {
  /** Up to where the exchange was read. */
  readonly read: Place;
  /** Servers, with the highest number of their records that was taken; of this one, that is in the log. */
  readonly servers: readonly { readonly server: string; readonly name: string; readonly taken: number }[];
  /** The number of this server's newest record, and those of its records that are not taken yet. */
  readonly last: number;
  /** Everything of this server up to here has a place at the exchange. */
  readonly givenBack: number;
  readonly pending: readonly { readonly number: number; readonly text: string }[];
  readonly names: readonly NameHolder[];
  /** The newest of what each other server has recorded of users, of late. */
  readonly newestElsewhere: readonly { readonly user: number; readonly id: RecordId }[];
}

/** All that the chat holds in memory, as it was committed last. */
export interface Snapshot {
  /** Names this store among all others, for as long as it lives: numbers of one mean nothing in another. */
  readonly id: string;
  /** The number and the time of the newest entry. */
  readonly last: number;
  readonly time: number;
  /** Whether SQLite's full-text index is there. */
  readonly searches: boolean;
  readonly users: readonly SavedUser[];
  readonly rooms: readonly SavedRoom[];
  readonly pairs: readonly SavedPair[];
  readonly producers: readonly SavedProducer[];
  /** Left out by a store that was never at an exchange. */
  readonly sharing?: SavedSharing | undefined;
}

import type { RecordId } from "./record_id.ts";
import type { WaitingBytes } from "./waiting_bytes.ts";

/** A user whose name was ever mentioned. */
export interface KnownUser {
  readonly id: number;
  readonly name: string;
  /** Otherwise the name was only mentioned by others. */
  registered: boolean;
  key: Uint8Array | undefined;
  /** Up to where one of the user's clients has everything. */
  acked: number;
  /** Bytes of private messages that the user's clients do not have; changed by `Roster.wait`. */
  waitingBytes: number;
  /** The newest of what each other server has recorded of the user, where nothing that was said here since names it. */
  newestElsewhere: readonly RecordId[] | undefined;
  /** By the other user's number; undefined without any. */
  pairs: Map<number, Pair> | undefined;
  readonly rooms: Map<number, Room>;
  readonly producers: Map<string, Producer>;
  /** Networks from which the user has logged in; what was used longest ago is first. */
  readonly networks: Set<string>;
  /** Rooms that the user has made since the server began. */
  roomsMade: number;
}

/** In place of a key: the name was registered without a proof. A real key has 32 bytes. */
export const UNPROVEN_KEY: Uint8Array = new Uint8Array(0);

/** Whether a user's name has no proof. */
export function isUnproven({ key }: Pick<KnownUser, "key">): boolean {
  return key?.length === 0;
}

/** A member's view of a room: the entries after `since`, of which those up to `read` were read. */
export interface Membership {
  readonly since: number;
  read: number;
}

export interface Room {
  readonly id: number;
  readonly name: string;
  /** Whether only its members find it in lists: its name is enough to enter. */
  readonly unlisted: boolean;
  /** The newest entry in it; 0 when nothing was ever said. */
  last: number;
  /** Whether something was or is just being said in it. */
  used: boolean;
  readonly members: Map<KnownUser, Membership>;
}

/** The conversation of two users. */
export interface Pair {
  readonly id: number;
  readonly users: readonly [KnownUser, KnownUser];
  /** Up to where each has received what the other said. */
  readonly received: [number, number];
  readonly read: [number, number];
  /** What waits for each; made when something does. */
  readonly waiting: [WaitingBytes | undefined, WaitingBytes | undefined];
}

/** One client of a user. */
export interface Producer {
  readonly user: KnownUser;
  readonly client: string;
  /** The highest number that was taken, and the highest that is committed. */
  number: number;
  committed: number;
  /** Numbers that were refused, and why; the oldest go first. Undefined without any. */
  refused: Map<number, string> | undefined;
  /** The highest of them. */
  newestRefused: number;
  /** The client knows the outcome of everything up to here; other servers know of all refusals up to there. */
  answered: number;
  refusalsShared: number;
}

export type Conversation = Room | Pair;

/** The place of a user in a pair. */
export function sideOf(pair: Pair, user: KnownUser): 0 | 1 {
  return pair.users[0] === user ? 0 : 1;
}

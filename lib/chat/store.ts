/** Where a message goes: to one user, or to a room. */
export type Target = { readonly user: string } | { readonly room: string };

/** A message that is to be kept. */
export interface NewMessage {
  readonly from: string;
  readonly to: Target;
  readonly text: string;
  readonly time: number;
  /** The sender's own name for it; none when it came through a door that has no such thing. */
  readonly id?: string | undefined;
}

/** A message that is kept; later ones have greater numbers, and no number is given twice. */
export interface StoredMessage extends NewMessage {
  readonly type: "message";
  readonly seq: number;
}

/** What became of a message, for its sender. */
export interface NewNotice {
  readonly type: "delivered" | "failed";
  /** Who said the message, and is told. */
  readonly owner: string;
  /** Whom the message was for. */
  readonly to: string;
  /** The sender's own name for the message. */
  readonly id: string;
  /** The number of the message; 0 for one that was not kept. */
  readonly of: number;
  readonly time: number;
  /** Why it failed. */
  readonly why?: string | undefined;
}

/** A notice that is kept, numbered among the messages. */
export interface StoredNotice extends NewNotice {
  readonly seq: number;
}

/** What a user's clients are told, in the order of `seq`. */
export type StoredEntry = StoredMessage | StoredNotice;

/** What was answered when a sender said something under an id. */
export type Answer =
  | { readonly type: "sent"; readonly seq: number; readonly time: number }
  | { readonly type: "refused"; readonly why: string };

/** A user ever seen. */
export interface StoredUser {
  readonly name: string;
  /** What proves the name, for those who have registered it themselves. */
  readonly key: Uint8Array | undefined;
  /** Up to where the user's clients have everything. */
  readonly acked: number;
}

/** A private message whose receiver has it now. */
export interface AcknowledgedMessage {
  readonly seq: number;
  readonly from: string;
  readonly id: string | undefined;
}

/** A private message that nobody has come for in time. */
export interface ExpiredMessage extends AcknowledgedMessage {
  readonly to: string;
}

/**
 * What is kept.
 *
 * 1. Calls take effect at once for later calls; they are kept for good only by `commit`. `rollback` undoes everything since
 *    the last commit, and so does the end of the process.
 * 2. `seq` grows by each kept message and notice, across restarts, and is never given twice once it was committed.
 * 3. A call that fails throws; then `rollback` is the only call that makes sense.
 */
export interface MessageStore {
  /** Names this store among all others, for as long as it lives: numbers of one mean nothing in another. */
  readonly id: string;
  /** The greatest number given so far; 0 at the beginning. */
  readonly last: number;
  /** Whether anything waits for `commit`. */
  readonly dirty: boolean;

  /** A user ever seen. */
  user(name: string): StoredUser | undefined;
  /** The names of all users ever seen, sorted by code units. */
  users(): string[];
  /** A new user, or a key for one who had none; is in the lobby from here on. Said again, changes nothing else. */
  addUser(name: string, key: Uint8Array | undefined, time: number): void;

  /** The names of all rooms, the lobby first, the others in the order in which they were made. */
  rooms(): string[];
  /** Who is in a room, sorted by code units. */
  members(room: string): string[];
  /** The rooms that a user is in, in the order of `rooms`. */
  roomsOf(name: string): string[];
  /** Puts a user (who was added) into a room, which is made if need be; sees what comes from here on. */
  join(room: string, name: string, time: number): void;
  leave(room: string, name: string): void;

  /** What was answered to this sender under this id. */
  answer(from: string, id: string): Answer | undefined;
  /** Keeps a message; private ones wait for their receiver until `acknowledge` or `settle`. */
  keep(message: NewMessage): StoredMessage;
  /** Keeps that something said under an id was refused, so that it is answered the same way again. */
  refuse(from: string, id: string, why: string, time: number): void;
  /** Keeps a notice, which waits for its owner. */
  notify(notice: NewNotice): StoredNotice;

  /**
   * The user's clients have everything up to `seq`: nothing up to there waits any more. The private messages that did wait,
   * in order.
   */
  acknowledge(name: string, seq: number): AcknowledgedMessage[];
  /** One private message does not wait any more, whatever the rest does; undefined when it did not wait. */
  settle(seq: number): AcknowledgedMessage | undefined;
  /** Forgets a private message of which its sender was told that it has failed. */
  withdraw(seq: number): void;
  /** The user has seen what is in a room up to `seq`, at a door that acknowledges nothing else. */
  seen(room: string, name: string, seq: number): void;

  /**
   * What still waits for a user after `after`, oldest first, at most `limit`: private messages and notices not settled, and
   * of the rooms what is past both `acked` and `seen`. Their own messages are not among it. "private" leaves the rooms out.
   */
  waiting(name: string, after: number, limit: number, only?: "private"): StoredEntry[];
  /**
   * All that concerns a user after `after`, waiting or not, oldest first, at most `limit`: private messages to and from them,
   * notices to them, and of each room they are in all since they joined, their own messages too.
   */
  since(name: string, after: number, limit: number): StoredEntry[];
  /** The last messages before `before`, newest last, at most `limit`: between two users, or in a room. */
  history(
    where: { readonly between: readonly [string, string] } | { readonly room: string },
    before: number,
    limit: number,
  ): StoredMessage[];

  /**
   * Forgets what is from before `oldest`, and of each room all but the last `perRoom`. The private messages that still waited
   * are returned, so that their senders can be told. At most `limit` entries a call; `more` when there are more.
   */
  prune(oldest: number, perRoom: number, limit: number): { readonly expired: ExpiredMessage[]; readonly more: boolean };

  commit(): void;
  rollback(): void;
  /** Commits what is left and lets go of the disk. */
  close(): void;
}

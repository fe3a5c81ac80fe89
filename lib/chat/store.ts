import type { Entry, EntryType } from "./entry.ts";
import type { Reaction } from "./reactions.ts";
import type { Place, RecordId } from "./record_id.ts";
import type { NameHolder, Snapshot } from "./snapshot.ts";

/** One row that is written. */
export type Write =
  | { readonly type: "user"; readonly id: number; readonly name: string }
  | { readonly type: "register"; readonly user: number; readonly key: Uint8Array | undefined; readonly time: number }
  /** The user has logged in from a network, which is now the one used last; or it is forgotten. */
  | { readonly type: "network" | "forgetNetwork"; readonly user: number; readonly network: string }
  | { readonly type: "room"; readonly id: number; readonly name: string; readonly unlisted: boolean }
  | { readonly type: "dropRoom"; readonly id: number }
  | { readonly type: "pair"; readonly id: number; readonly users: readonly [number, number] }
  | { readonly type: "join"; readonly room: number; readonly user: number; readonly since: number }
  | { readonly type: "leave"; readonly room: number; readonly user: number }
  | {
    readonly type: "entry";
    readonly kind: EntryType;
    readonly seq: number;
    readonly conversation: number;
    /** The number of a user, or the name of a guest. */
    readonly from: number | string;
    readonly text: string;
    readonly time: number;
    readonly of: number | undefined;
    readonly client: string | undefined;
    readonly number: number | undefined;
  }
  /** The message failed at a handout sender, and no server has it any more. */
  | { readonly type: "forget"; readonly seq: number }
  | { readonly type: "producer"; readonly user: number; readonly client: string; readonly number: number }
  | {
    readonly type: "refusal";
    readonly user: number;
    readonly client: string;
    readonly number: number;
    readonly why: string;
  }
  | { readonly type: "acked"; readonly user: number; readonly upTo: number }
  /** `side` is the place of the user in the pair. */
  | {
    readonly type: "pairCursor";
    readonly cursor: "received" | "read";
    readonly pair: number;
    readonly side: 0 | 1;
    readonly upTo: number;
  }
  | { readonly type: "roomRead"; readonly room: number; readonly user: number; readonly upTo: number }
  /** A record; written again when it is taken, with its entry's number, and when its place is known. */
  | {
    readonly type: "record";
    readonly id: RecordId;
    readonly text: string;
    readonly isTaken: boolean;
    readonly place?: Place | undefined;
    readonly seq?: number | undefined;
  }
  /** Up to where the exchange is read, whatever was written before. */
  | { readonly type: "exchangeRead"; readonly place: Place }
  | { readonly type: "serverName"; readonly server: string; readonly name: string }
  | { readonly type: "holder"; readonly holder: NameHolder }
  /** `user`, at `side`, has received what `sender` said in the records of one server up to a number. */
  | {
    readonly type: "sharedReceived";
    readonly pair: number;
    readonly side: 0 | 1;
    readonly user: number;
    readonly sender: number;
    readonly upTo: RecordId;
  }
  /** Like `pairCursor` and `roomRead`, up to the entry of a record. */
  | { readonly type: "sharedPairRead"; readonly pair: number; readonly side: 0 | 1; readonly upTo: RecordId }
  | { readonly type: "sharedRoomRead"; readonly room: number; readonly user: number; readonly upTo: RecordId };

/** What is committed at once, whole or not at all. */
export interface Batch {
  readonly writes: readonly Write[];
  /** The newest entry's number and time. */
  readonly last: number;
  readonly time: number;
}

/** Batches that follow each other, as one. */
export function joined(batches: readonly Batch[]): Batch {
  if (batches.length === 1) return batches[0]!;
  const { last, time } = batches.at(-1)!;
  return { writes: batches.flatMap(({ writes }) => writes), last, time };
}

/**
 * Which entries a page is of: all that concern a user; those of others that the user's clients have not received; of the
 * latter only private messages, without the texts of those that are withdrawn.
 */
export type PageFilter = "all" | "unreceived" | "private";

/** What is asked of the records that servers share. */
export const RECORD_QUERIES = [
  "records",
  "entryOf",
  "recordOf",
  "recordsIn",
  "receivedUpTo",
  "saidAs",
  "isOutdated",
] as const;

/** What is asked of the store. */
export type Query =
  /** Entries after `after`, up to `upTo`, in order. */
  | {
    readonly type: "page";
    readonly user: number;
    readonly after: number;
    readonly upTo: number;
    readonly limit: number;
    readonly filter: PageFilter;
  }
  /** The last messages before `before`, or the first after `after`; amended by what came later. */
  | {
    readonly type: "history";
    readonly conversation: number;
    readonly before?: number | undefined;
    readonly after?: number | undefined;
    readonly limit: number;
  }
  | {
    readonly type: "search";
    readonly user: number;
    readonly words: string;
    readonly from?: number | undefined;
    readonly conversation?: number | undefined;
    /** Times, in ms since 1970. */
    readonly since?: number | undefined;
    readonly until?: number | undefined;
    readonly before?: number | undefined;
    readonly limit: number;
  }
  /** The user's conversations: the newest entry of each, and how many messages of others are unread. */
  | { readonly type: "overview"; readonly user: number }
  /** The texts that a message had, the first first. */
  | { readonly type: "versions"; readonly seq: number }
  /** The newest private message to the user after `after` and up to `upTo`, of each pair. */
  | { readonly type: "arrived"; readonly user: number; readonly after: number; readonly upTo: number }
  /** A server's records after a number, in order. */
  | { readonly type: "records"; readonly server: string; readonly after: number; readonly limit: number }
  /** The entry of a record. */
  | { readonly type: "entryOf"; readonly id: RecordId }
  /** The newest record of a conversation's entries up to a number, or of that entry alone. */
  | { readonly type: "recordOf"; readonly seq: number; readonly conversation?: number | undefined }
  /** Of what a user said in a conversation, the newest record of each server after an entry and up to another. */
  | {
    readonly type: "recordsIn";
    readonly conversation: number;
    readonly sender: number;
    readonly after: number;
    readonly upTo: number;
  }
  /** Up to where a user of a pair has received what the other one said. */
  | { readonly type: "receivedUpTo"; readonly pair: number; readonly side: 0 | 1 }
  /** The entry that a client has said under a number. */
  | { readonly type: "saidAs"; readonly user: number; readonly client: string; readonly number: number }
  /**
   * Whether a change of a message that `sender` has made counts no more: the message is withdrawn, or the sender's change of this kind,
   * of reactions that with the same mark, has a later time; where times are equal, the record decides.
   */
  | {
    readonly type: "isOutdated";
    readonly of: number;
    readonly kind: EntryType;
    readonly sender: number;
    readonly text: string;
    readonly time: number;
    readonly id: RecordId;
  }
  /** One entry, for who wants to change it. */
  | { readonly type: "entry"; readonly seq: number }
  /** Removes what is too old or too much, a bounded piece at a time. */
  | { readonly type: "prune"; readonly keepMs: number; readonly perRoom: number; readonly limit: number };

/** A record as it is stored, and its place where that is known. */
export interface SavedRecord {
  readonly number: number;
  readonly text: string;
  readonly place: Place | undefined;
}

/** A message with its outcome. */
export interface HistoryMessage extends Entry {
  readonly edited: boolean;
  readonly withdrawn: boolean;
  /** Why it never arrived; undefined unless it failed. */
  readonly failed: string | undefined;
  readonly reactions: readonly Reaction[] | undefined;
}

export interface ConversationState {
  readonly conversation: number;
  readonly last: number;
  /** When the newest entry was said. */
  readonly time: number;
  /** Up to where the user has read, and how many messages of others are after that. */
  readonly read: number;
  readonly unread: number;
  /** Up to where the other user of a pair has received what this one said; 0 in a room. */
  readonly received: number;
}

export type Answer =
  | { readonly type: "page"; readonly entries: readonly Entry[]; readonly upTo: number }
  | { readonly type: "history"; readonly messages: readonly HistoryMessage[]; readonly more: boolean }
  | { readonly type: "search"; readonly hits: readonly HistoryMessage[]; readonly more: boolean }
  | { readonly type: "overview"; readonly states: readonly ConversationState[] }
  | { readonly type: "versions"; readonly texts: readonly { readonly text: string; readonly time: number }[] }
  | { readonly type: "arrived"; readonly pairs: readonly { readonly pair: number; readonly upTo: number }[] }
  | { readonly type: "entry"; readonly entry: Entry | undefined; readonly withdrawn: boolean }
  | { readonly type: "records"; readonly records: readonly SavedRecord[] }
  | { readonly type: "entryOf" | "saidAs"; readonly seq: number | undefined }
  /** `changedAt`: the latest time of a change of that entry, 0 without one. */
  | { readonly type: "recordOf"; readonly id: RecordId | undefined; readonly changedAt: number }
  | { readonly type: "recordsIn"; readonly ids: readonly RecordId[] }
  | { readonly type: "receivedUpTo"; readonly seq: number }
  | { readonly type: "isOutdated"; readonly outdated: boolean }
  | {
    readonly type: "pruned";
    /** Private messages that never arrived. */
    readonly expired: readonly Entry[];
    readonly removed: number;
    readonly more: boolean;
  };

/** The answer to a query. */
export type AnswerTo<Q extends Query> = Q["type"] extends "entryOf" | "saidAs"
  ? Extract<Answer, { type: "entryOf" | "saidAs" }>
  : Extract<Answer, { type: Q["type"] extends "prune" ? "pruned" : Q["type"] }>;

/**
 * What keeps the chat. Calls take effect in order.
 *
 * 1. `append` commits a batch whole, or throws and nothing of it is kept.
 * 2. `query` sees everything that was appended before.
 */
export interface Store {
  readonly snapshot: Snapshot;
  append(batch: Batch): void;
  query<Q extends Query>(query: Q): AnswerTo<Q>;
  close(): void;
}

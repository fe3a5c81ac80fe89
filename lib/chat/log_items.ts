import type { Conversation, Producer } from "./entities.ts";
import type { Entry, EntryType, Target } from "./entry.ts";
import type { Place, RecordId } from "./record_id.ts";
import type { Write } from "./store.ts";
import type { Session } from "./users.ts";

/** An entry that has no number yet. */
export interface Draft {
  readonly type: EntryType;
  readonly from: string;
  readonly to: Target;
  readonly text: string;
  readonly of?: number | undefined;
  /** The record of that entry, where servers share it. */
  readonly ofRecord?: RecordId | undefined;
  /** Which client said it, and its number there. */
  readonly producer?: Producer | undefined;
  readonly number?: number | undefined;
  /** The session that said it. */
  readonly sayer?: Session | undefined;
  /** When it was said, by the clock of `now`; NaN where receipts are not timed. */
  readonly said: number;
  /** When it was said, by the wall clock, where that was at another time or another server. */
  time?: number | undefined;
  /** Where it changes a message: the latest time of a change that was known then. Its own is later. */
  readonly changedAt?: number | undefined;
  /** The record that it is, where servers share it: then it is kept sooner or later, and does not fail. */
  record?: TakenRecord | undefined;
  /** The entry is committed. */
  done(entry: Entry): void;
  /** It could not be written, and never will be. */
  failed(why: string): void;
}

/** Something that waits for the commit of all that was gathered before it. */
export interface Step {
  /** Whether it comes before the entries of its batch are told, as a refusal: a later entry would confirm its number. */
  readonly isFirst?: boolean;
  done(): void;
  failed(why: string): void;
}

/** A record that becomes part of this server's log. */
export interface TakenRecord {
  readonly id: RecordId;
  readonly text: string;
  /** Undefined while the exchange has none for it. */
  readonly place: Place | undefined;
}

/** Something for the other servers, which gets its number when its batch leaves. */
export interface Shared {
  readonly from?: string | undefined;
  /** Which client said it, and its number there. */
  readonly producer?: Producer | undefined;
  readonly number?: number | undefined;
  /** Rows that are kept with it or not at all. */
  readonly writes?: readonly Write[] | undefined;
  /** The record, made at this time of the wall clock. */
  encode(time: number): string;
  done(number: number, text: string): void;
  /** It could not be written, and has no number. */
  failed(why: string): void;
}

/** Rows that are kept sooner or later, in the order of the entries around them. */
export interface Rows {
  readonly writes: readonly Write[];
  done(): void;
}

/** Something that is gathered to be written, in this order. */
export type LogItem =
  | { readonly draft: Draft; readonly conversation: Conversation }
  | { readonly step: Step }
  | { readonly shared: Shared }
  | { readonly rows: Rows };

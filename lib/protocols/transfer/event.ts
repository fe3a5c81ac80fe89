import type { Target } from "../../chat/entry.ts";

/** A file or a folder that was offered. `n` is its number in `FileNumbers`. */
export interface TransferItem {
  readonly n: number;
  readonly name: string;
  readonly bytes: number;
  /** The number of files in a folder; undefined for a single file. */
  readonly files: number | undefined;
}

/** What is shown to the user of transfers. */
export type FileEvent =
  /** A user offers something to us, or to a room that we are in. */
  | TransferItem & {
    readonly type: "offered";
    readonly from: string;
    readonly to: Target;
    /** How many offers this user has made, this one included, since the last answer to one of them. */
    readonly unanswered: number;
    /** It is at the server, and can be fetched when its sender is away. */
    readonly isLeft?: boolean;
  }
  /** We offer something. `skipped` counts links, devices and the like in a folder, which are not sent. */
  | TransferItem & { readonly type: "offering"; readonly to: Target; readonly skipped: number }
  /** A file is at the server, for a user or a room. */
  | TransferItem & { readonly type: "left"; readonly to: Target }
  /** A file is being read before it is offered. */
  | {
    readonly type: "reading";
    readonly n: number;
    readonly name: string;
    readonly done: number;
    readonly bytes: number;
  }
  /** `done` bytes have been transferred; `rate` is in bytes a second. */
  | TransferItem & {
    readonly type: "progress";
    readonly with: string;
    readonly sends: boolean;
    readonly done: number;
    readonly rate: number;
  }
  /** A stream was opened: a connection of its own, or one that is relayed through the chat. */
  | TransferItem & {
    readonly type: "route";
    readonly with: string;
    readonly sends: boolean;
    readonly relayed: boolean;
    readonly sealed: boolean;
  }
  /** The transfer is interrupted and resumes by itself. */
  | TransferItem & { readonly type: "paused"; readonly with: string; readonly sends: boolean; readonly why: string }
  /** Everything has arrived, was verified, and is at `path`. */
  | TransferItem & { readonly type: "received"; readonly from: string; readonly path: string }
  /** A receiver has verified everything. */
  | TransferItem & { readonly type: "fileSent"; readonly to: string }
  /** The transfer has failed: for good unless `canRetry`, or for one of several receivers. */
  | TransferItem & {
    readonly type: "fileFailed";
    readonly with: string;
    readonly why: string;
    /** Whether the user may accept the offer again. */
    readonly canRetry?: boolean;
    /** It was one of many offers: the user was not shown each, and is not told of each. */
    readonly isOneOfMany?: boolean;
  }
  /** The user has refused all undecided offers, of one user or of all. */
  | { readonly type: "refusedAll"; readonly count: number; readonly from: string | undefined }
  | { readonly type: "files"; readonly files: readonly FileState[] };

/** One line of the list of transfers. */
export interface FileState extends TransferItem {
  readonly sends: boolean;
  readonly with: string;
  readonly state: string;
}

/** A user's command about transfers. */
export type FileCommand =
  /** `leave`: at the server, for when its receiver comes. */
  | { readonly type: "send"; readonly to: Target; readonly path: string; readonly leave?: boolean }
  | { readonly type: "accept" | "refuse" | "stop"; readonly n: number }
  | { readonly type: "refuseAll"; readonly from: string | undefined }
  | { readonly type: "files" };

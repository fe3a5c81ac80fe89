import type { Target } from "../../chat/store.ts";

/** What can be seen of something on its way. `n` is the number that a person calls it by. */
export interface TransferItem {
  readonly n: number;
  readonly name: string;
  readonly bytes: number;
  /** How many files a folder has; undefined for one file alone. */
  readonly files: number | undefined;
}

/** What a client learns of files. A face turns it into what a person sees. */
export type FileEvent =
  /** Somebody would send us something, or a room that we are in. */
  | TransferItem & { readonly type: "offered"; readonly from: string; readonly to: Target }
  /** We have offered something. */
  | TransferItem & { readonly type: "offering"; readonly to: Target; readonly passedOver: number }
  /** What is to be offered is being read. */
  | { readonly type: "reading"; readonly name: string; readonly done: number; readonly bytes: number }
  /** So much of it is there. */
  | TransferItem & {
    readonly type: "moving";
    readonly with: string;
    readonly sends: boolean;
    readonly done: number;
    /** Bytes a second of late. */
    readonly rate: number;
  }
  /** The way that it takes. */
  | TransferItem & {
    readonly type: "way";
    readonly with: string;
    readonly sends: boolean;
    readonly relayed: boolean;
    readonly sealed: boolean;
  }
  /** It does not go on at the moment, and will by itself. */
  | TransferItem & { readonly type: "halted"; readonly with: string; readonly sends: boolean; readonly why: string }
  /** All of it is here, checked, and has its name. */
  | TransferItem & { readonly type: "received"; readonly from: string; readonly path: string }
  /** Somebody has all of it, checked. */
  | TransferItem & { readonly type: "fileSent"; readonly to: string }
  /** Nothing comes of it, or with one of those it was offered to. */
  | TransferItem & { readonly type: "fileFailed"; readonly with: string; readonly why: string }
  | { readonly type: "files"; readonly files: readonly FileState[] };

/** Something offered, and how it stands. */
export interface FileState extends TransferItem {
  readonly sends: boolean;
  readonly with: string;
  readonly state: string;
}

/** What a person does about files. */
export type FileAct =
  | { readonly type: "send"; readonly to: Target; readonly path: string }
  | { readonly type: "accept" | "refuse" | "stop"; readonly n: number }
  | { readonly type: "files" };

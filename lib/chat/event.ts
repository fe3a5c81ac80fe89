import type { StoredMessage, StoredNotice, Target } from "./store.ts";

/** Said to one, or to everybody, or in a room that not everybody is in. */
export type Scope = "one" | "all" | "room";

/** A message on its way to one or more receivers: the same object for all, so that it is encoded once a protocol. */
export class Message {
  readonly type = "message";
  #encodings: { readonly protocol: string; readonly bytes: Uint8Array }[] = [];

  constructor(
    /** The number of a kept message; below zero for one that is not kept. */
    readonly id: number,
    readonly from: string,
    readonly scope: Scope,
    readonly text: string,
    /** What is kept of it. */
    readonly kept?: StoredMessage,
  ) {}

  /** Its bytes in a protocol; `encode` is asked once. */
  encoded(protocol: string, encode: () => Uint8Array): Uint8Array {
    for (const encoding of this.#encodings) if (encoding.protocol === protocol) return encoding.bytes;
    const bytes = encode();
    this.#encodings.push({ protocol, bytes });
    return bytes;
  }
}

/** A user, and whether they are online. */
export interface UserState {
  readonly name: string;
  readonly online: boolean;
}

/** A room, how many are in it, and whether the asker is. */
export interface RoomState {
  readonly name: string;
  readonly members: number;
  readonly joined: boolean;
}

/** What somebody has to do to prove who they are. */
export type Challenge =
  | {
    readonly how: "password";
    readonly nonce: Uint8Array;
    readonly salt: Uint8Array;
    readonly logN: number;
    readonly r: number;
    readonly p: number;
    readonly keyBytes: number;
  }
  | { readonly how: "key"; readonly nonce: Uint8Array };

/** What the hub tells a session. Every door turns these into its own words. `ref` is the asker's own number for it. */
export type Event =
  | { readonly type: "welcome"; readonly name: string; readonly proof?: Uint8Array | undefined }
  | { readonly type: "turnedAway"; readonly why: "credentials" | "already online" | { readonly text: string } }
  | { readonly type: "challenge"; readonly challenge: Challenge }
  /** An account was made, or why not. */
  | { readonly type: "registered"; readonly name: string; readonly why: string | undefined }
  /** Who is online: the asker first, then the others as they came. */
  | { readonly type: "present"; readonly names: readonly string[] }
  | Message
  /** What became of the session's own message `ref`. */
  | { readonly type: "outcome"; readonly ref: number; readonly delivered: boolean }
  /** What became of a kept message. */
  | { readonly type: "notice"; readonly notice: StoredNotice }
  /** The stream of what is kept begins: what it is numbered by, and the rooms that the user is in. */
  | {
    readonly type: "begun";
    readonly store: string;
    readonly last: number;
    readonly rooms: readonly string[];
    /** The longest text that may be said. */
    readonly textBytes: number;
  }
  /** A message is kept. */
  | { readonly type: "sent"; readonly id: string; readonly seq: number; readonly time: number }
  /** A message is not taken, and never will be under this id. */
  | { readonly type: "notSent"; readonly id: string; readonly why: string }
  /** Who has come and gone of late. */
  | { readonly type: "presence"; readonly online: readonly string[]; readonly offline: readonly string[] }
  | { readonly type: "users"; readonly ref: number; readonly users: readonly UserState[] }
  | { readonly type: "rooms"; readonly ref: number; readonly rooms: readonly RoomState[] }
  | { readonly type: "inRoom"; readonly ref: number; readonly room: string; readonly users: readonly UserState[] }
  | {
    readonly type: "history";
    readonly ref: number;
    readonly messages: readonly StoredMessage[];
    /** Whether there are earlier ones. */
    readonly more: boolean;
  }
  | { readonly type: "joined"; readonly ref: number; readonly room: string; readonly members: number }
  | { readonly type: "left"; readonly ref: number; readonly room: string }
  /** Another client tells this one something; `at` is where it is seen. */
  | { readonly type: "signal"; readonly from: string; readonly at: string; readonly text: string }
  /** A signal has reached nobody. */
  | { readonly type: "unheard"; readonly to: string; readonly why: string }
  /** Something asked for cannot be had. */
  | { readonly type: "denied"; readonly ref: number; readonly why: string }
  /** The server stops; nothing follows. */
  | { readonly type: "closing" };

/** What a kept message is called at a door that knows only one and all. */
export function scopeOf(to: Target, everybody: string): Scope {
  if ("user" in to) return "one";
  return to.room === everybody ? "all" : "room";
}

import type { KeyDerivation } from "./accounts.ts";
import type { StoredMessage, StoredNotice, Target } from "./store.ts";

/** Identifies a session for as long as the server runs. */
export type SessionId = number;

/** Sent to one user, to everybody, or to a room other than the lobby. */
export type Scope = "one" | "all" | "room";

/** A message to one or more receivers. They share the object, so that it is encoded once for each protocol. */
export class Message {
  readonly type = "message";
  #encodings: { readonly protocol: string; readonly bytes: Uint8Array }[] = [];

  constructor(
    /** The number of a stored message; below zero for one that is not stored. */
    readonly id: number,
    readonly from: string,
    readonly scope: Scope,
    readonly text: string,
    /** The stored message, if it is stored. */
    readonly kept?: StoredMessage,
  ) {}

  /** Its bytes in a protocol; `encode` is called once. */
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

/** A room, the number of its members, and whether the session's user is one. */
export interface RoomState {
  readonly name: string;
  readonly members: number;
  readonly joined: boolean;
}

/** A challenge of the server; a client answers it with a proof. */
export type Challenge =
  | { readonly how: "password"; readonly nonce: Uint8Array } & KeyDerivation
  | { readonly how: "key"; readonly nonce: Uint8Array };

/** An event for a session. Every protocol translates these into its own messages. `ref` is that of the command. */
export type Event =
  | { readonly type: "welcome"; readonly name: string; readonly proof?: Uint8Array | undefined }
  | { readonly type: "turnedAway"; readonly why: "credentials" | "already online" | { readonly text: string } }
  | { readonly type: "challenge"; readonly challenge: Challenge }
  /** An account was registered, or the reason why not. */
  | { readonly type: "registered"; readonly name: string; readonly why: string | undefined }
  /** The users online: the session's own first, then the others in the order in which they came. */
  | { readonly type: "present"; readonly names: readonly string[] }
  | Message
  /** The outcome of the session's message `ref`. */
  | { readonly type: "outcome"; readonly ref: number; readonly delivered: boolean }
  /** The outcome of a stored message. */
  | { readonly type: "notice"; readonly notice: StoredNotice }
  /** The stream of entries begins: the store that numbers them, the last number, and the user's rooms. */
  | {
    readonly type: "begun";
    readonly store: string;
    readonly last: number;
    readonly rooms: readonly string[];
    /** Longest text of a message. */
    readonly textBytes: number;
  }
  /** The message was stored. */
  | { readonly type: "sent"; readonly id: string; readonly seq: number; readonly time: number }
  /** The message was refused, and so will be any other with this id. */
  | { readonly type: "notSent"; readonly id: string; readonly why: string }
  /** The users who have come online and gone offline since the last such event. */
  | { readonly type: "presence"; readonly online: readonly string[]; readonly offline: readonly string[] }
  | { readonly type: "users"; readonly ref: number; readonly users: readonly UserState[] }
  | { readonly type: "rooms"; readonly ref: number; readonly rooms: readonly RoomState[] }
  | { readonly type: "inRoom"; readonly ref: number; readonly room: string; readonly users: readonly UserState[] }
  | {
    readonly type: "history";
    readonly ref: number;
    readonly messages: readonly StoredMessage[];
    /** Whether there are earlier messages. */
    readonly more: boolean;
  }
  | { readonly type: "joined"; readonly ref: number; readonly room: string; readonly members: number }
  | { readonly type: "left"; readonly ref: number; readonly room: string }
  /** A signal from another client, whose address is `at`. */
  | { readonly type: "signal"; readonly from: string; readonly at: string; readonly text: string }
  /** A signal reached no client. */
  | { readonly type: "unheard"; readonly to: string; readonly why: string }
  /** A command was refused. */
  | { readonly type: "denied"; readonly ref: number; readonly why: string }
  /** The server stops; nothing follows. */
  | { readonly type: "closing" };

/** The scope of a message, for protocols that only know one and all. */
export function scopeOf(to: Target, everybody: string): Scope {
  if ("user" in to) return "one";
  return to.room === everybody ? "all" : "room";
}

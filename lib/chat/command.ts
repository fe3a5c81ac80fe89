import type { Target } from "./store.ts";

/** What a session asks of the hub. Every door turns its own words into these. */
export type Command =
  | { readonly type: "login"; readonly name: string; readonly password: string }
  /** Asks whether that is somebody's password, and comes in under no name. */
  | { readonly type: "vouch"; readonly name: string; readonly password: string }
  /** The door knows who it is: a session of our own protocol, under an account's name. */
  | { readonly type: "known"; readonly name: string }
  /** Messages can be taken from now on. */
  | { readonly type: "ready" }
  /** Makes an account. */
  | { readonly type: "register"; readonly name: string; readonly password: string }
  | { readonly type: "who" }
  /** Somebody without a name is in the lobby from now on, and is called so. */
  | { readonly type: "visit"; readonly as: string }
  /** A guest says something in the lobby. */
  | { readonly type: "announce"; readonly text: string }
  /** `ref` is the session's own number for it, and comes back in the outcome. */
  | { readonly type: "send"; readonly ref: number; readonly to: string; readonly text: string }
  | { readonly type: "sendAll"; readonly ref: number; readonly text: string }
  /** The peer has confirmed message `id`. */
  | { readonly type: "taken"; readonly id: number }
  /** The peer will not have message `id`; `sent`, when it may have it all the same. */
  | { readonly type: "missed"; readonly id: number; readonly sent: boolean }
  /** The password that `check` asked about was right, or not. */
  | { readonly type: "checked"; readonly right: boolean; readonly proof?: Uint8Array | undefined }
  | { readonly type: "leave"; readonly why: string }
  | NativeCommand;

/** What only our own protocol asks: it has everything that is kept. `ref` comes back in the answer. */
export type NativeCommand =
  /** The session speaks our own protocol from now on. */
  | { readonly type: "become" }
  /** Somebody wants in under a name, and will prove it: with a key for a name that they hold themselves. */
  | { readonly type: "hello"; readonly name: string; readonly nonce: string; readonly key: Uint8Array | undefined }
  | { readonly type: "prove"; readonly proof: Uint8Array }
  /** Begins the stream: after number `after` of `store`, or with what the user's clients do not have yet. */
  | { readonly type: "resume"; readonly store?: string | undefined; readonly after?: number | undefined }
  | { readonly type: "say"; readonly id: string; readonly to: Target; readonly text: string }
  /** To be told to the other clients of somebody who is there, now or never. */
  | { readonly type: "signal"; readonly to: string; readonly text: string }
  /** The client has everything up to `seq`. */
  | { readonly type: "acknowledge"; readonly seq: number }
  | { readonly type: "users"; readonly ref: number }
  | { readonly type: "rooms"; readonly ref: number }
  /** Who is in a room. */
  | { readonly type: "inRoom"; readonly ref: number; readonly room: string }
  | { readonly type: "join"; readonly ref: number; readonly room: string }
  | { readonly type: "leaveRoom"; readonly ref: number; readonly room: string }
  | {
    readonly type: "history";
    readonly ref: number;
    readonly of: Target;
    readonly before: number | undefined;
    readonly limit: number;
  };

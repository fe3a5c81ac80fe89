import type { Target } from "./store.ts";

/** A command of a session to the hub. Every protocol translates its own messages into these. */
export type Command =
  | { readonly type: "login"; readonly name: string; readonly password: string }
  /** Checks a password; the session does not go online. */
  | { readonly type: "checkPassword"; readonly name: string; readonly password: string }
  /** Logs in a native session whose user was authenticated earlier, by a cookie for instance. */
  | { readonly type: "authenticated"; readonly name: string }
  /** The session can receive messages from now on. */
  | { readonly type: "ready" }
  /** Registers an account. */
  | { readonly type: "register"; readonly name: string; readonly password: string }
  | { readonly type: "who" }
  /** The session joins the lobby as a guest of this name. */
  | { readonly type: "enterAsGuest"; readonly as: string }
  /** A guest sends a text to the lobby. */
  | { readonly type: "announce"; readonly text: string }
  /** `ref` is the session's own number for the message and returns in the outcome. */
  | { readonly type: "send"; readonly ref: number; readonly to: string; readonly text: string }
  | { readonly type: "sendAll"; readonly ref: number; readonly text: string }
  /** The peer has confirmed message `id`. */
  | { readonly type: "taken"; readonly id: number }
  /** The peer did not confirm message `id`; with `sent` it may have got it all the same. */
  | { readonly type: "missed"; readonly id: number; readonly sent: boolean }
  /** The result of the effect `check` or `prove`. */
  | { readonly type: "checked"; readonly right: boolean; readonly proof?: Uint8Array | undefined }
  | { readonly type: "leave"; readonly why: string }
  | NativeCommand;

/** The commands of the native protocol only, which has access to the message store. `ref` returns in the answer. */
export type NativeCommand =
  /** The session speaks the native protocol from now on. */
  | { readonly type: "become" }
  /** Asks for a challenge to prove a name; `key` is for names without an account. */
  | { readonly type: "hello"; readonly name: string; readonly nonce: string; readonly key: Uint8Array | undefined }
  | { readonly type: "prove"; readonly proof: Uint8Array }
  /** Begins the stream of entries: after number `after` of `store`, or with those that no client of the user has yet. */
  | { readonly type: "resume"; readonly store?: string | undefined; readonly after?: number | undefined }
  | { readonly type: "say"; readonly id: string; readonly to: Target; readonly text: string }
  /** For the clients of a user who is online; it is not stored. */
  | { readonly type: "signal"; readonly to: string; readonly text: string }
  /** The client has everything up to `seq`. */
  | { readonly type: "acknowledge"; readonly seq: number }
  | { readonly type: "users"; readonly ref: number }
  | { readonly type: "rooms"; readonly ref: number }
  /** Asks for the members of a room. */
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

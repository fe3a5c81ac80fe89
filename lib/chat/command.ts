import type { Target } from "./entry.ts";
import type { FileBytes } from "./shared_file.ts";

/** A command of a session to the hub. Every protocol translates its own messages into these. */
export type Command =
  | { readonly type: "login"; readonly name: string; readonly password: string }
  /** Checks a password; the session does not go online. */
  | { readonly type: "checkPassword"; readonly name: string; readonly password: string }
  /** Logs in a native session whose user was authenticated earlier, by a cookie for instance. */
  | { readonly type: "authenticated"; readonly name: string }
  /** The session takes a name that nothing proves; `claimed` or `turnedAway` answers. */
  | { readonly type: "claim"; readonly name: string }
  /** The session can receive messages from now on. */
  | { readonly type: "ready" }
  /** Registers an account. */
  | { readonly type: "register"; readonly name: string; readonly password: string }
  /** Takes a name without an account for a guest, or finds that the guest holds it by this key; the session does not go online. */
  | { readonly type: "holdName"; readonly name: string; readonly key: Uint8Array }
  | { readonly type: "who" }
  /** `ref` is the session's own number for the message and returns in the outcome. */
  | { readonly type: "send"; readonly ref: number; readonly to: string; readonly text: string }
  | { readonly type: "sendAll"; readonly ref: number; readonly text: string }
  /** The peer has confirmed message `id`. */
  | { readonly type: "taken"; readonly id: number }
  /** The peer did not confirm message `id`; with `sent` it may have got it all the same. */
  | { readonly type: "missed"; readonly id: number; readonly sent: boolean }
  /** The result of the effect `check` or `prove`. */
  | { readonly type: "checked"; readonly right: boolean; readonly proof?: Uint8Array | undefined }
  /** The session has ended; `breaksRule`, since its peer broke a rule; `isQuiet`, if it did nothing that is logged. */
  | { readonly type: "leave"; readonly why: string; readonly breaksRule?: boolean; readonly isQuiet?: boolean }
  | GuestCommand
  | NativeCommand;

/** The commands of guests, who are in one room without a login. */
export type GuestCommand =
  /** The session joins the lobby as a guest of this name. */
  | { readonly type: "enterAsGuest"; readonly as: string }
  /** The session joins a room as a guest of this name; `entered` or `turnedAway` is the answer. */
  | { readonly type: "enterRoom"; readonly as: string; readonly room: string }
  /** A guest sends a text to its room. */
  | { readonly type: "announce"; readonly text: string }
  /** A guest is about to send a file to its room; `fileAnswer` is the answer. */
  | { readonly type: "beginFile"; readonly name: string; readonly bytes: number }
  /** The file is whole. */
  | { readonly type: "shareFile"; readonly contents: FileBytes }
  /** The answer to `offerFile`: the message that offers the file to the members, and the signal that ends the offer for them. */
  | { readonly type: "offerFile"; readonly id: number; readonly text: string; readonly ending: string }
  /** A file that a member offers is to be received for a guest; `fileReserved` is the answer. */
  | { readonly type: "reserveFile"; readonly offer: string; readonly bytes: number }
  /** The file for which memory was reserved is whole, or will not come. */
  | {
    readonly type: "fileArrived";
    readonly offer: string;
    readonly from: string;
    readonly name: string;
    readonly contents: FileBytes;
  }
  | { readonly type: "releaseFile"; readonly offer: string }
  /** A guest has taken all of a file. */
  | { readonly type: "fileTaken"; readonly id: number };

/** What is said about a message. */
interface Change {
  readonly number: number;
  readonly of: number;
  /** The store that has numbered the message, if it may be another than this one's: then nothing is changed. */
  readonly store?: string | undefined;
}

/** The commands of the native protocol only, which has access to the message store. `ref` returns in the answer. */
export type NativeCommand =
  /** The session speaks the native protocol from now on. */
  | { readonly type: "become" }
  /** Asks for a challenge to prove a name; `key` is for names without an account, which are all that a guest may have. */
  | {
    readonly type: "hello";
    readonly name: string;
    readonly nonce: string;
    readonly key: Uint8Array | undefined;
    readonly asGuest?: boolean;
  }
  | { readonly type: "prove"; readonly proof: Uint8Array }
  /**
   * Begins the stream: after entry `after` of `store`, or with what the user's clients do not have yet. `client` names this
   * client among those of the user; it has answers to everything that it said up to `answered`.
   */
  | {
    readonly type: "resume";
    readonly client: string;
    readonly answered: number;
    readonly store?: string | undefined;
    readonly after?: number | undefined;
    /** Whether the client wants to know who is writing. */
    readonly typing?: boolean | undefined;
  }
  /** Numbers grow by one; a number that was taken before is answered as it was then. */
  | {
    readonly type: "say";
    readonly number: number;
    readonly to: Target;
    readonly text: string;
    /** The message of the same conversation to which this one replies. */
    readonly reply?: number | undefined;
  }
  | ({ readonly type: "edit"; readonly text: string } & Change)
  | ({ readonly type: "withdraw" } & Change)
  /** Puts a mark to a message, or takes it back: see `reactionText`. */
  | ({ readonly type: "react"; readonly text: string } & Change)
  /** Something under a number that could not be read. */
  | { readonly type: "unreadable"; readonly number: number; readonly why: string }
  /**
   * For the other clients of a user, or for a guest, if online now; not stored. It tells the session's address only if `at`. Guests'
   * sessions send signals, too.
   */
  | { readonly type: "signal"; readonly to: string; readonly text: string; readonly at?: boolean | undefined }
  /** The user is writing a message there. */
  | { readonly type: "typing"; readonly to: Target }
  /** The client has everything up to `seq`. */
  | { readonly type: "acknowledge"; readonly seq: number }
  /** From a session without a proof: the user has received what `from` said privately after `since` and up to `upTo`. */
  | { readonly type: "received"; readonly from: string; readonly since: number; readonly upTo: number }
  /** The user has read a conversation up to `upTo`. */
  | { readonly type: "read"; readonly of: Target; readonly upTo: number }
  /** The user wants another password; `changed` or `denied` is the answer. */
  | { readonly type: "passwd"; readonly ref: number; readonly old: string; readonly new: string }
  | NativeQuestion;

/** What a native client asks; `ref` comes back in the answer. */
export type NativeQuestion =
  /** Names after `after`, sorted. */
  | { readonly type: "users"; readonly ref: number; readonly after: string; readonly limit: number }
  | { readonly type: "rooms"; readonly ref: number; readonly after: string; readonly limit: number }
  /** Who is in a room. */
  | {
    readonly type: "inRoom";
    readonly ref: number;
    readonly room: string;
    readonly after: string;
    readonly limit: number;
  }
  /** `unlisted`: a room that is made by this is listed to its members alone. */
  | { readonly type: "join"; readonly ref: number; readonly room: string; readonly unlisted?: boolean | undefined }
  | { readonly type: "leaveRoom"; readonly ref: number; readonly room: string }
  | {
    readonly type: "history";
    readonly ref: number;
    readonly of: Target;
    readonly before: number | undefined;
    readonly after: number | undefined;
    readonly limit: number;
  }
  | {
    readonly type: "search";
    readonly ref: number;
    readonly words: string;
    readonly from: string | undefined;
    readonly of: Target | undefined;
    /** Times, in ms since 1970. */
    readonly since: number | undefined;
    readonly until: number | undefined;
    /** Hits before this entry. */
    readonly before: number | undefined;
    readonly limit: number;
  }
  /** The texts that a message had. */
  | { readonly type: "versions"; readonly ref: number; readonly of: number }
  /** A ticket for requests about files over HTTP. */
  | { readonly type: "ticket"; readonly ref: number };

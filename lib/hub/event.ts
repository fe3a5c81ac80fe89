/** A message on its way to one or more receivers; the same object for all, so that it is encoded once a protocol. */
export interface Message {
  readonly type: "message";
  readonly id: number;
  readonly from: string;
  /** Said to one, or to everybody. */
  readonly scope: "one" | "all";
  readonly text: string;
}

/** What the hub tells a session. Every door turns these into its own words. */
export type Event =
  | { readonly type: "welcome"; readonly name: string }
  | { readonly type: "turnedAway"; readonly why: "credentials" | "already online" }
  /** Who is online: the asker first, then the others as they came. */
  | { readonly type: "present"; readonly names: readonly string[] }
  | Message
  /** What became of the session's own message `ref`. */
  | { readonly type: "outcome"; readonly ref: number; readonly delivered: boolean }
  /** The server stops; nothing follows. */
  | { readonly type: "closing" };

/** What a session asks of the hub. Every door turns its own words into these. */
export type Command =
  | { readonly type: "login"; readonly name: string; readonly password: string }
  /** Messages can be taken from now on. */
  | { readonly type: "ready" }
  | { readonly type: "who" }
  /** `ref` is the session's own number for it, and comes back in the outcome. */
  | { readonly type: "send"; readonly ref: number; readonly to: string; readonly text: string }
  | { readonly type: "sendAll"; readonly ref: number; readonly text: string }
  /** The peer has confirmed message `id`. */
  | { readonly type: "taken"; readonly id: number }
  /** The peer will not have message `id`. */
  | { readonly type: "missed"; readonly id: number }
  /** The password that `check` asked about was right, or not. */
  | { readonly type: "checked"; readonly right: boolean }
  | { readonly type: "leave"; readonly why: string };

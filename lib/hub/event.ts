/** Said to one, or to everybody. */
export type Scope = "one" | "all";

/** A message on its way to one or more receivers: the same object for all, so that it is encoded once a protocol. */
export class Message {
  readonly type = "message";
  #protocol: string | undefined;
  #bytes: Uint8Array | undefined;

  constructor(readonly id: number, readonly from: string, readonly scope: Scope, readonly text: string) {}

  /** Its bytes in a protocol; `encode` is asked once, as long as no other protocol comes between. */
  encoded(protocol: string, encode: () => Uint8Array): Uint8Array {
    if (this.#protocol !== protocol || !this.#bytes) {
      this.#protocol = protocol;
      this.#bytes = encode();
    }
    return this.#bytes;
  }
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

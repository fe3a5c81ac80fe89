/**
 * An exchange, as a server sees it: one log that all servers append to and read in the same order, and messages between servers.
 * A maker (`lib/exchange/makers/`) does this over NATS JetStream or over a link between two servers; the machine of this layer
 * decides what to do with it. Both speak in these values alone.
 *
 * What a maker guarantees:
 *
 * 1. Each entry has a place, a number that grows along the log; there may be gaps. Within an epoch all servers are given the same
 *    bytes at the same place. After `read` entries are given in the order of their places, each once, the server's own included.
 * 2. Entries are appended in the order of `publish`. Where the maker cannot tell whether one was appended, it says `lost` and
 *    connects anew. An id is commanded once: a maker that tries again by itself has the exchange drop the repeat by its id.
 * 3. An entry is appended for good, unless the exchange loses its newest entries, as after a power failure. Then `last` is less than
 *    a place that was given before, or another entry is there. A log that was made anew has a greater epoch.
 * 4. The log drops its oldest entries at a bound of its own; `first` is the oldest that is there.
 * 5. A message (`send`) arrives at most once, or never. It is not given to its sender.
 * 6. The events come in this order: `connected`, then any others, then `lost`, and so on. A maker connects by itself, with a
 *    growing delay, and says `lost` once for a connection that was `connected`, `unreachable` for each try that failed.
 *    Commands while it is not connected do nothing.
 * 7. A maker gives no more entries than were asked for by `take`; what it has read ahead is bounded.
 *
 * What the machine guarantees:
 *
 * 8. It commands `read` once after each `connected`, before `take`.
 * 9. At most `PUBLISH_WINDOW` entries that it has published since `connected` have not been given back, and no record and no
 *    message has more than `EXCHANGE_BYTES`.
 *
 * Neither needs guarantees from the other to lose nothing: records are numbered by the server that made them, and servers ask each
 * other for what they miss.
 */

/** Identifies a server at an exchange for as long as its store lives: 1 to 64 letters and digits. */
export type ServerId = string;

/** What the machine wants done by the maker. */
export type ExchangeCommand =
  /** Begins to give entries after this place; `first - 1` and less mean all. Nothing is given before `take`. */
  | { readonly type: "read"; readonly after: number }
  /** So many entries more may be given. */
  | { readonly type: "take"; readonly count: number }
  /** Appends an entry. `id` has letters, digits and hyphens, and no other entry has it. */
  | { readonly type: "publish"; readonly id: string; readonly bytes: Uint8Array }
  /** Sends a message to one server, or to all others. */
  | { readonly type: "send"; readonly to: ServerId | undefined; readonly bytes: Uint8Array };

/** What the maker tells the machine. */
export type ExchangeEvent =
  /** The exchange answers. `epoch`: when its log was made, in ms since 1970; `last` is 0 and `first` 1 for an empty log. */
  | { readonly type: "connected"; readonly epoch: number; readonly first: number; readonly last: number }
  /** It does not answer any more. */
  | { readonly type: "lost"; readonly why: string }
  /** A try to reach it has failed. */
  | { readonly type: "unreachable"; readonly why: string }
  | { readonly type: "entry"; readonly place: number; readonly bytes: Uint8Array }
  /** An entry is not appended and never will be, as when the log takes no more bytes; the machine tries again later. */
  | { readonly type: "refused"; readonly id: string; readonly why: string }
  | { readonly type: "message"; readonly bytes: Uint8Array };

/** A maker, as the server uses it. No call of `execute` leads to an event before it returns. */
export interface ExchangePort {
  onEvent: (event: ExchangeEvent) => void;
  execute(command: ExchangeCommand): void;
  /** Resolves when its connections are closed. No event follows the call. */
  close(): Promise<void>;
}

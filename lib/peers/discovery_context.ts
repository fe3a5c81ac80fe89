import type { Address } from "../core/address.ts";
import { RateLimiter } from "../core/limiters.ts";
import { Outputs } from "../core/machine.ts";
import type { DatagramLink } from "../protocols/datagram/link.ts";
import { readId } from "../protocols/datagram/packet.ts";
import { Aliases, type Contact, Contacts } from "./contacts.ts";
import type { DialectMessage } from "./dialects.ts";
import type { PeerOutput } from "./event.ts";
import type { PeerOptions } from "./options.ts";
import { encodeDiscovery, type Introduction } from "./packet.ts";

/** What discovery tells the peer that it is a part of. */
export type DiscoveryEvent =
  /** There is a link with a peer that has proved its address. */
  | { readonly type: "opened"; readonly link: DatagramLink; readonly introduction: Introduction }
  /** `link.read` has a message. */
  | { readonly type: "readable"; readonly link: DatagramLink }
  | { readonly type: "ended"; readonly link: DatagramLink; readonly why: string }
  /** A text of another program. */
  | { readonly type: "plain"; readonly source: Address; readonly message: PlainMessage };

/** A message of another program. */
export type PlainMessage = Exclude<DialectMessage, { kind: "probe" }>;

/** Datagrams without effect, by cause. */
export interface DiscoveryStats {
  /** Not of this protocol. */
  malformed: number;
  /** For a link that does not exist, or no longer. */
  unknown: number;
  /** ASK beyond the rate that is answered. */
  flooded: number;
  /** NAMED without an ASK of ours. */
  unasked: number;
  /** Pieces that had arrived before, on links that are over. */
  repeated: number;
  /** Texts of other programs that are unknown, name another address than theirs, or send too much. */
  strangers: number;
}

/** The state that the parts of discovery share. */
export class DiscoveryContext {
  readonly stats: DiscoveryStats = { malformed: 0, unknown: 0, flooded: 0, unasked: 0, repeated: 0, strangers: 0 };
  /** Identifies this run of the program. */
  readonly run: bigint;
  readonly events = new Outputs<DiscoveryEvent>();
  readonly contacts: Contacts;
  readonly aliases = new Aliases();
  /** When something is due. */
  wakeAt = Infinity;
  /** Why no new link opens. */
  closing: string | undefined;
  readonly #askLimiter: RateLimiter;

  constructor(
    readonly introduction: Introduction,
    readonly options: PeerOptions,
    readonly outputs: Pick<Outputs<PeerOutput>, "push">,
    random8: () => Uint8Array,
    /** The time of this input. */
    public now: number,
  ) {
    this.#askLimiter = new RateLimiter(options.limits.askBurst, options.limits.asksPerSecond, now);
    this.contacts = new Contacts(options.limits, () => readId(random8(), 0));
    this.run = readId(random8(), 0);
  }

  wakeBy(at: number): void {
    this.wakeAt = Math.min(this.wakeAt, at);
  }

  /** Counts an ASK of the other side, or what is worth one; whether it is to be answered. */
  admitsAsk(): boolean {
    const admits = this.#askLimiter.take(this.now);
    if (!admits) this.stats.flooded++;
    return admits;
  }

  /** Asks at an address in a while, and again `waitMs` after that. */
  askIn(contact: Contact, inMs: number, waitMs: number): void {
    contact.waitMs = waitMs;
    contact.askAt = this.now + inMs;
    this.wakeBy(contact.askAt);
  }

  sendAsk(contact: Contact): void {
    this.send(contact.address, encodeDiscovery({ kind: "ask", id: contact.mine, self: this.introduction }));
  }

  send(address: Address, datagram: Uint8Array): void {
    this.outputs.push({ type: "send", address, datagram, toStranger: true });
  }
}

import type { Command } from "../chat/command.ts";
import type { Entries, Event, Message } from "../chat/event.ts";
import type { Address } from "../core/address.ts";
import type { Limits } from "../core/limits.ts";
import type { Machine } from "../core/machine.ts";
import type { Ending, JoinedWrites } from "../core/transport.ts";
import type { TraceFraming } from "../core/wire_trace.ts";

/** A connection of a session: 0 is the one that the peer opened, others are those that we dialed. */
export type Link = number;

export type DialOutcome = "connected" | "refused" | "failed";

/** What a session wants done. Outputs take effect in their order. */
export type SessionOutput =
  /** Sends bytes in a write of their own, after all that was sent on the link before. */
  | { readonly type: "write"; readonly link: Link; readonly bytes: Uint8Array }
  /** Asks the hub, which answers with events. */
  | { readonly type: "command"; readonly command: Command }
  /** Opens a link to a port at the peer's address; `dialed` gets the outcome. */
  | { readonly type: "dial"; readonly link: Link; readonly port: number }
  /** Asks whether an upgrade is possible; `upgradable` gets the answer. */
  | { readonly type: "prepareUpgrade"; readonly protocol: string }
  /**
   * Continues as a session of another protocol, which receives `rest`: the bytes that were read and not used. All links but
   * the first are closed. This session is over.
   */
  | { readonly type: "upgrade"; readonly protocol: string; readonly rest: Uint8Array }
  /** Ends the session: what was written still goes out, then every link is closed. A broken rule is logged as a warning. */
  | { readonly type: "end"; readonly why: string; readonly breaksRule?: boolean }
  /** For the log, after the name of the session's user; `bare` for a line that names its peer itself. */
  | { readonly type: "log"; readonly level: "info" | "debug"; readonly text: string; readonly bare?: boolean }
  /** A request that the hub does not hear of, and what came of it. */
  | { readonly type: "request"; readonly text: string; readonly outcome: string }
  /** What the peer did wrong on a link: what it sent or did not send, and the rule. The text follows the user's name. */
  | { readonly type: "complaint"; readonly link: Link; readonly text: string };

/** What a session knows from the start. */
export interface SessionFacts {
  readonly peer: Address;
  /** Whether users can register. */
  readonly registers: boolean;
  /** Whether guests may log in: users with a name of their choice and a key. */
  readonly guests?: boolean;
  /** The line that says where the server speaks TLS; undefined where it does not. */
  readonly tlsOffer?: string | undefined;
}

/**
 * One peer's conversation in one protocol.
 *
 * 1. No input throws, whatever the peer sends.
 * 2. An input does a bounded piece of work; when more is left, `wakeAt` is due at once.
 * 3. It holds a bounded number of bytes if its links are read only while it is `hungry` for them.
 * 4. After an `end` or `upgrade` output it does nothing any more.
 */
export interface Session extends Machine<SessionOutput> {
  /** Bytes from a link. The buffer is reused after the call. */
  receive(link: Link, bytes: Uint8Array, now: number): void;
  closed(link: Link, ending: Ending, now: number): void;
  dialed(link: Link, outcome: DialOutcome, now: number): void;
  /** `waitingBytes` were written and not yet taken by the peer. */
  tick(now: number, waitingBytes?: number): void;
  /** An event of the hub; `waitingBytes` as for `tick`. */
  event(event: Event, now: number, waitingBytes: number): void;
  /**
   * What to write on link 0 if an event causes nothing else and no output waits; otherwise undefined, and the event comes by
   * `event`. Without outputs, telling a message costs 90 ns a receiver instead of 150.
   */
  directBytes?(event: Message | Entries): readonly Uint8Array[] | undefined;
  /** The answer to `prepareUpgrade`. */
  upgradable?(possible: boolean, now: number): void;
  /** Whether more bytes of a link should be read. */
  hungry(link: Link): boolean;
  /** Whether it may end to make room for a new connection when its listener is full: its peer has never said anything. */
  readonly givesWay?: boolean;
  /** The user, for log and trace; undefined before that is known. */
  readonly name: string | undefined;
  /** A text that has arrived on a link, with its passwords masked, for the trace; `nth` counts the texts of the link from 0. */
  masked?(link: Link, text: string, nth: number): string;
}

/** How one protocol's sessions are made, and the names of its links in traces. */
export interface ServerProtocol {
  readonly name: string;
  readonly links: readonly string[];
  /** How a trace cuts what goes over its links; `pieces` by default. */
  readonly framing?: TraceFraming;
  /** How its writes leave together while many wait; by default each leaves in a write of its own. */
  readonly joinedWrites?: JoinedWrites;
  /** Whether the transport itself notices that a peer's machine is gone. */
  readonly detectsDeadPeers?: boolean;
  /** Whether its sessions stay unknown to the hub: they send it no commands, and the only event they get is `closing`. */
  readonly bypassesHub?: boolean;
  /** Whether its sessions ask one question and end; their leaving is not logged. */
  readonly oneShot?: boolean;
  /** Whether its programs are sent entries and know nothing of files at the server: they are told addresses of those. */
  readonly opensAddresses?: boolean;
  openSession(facts: SessionFacts, limits: Limits, now: number): Session;
  /** Drains what its sessions share, such as the directory; called before the outputs of a session are carried out. */
  drainShared?(): void;
  /** How a session goes on in another protocol, by that protocol's name; a guest logs in there, and has no name yet. */
  readonly successors?: Readonly<
    Record<string, (facts: SessionFacts, limits: Limits, now: number, name: string | undefined) => Session>
  >;
}

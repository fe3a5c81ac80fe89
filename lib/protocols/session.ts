import type { Address } from "../core/address.ts";
import type { Command } from "../chat/command.ts";
import type { Event } from "../chat/event.ts";
import type { Limits } from "../core/limits.ts";
import type { Ending } from "../core/transport.ts";

/** One connection of a session: 0 is the one that the peer opened, others are those that we dialled. */
export type Link = number;

/** What became of a dial. */
export type DialOutcome = "connected" | "refused" | "failed";

/** Which way a line went: up to the server, down to the client. */
export type Direction = "up" | "down";

/** What a session machine can have done. Calls take effect in their order. */
export interface Way {
  /** Where the peer is seen. */
  readonly peer: Address;
  /** Sends bytes on a link, after all that was sent on it before, in a write of their own. */
  write(link: Link, bytes: Uint8Array): void;
  /** How many bytes written on a link wait for the peer to read. */
  waiting(link: Link): number;
  /** Asks the hub; events may come back before this returns. */
  command(command: Command): void;
  /** Opens a link to a port at the address that the peer is seen at; `dialled` says what became of it. */
  dial(link: Link, port: number): void;
  /** Whether a session of another protocol could go on here; or, of "registration", whether accounts can be made. */
  knows(protocol: string): boolean;
  /**
   * Goes on as a session of another protocol, which gets the bytes that were read and not used; false when that fails. Links
   * but the first are closed, and this session is not called any more.
   */
  become(protocol: string, rest: Uint8Array): boolean;
  /** Ends the session: what was written still goes out, then every link is closed. Nothing comes after it. */
  end(why: string): void;
  /** For the log: something that whoever runs the server may want to know. */
  note(text: string): void;
  /** For the log, when it is asked for everything: what a peer got wrong. */
  remark(text: () => string): void;
  /** Present when somebody watches the wire lines. */
  trace?(link: Link, direction: Direction, line: string): void;
}

/**
 * One peer's conversation in one protocol: bytes, events and time in; what is to be done out, by its `Way`.
 *
 * 1. No call waits, and none throws on anything that a peer can send.
 * 2. A call does a bounded piece of work; when more is left, `wakeAt` is due at once.
 * 3. It holds a bounded number of bytes if its links are read only while it is `hungry` for them.
 * 4. After `Way.end` it does nothing any more.
 */
export interface Session {
  /** Bytes from a link; the caller may use its buffer again at once. */
  push(link: Link, bytes: Uint8Array, now: number): void;
  /** A link ended. */
  closed(link: Link, ending: Ending, now: number): void;
  /** What became of a dial. */
  dialled(link: Link, outcome: DialOutcome, now: number): void;
  /** Something happened in the hub. */
  event(event: Event, now: number): void;
  /** Time has passed; call it when `wakeAt` has come. */
  tick(now: number): void;
  /** When `tick` is next wanted; Infinity when it is not. */
  readonly wakeAt: number;
  /** Whether more bytes of a link should be read. */
  hungry(link: Link): boolean;
  /** Who speaks, as the log and the trace call it; undefined before that is known. */
  readonly name: string | undefined;
}

/** How one protocol's sessions are made, and the names of its links in traces. */
export interface ServerProtocol {
  readonly name: string;
  readonly links: readonly string[];
  /** Whether the transport itself notices that a peer's machine is gone. */
  readonly detectsDeadPeers?: boolean;
  /** Whether its sessions stay unknown to the hub: they send it no commands, and the only event they get is `closing`. */
  readonly bypassesHub?: boolean;
  /** Whether its sessions ask one question and end; their leaving is not logged. */
  readonly oneShot?: boolean;
  openSession(way: Way, limits: Limits, now: number): Session;
  /** How a session goes on in another protocol, by that protocol's name. */
  readonly successors?: Readonly<Record<string, (way: Way, limits: Limits, now: number, name: string) => Session>>;
}

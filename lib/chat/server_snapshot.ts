import type { Address } from "../core/address.ts";
import type { LogLine } from "../core/log.ts";
import type { ServerPlace } from "./exchange_events.ts";
import type { RoomView } from "./view.ts";

/** The figures of one second. */
export interface Point {
  /** Its end. */
  readonly time: number;
  /** Messages sent, confirmed by a session, and failed, in this second. */
  readonly said: number;
  readonly delivered: number;
  readonly failed: number;
  /** Time within which half, and 99 of 100, of the receipts came; null without any. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** At its end. */
  readonly sessions: number;
  readonly memoryBytes: number;
}

/** A listener and its sessions. */
export interface ListenerCounts extends Address {
  readonly name: string;
  /** Sessions, including those without a login yet. */
  readonly sessions: number;
  /** Users online by this listener, each counted once. */
  readonly people: number;
}

/** The counts of a user, of all sessions of the day. */
export interface UserTotals {
  readonly sent: number;
  readonly confirmed: number;
  readonly missed: number;
  /** Requests that were answered with 401. */
  readonly refused: number;
  /** The last thing that a program did wrong, and when. */
  readonly trouble: { readonly text: string; readonly time: number } | undefined;
}

/** A user of the day: when they were here first and last. */
export interface UserOfDay {
  readonly name: string;
  readonly first: number;
  readonly last: number;
}

/** A row of the server's page: a user, a guest, or a connection without a login. */
export interface UserRow extends UserTotals {
  /** The user; the address where there is no login. */
  readonly name: string;
  readonly isLoggedIn: boolean;
  readonly isGuest: boolean;
  readonly listeners: readonly string[];
  /** The programs, as far as they can be told apart. */
  readonly programs: readonly string[];
  readonly since: number;
  /** Whether a protocol of theirs has confirmations; without, `confirmed` says nothing. */
  readonly confirms: boolean;
  /** Whether one has a time limit for them; without, `missed` says nothing. */
  readonly hasDeadline: boolean;
  /** The last line that came, while the wire is watched. */
  readonly line: string | undefined;
  /** When bytes came last. */
  readonly heardAt: number;
}

/** A rule that a user's program has broken. */
export interface BrokenRule {
  readonly name: string;
  /** The rule, in the words of `client check`. */
  readonly rule: string;
  readonly title: string;
  readonly cause: string;
  readonly link: string;
  readonly expected: string;
  readonly got: string;
  /** When it was broken last, and how often. */
  readonly time: number;
  readonly count: number;
  /** The program works, but not as the handout says. */
  readonly isWeak: boolean;
}

/** The state of another server, for the operator. */
export interface ServerStatus {
  readonly id: string;
  readonly name: string;
  /** Where clients reach it. */
  readonly place: ServerPlace | undefined;
  /** Whether it has stopped, or was not heard for too long. */
  readonly isAway: boolean;
  /** Since when it is there; or when it was heard last. */
  readonly since: number;
  /** How many records it has not taken, as far as it has said. */
  readonly behind: number;
}

/** The state of the exchange, for the operator. */
export interface ExchangeStatus {
  readonly isConnected: boolean;
  /** Why it is not. */
  readonly why: string;
  /** Whether this server works without the others. */
  readonly isAlone: boolean;
  /** Records of this server that others cannot have yet. */
  readonly waiting: number;
  /** Records of this server that the exchange has given back, from the first one on. */
  readonly shared: number;
  /** Since when it is connected, or not. */
  readonly since: number;
  /** The name of this server. */
  readonly name: string;
  /** The others that are heard, then those that were. */
  readonly servers: readonly ServerStatus[];
}

/** The state of the server at one time, for the server's page. */
export interface ServerSnapshot {
  readonly version: string;
  readonly startedAt: number;
  readonly time: number;
  /** The addresses by which other machines may reach this one. */
  readonly hosts: readonly string[];
  readonly listeners: readonly ListenerCounts[];
  /** The connected users and guests: those with a problem first, then in the order in which they came. */
  readonly users: readonly UserRow[];
  readonly connected: number;
  readonly online: number;
  readonly guestCount: number;
  /** The users of today, present ones included, the latest first. */
  readonly today: readonly UserOfDay[];
  /** Broken rules, the last ones first. */
  readonly help: readonly BrokenRule[];
  /** The lobby first. */
  readonly rooms: readonly RoomView[];
  readonly roomCount: number;
  /** The last complete second; undefined during the first. */
  readonly last: Point | undefined;
  readonly totals: { readonly said: number; readonly delivered: number; readonly failed: number };
  readonly sessions: number;
  /** Messages sent to a session and not confirmed yet. */
  readonly underWay: number;
  readonly waitingBytes: number;
  readonly memoryBytes: number;
  readonly bookEntries: number;
  /** The address book's table, the oldest entries of it when there are too many. */
  readonly book: readonly BookEntry[];
  readonly logLines: Readonly<Record<LogLine["level"], number>>;
  /** The servers of this chat; undefined if there is only one. */
  readonly exchange: ExchangeStatus | undefined;
}

/** An entry of the address book's table. */
export interface BookEntry extends Address {
  readonly name: string;
  readonly since: number;
}

/** Events for the server's page. */
export type WatchEvent =
  /** Told every second. */
  | { readonly type: "now" } & ServerSnapshot
  /** The last seconds and the last log lines, told to a new watcher. */
  | { readonly type: "past"; readonly points: readonly Point[]; readonly lines: readonly LogLine[] }
  | { readonly type: "log" } & LogLine
  /** Log lines that came too fast to be told. */
  | { readonly type: "missed"; readonly lines: number };

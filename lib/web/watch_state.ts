import { serverTexts } from "./texts.ts";

/** One second of the server. */
export interface Point {
  /** The end of the second. */
  readonly time: number;
  readonly said: number;
  readonly delivered: number;
  readonly failed: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly sessions: number;
  readonly memoryBytes: number;
}

export interface ListenerView {
  readonly name: string;
  readonly hostname: string;
  readonly port: number;
  readonly sessions: number;
  readonly people: number;
}

/** A user, a guest, or a connection without a login. */
export interface UserRow {
  /** The address where there is no login. */
  readonly name: string;
  readonly isLoggedIn: boolean;
  readonly isGuest: boolean;
  readonly listeners: readonly string[];
  readonly programs: readonly string[];
  readonly since: number;
  readonly sent: number;
  /** Whether `confirmed` says something, and whether `missed` does: only the IM handout has a time limit for it. */
  readonly confirms: boolean;
  readonly hasDeadline: boolean;
  readonly confirmed: number;
  readonly missed: number;
  /** Requests that were answered with 401. */
  readonly refused: number;
  readonly trouble?: { readonly text: string; readonly time: number } | undefined;
  readonly line?: string | undefined;
  readonly heardAt: number;
}

/** A user who was here today. */
export interface UserOfDay {
  readonly name: string;
  readonly first: number;
  readonly last: number;
}

/** A rule of `client check` that a user's program has broken. */
export interface BrokenRule {
  readonly name: string;
  readonly rule: string;
  readonly title: string;
  readonly cause: string;
  readonly link: string;
  readonly expected: string;
  readonly got: string;
  readonly time: number;
  readonly count: number;
  readonly isWeak: boolean;
}

/** An entry of a client address table. */
export interface AddressEntry {
  readonly hostname: string;
  readonly port: number;
  readonly name?: string;
  readonly since: number;
}

export interface RoomView {
  readonly name: string;
  readonly members: number;
  readonly online: number;
}

/** Another server of the same chat. */
export interface ServerView {
  readonly id: string;
  readonly name: string;
  readonly place: { readonly hostname: string; readonly port: number } | undefined;
  /** Whether it has stopped, or is not heard any more. */
  readonly isAway: boolean;
  /** Since when it is there; or when it was heard last. */
  readonly since: number;
  /** Records that it has not taken. */
  readonly behind: number;
}

/** The servers of the chat, as this one sees them. */
export interface ExchangeView {
  readonly name: string;
  readonly isConnected: boolean;
  /** Why it is not connected. */
  readonly why: string;
  readonly isAlone: boolean;
  readonly since: number;
  /** Records of this server that the exchange has not given back. */
  readonly waiting: number;
  readonly servers: readonly ServerView[];
}

/** The server as it is now. */
export interface Snapshot {
  readonly version: string;
  readonly startedAt: number;
  readonly time: number;
  readonly hosts: readonly string[];
  readonly listeners: readonly ListenerView[];
  readonly users: readonly UserRow[];
  readonly connected: number;
  readonly online: number;
  readonly guestCount: number;
  readonly today: readonly UserOfDay[];
  readonly help: readonly BrokenRule[];
  readonly rooms: readonly RoomView[];
  readonly roomCount: number;
  readonly last?: Point | undefined;
  readonly totals: { readonly said: number; readonly delivered: number; readonly failed: number };
  readonly sessions: number;
  readonly underWay: number;
  readonly waitingBytes: number;
  readonly memoryBytes: number;
  readonly bookEntries: number;
  readonly book: readonly AddressEntry[];
  readonly exchange?: ExchangeView | undefined;
}

export interface LogLine {
  readonly time: number;
  readonly level: string;
  readonly text: string;
}

/** What the server sends to those who watch it. */
export type WatchEvent =
  | { readonly type: "now" } & Snapshot
  | { readonly type: "past"; readonly points: readonly Point[]; readonly lines: readonly LogLine[] }
  | { readonly type: "log" } & LogLine
  | { readonly type: "missed"; readonly lines: number };

/** The state of the server's page. */
export interface WatchState {
  readonly link: "connecting" | "open" | "lost";
  readonly now: Snapshot | undefined;
  /** In the order of time. */
  readonly points: readonly Point[];
  readonly lines: readonly LogLine[];
  /** The number of the first of `lines`, counted from the first line ever received. */
  readonly first: number;
}

/** The plots show five minutes. */
export const WINDOW_MS = 300_000;
/** Cap on the delay before the page reconnects. */
export const MAX_RETRY_MS = 10_000;
/** Cap on log lines in memory. */
export const MAX_LINES = 2000;
const LEVELS = ["trace", "debug", "info", "warning", "error", "fatal"];

export const INITIAL: WatchState = { link: "connecting", now: undefined, points: [], lines: [], first: 0 };

export function withLink(state: WatchState, link: WatchState["link"]): WatchState {
  return { ...state, link };
}

export function withEvents(state: WatchState, events: readonly WatchEvent[]): WatchState {
  let { now, points } = state;
  const added: LogLine[] = [];
  for (const event of events) {
    switch (event.type) {
      case "now":
        now = event;
        if (event.last) points = withPoints(points, [event.last]);
        break;
      case "past":
        points = withPoints(points, event.points);
        added.push(...unknownLines([...state.lines, ...added], event.lines));
        break;
      case "log":
        added.push({ time: event.time, level: event.level, text: event.text });
        break;
      case "missed": {
        const text = serverTexts.linesMissed(event.lines);
        added.push({ time: now?.time ?? 0, level: "warning", text });
      }
    }
  }
  if (added.length === 0) return { ...state, now, points };
  const lines = [...state.lines, ...added].slice(-MAX_LINES);
  return { ...state, now, points, lines, first: state.first + state.lines.length + added.length - lines.length };
}

/** Received points replace the known ones of their time. */
function withPoints(known: readonly Point[], received: readonly Point[]): readonly Point[] {
  const first = received[0];
  const last = received.at(-1);
  if (!first || !last) return known;
  return [...known.filter(({ time }) => time < first.time && time > last.time - WINDOW_MS), ...received];
}

/** The lines that are new: after a reconnect the server repeats what the page may know. */
function unknownLines(known: readonly LogLine[], received: readonly LogLine[]): readonly LogLine[] {
  const last = received.findLastIndex((line) =>
    known.some(({ time, text }) => time === line.time && text === line.text)
  );
  return received.slice(last + 1);
}

/** Whether a line contains all words of a text, in any order, and is of this level or a more severe one. */
export function matches(line: LogLine, { text, level }: { readonly text: string; readonly level: string }): boolean {
  if (LEVELS.indexOf(line.level) < LEVELS.indexOf(level)) return false;
  const content = `${line.level} ${line.text}`.toLowerCase();
  return text.toLowerCase().split(/\s+/).every((word) => content.includes(word));
}

import type { LogLine } from "../core/log.ts";
import type { Point, ServerSnapshot, WatchEvent } from "../chat/server_snapshot.ts";
import { serverTexts } from "./texts.ts";

/** An entry of a client address table. */
export interface AddressEntry {
  readonly hostname: string;
  readonly port: number;
  readonly name?: string;
  readonly since: number;
}

/** The state of the server's page. */
export interface WatchState {
  readonly link: "connecting" | "open" | "lost";
  readonly now: ServerSnapshot | undefined;
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

/**
 * One second of the server's life.
 * @typedef {object} Point
 * @property {number} time when it was over
 * @property {number} said
 * @property {number} delivered
 * @property {number} failed
 * @property {number | null} p50Ms
 * @property {number | null} p99Ms
 * @property {number} sessions
 * @property {number} memoryBytes
 */
/** @typedef {{ door: string, hostname: string, port: number, sessions: number, people: number }} Door */
/** @typedef {{ name: string, doors: readonly string[], since: number }} Person */
/**
 * The server as it is now.
 * @typedef {object} Snapshot
 * @property {string} version
 * @property {number} startedAt
 * @property {number} time
 * @property {readonly string[]} hosts
 * @property {readonly Door[]} doors
 * @property {readonly Person[]} people
 * @property {number} online
 * @property {readonly string[]} guests
 * @property {number} guestCount
 * @property {readonly { name: string, members: number, online: number }[]} rooms
 * @property {number} roomCount
 * @property {Point | undefined} [last]
 * @property {{ said: number, delivered: number, failed: number }} totals
 * @property {number} sessions
 * @property {number} underWay
 * @property {number} waitingBytes
 * @property {number} memoryBytes
 * @property {number} bookEntries
 */
/** @typedef {{ time: number, level: string, text: string }} LogLine */
/**
 * What the server tells.
 * @typedef {({ type: "now" } & Snapshot)
 *   | { type: "past", points: readonly Point[], lines: readonly LogLine[] }
 *   | ({ type: "log" } & LogLine)
 *   | { type: "missed", lines: number }} WatchEvent
 */
/**
 * What the page knows.
 * @typedef {object} WatchState
 * @property {"opening" | "open" | "away"} link
 * @property {Snapshot | undefined} now
 * @property {readonly Point[]} points by their time
 * @property {readonly LogLine[]} lines the last ones
 * @property {number} first the number of the first of them, counted from the first line ever shown
 */

/** Shown in the plots: five minutes. */
export const WINDOW_MS = 300_000;
/** Log lines that are remembered. */
export const MOST_LINES = 2000;

/** Before anything is known. @returns {WatchState} */
export function begin() {
  return { link: "opening", now: undefined, points: [], lines: [], first: 0 };
}

/** The server answers, or does not any more. @param {WatchState} state @param {WatchState["link"]} link @returns {WatchState} */
export function linked(state, link) {
  return { ...state, link };
}

/** The server has told these, in this order. @param {WatchState} state @param {readonly WatchEvent[]} events */
export function heard(state, events) {
  let { now, points } = state;
  /** @type {LogLine[]} */
  const more = [];
  for (const event of events) {
    if (event.type === "now") {
      now = event;
      if (event.last) points = withPoints(points, [event.last]);
    } else if (event.type === "past") {
      points = withPoints(points, event.points);
      more.push(...unknown([...state.lines, ...more], event.lines));
    } else if (event.type === "log") more.push({ time: event.time, level: event.level, text: event.text });
    else {
      const text = `${event.lines} ${event.lines === 1 ? "line" : "lines"} came too fast to be shown here`;
      more.push({ time: now?.time ?? 0, level: "warning", text });
    }
  }
  if (more.length === 0) return { ...state, now, points };
  const lines = [...state.lines, ...more].slice(-MOST_LINES);
  return { ...state, now, points, lines, first: state.first + state.lines.length + more.length - lines.length };
}

/** Later ones take the place of what was known of their time. @param {readonly Point[]} known @param {readonly Point[]} told */
function withPoints(known, told) {
  const first = told[0];
  const last = told.at(-1);
  if (!first || !last) return known;
  return [...known.filter(({ time }) => time < first.time && time > last.time - WINDOW_MS), ...told];
}

/** Which of these lines are new: whoever comes back is told once more what they know. @param {readonly LogLine[]} known @param {readonly LogLine[]} told */
function unknown(known, told) {
  const last = told.findLastIndex((line) => known.some(({ time, text }) => time === line.time && text === line.text));
  return told.slice(last + 1);
}

const LEVELS = ["trace", "debug", "info", "warning", "error", "fatal"];

/**
 * Whether a line is to be shown to whoever looks for this.
 * @param {LogLine} line
 * @param {{ text: string, level: string }} filter `level`, and all that is worse
 */
export function matches(line, { text, level }) {
  if (LEVELS.indexOf(line.level) < LEVELS.indexOf(level)) return false;
  const inLine = `${line.level} ${line.text}`.toLowerCase();
  return text.toLowerCase().split(/\s+/).every((word) => inLine.includes(word));
}

/** How long to wait before the next try, after so many in vain. @param {number} tries */
export function retryMs(tries) {
  return Math.min(1000 * 2 ** tries, 10_000);
}

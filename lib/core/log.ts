import { configureSync, getLogger, type LogLevel, type LogRecord } from "@logtape/logtape";
import { Ring } from "./ring.ts";
import { sanitized } from "./text.ts";

/** How much is logged: `fatal` least, `trace` most. */
export const LOG_LEVELS = [
  "fatal",
  "error",
  "warning",
  "info",
  "debug",
  "trace",
] as const satisfies readonly LogLevel[];

/** Beyond this a log line is cut: names and texts come from strangers. */
const LINE_CHARACTERS = 1000;

const logger = getLogger("partyline");

/** The house's log. What it is given is text, whatever braces or control characters strangers have put into it. */
export const log = {
  error: (text: string): void => logger.error("{text}", { text }),
  warning: (text: string): void => logger.warning("{text}", { text }),
  info: (text: string): void => logger.info("{text}", { text }),
  /** The text is made only when somebody wants it: this is for what happens often. */
  debug: (text: () => string): void => logger.debug("{text}", () => ({ text: text() })),
};

/** One entry of the log; its text is clean. */
export interface LogLine {
  readonly time: number;
  readonly level: LogLevel;
  readonly text: string;
}

/** Sends the log to `write`, a line an entry, as text for people or as JSON for machines; `keep` is given each entry too. */
export function openLog(
  options: { level: LogLevel; json: boolean; write: (line: string) => void; keep?: (line: LogLine) => void },
): void {
  const line = options.json ? jsonLine : textLine;
  configureSync({
    reset: true,
    sinks: {
      lines: (record) => {
        const entry = { time: record.timestamp, level: record.level, text: message(record) };
        options.write(line(entry));
        options.keep?.(entry);
      },
    },
    loggers: [
      { category: "partyline", lowestLevel: options.level, sinks: ["lines"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["lines"] },
    ],
  });
}

/** `HH:MM:SS`, where this machine is. */
export function timeOfDay(time: number): string {
  const date = new Date(time);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((n) => String(n).padStart(2, "0")).join(":");
}

function textLine({ time, level, text }: LogLine): string {
  return `${timeOfDay(time)} ${level.padEnd(7)} ${text}\n`;
}

function jsonLine({ time, level, text }: LogLine): string {
  return JSON.stringify({ time: new Date(time).toISOString(), level, message: text }) + "\n";
}

function message({ properties, message }: LogRecord): string {
  const text = typeof properties.text === "string" ? properties.text : message.join("");
  return sanitized(text.length > LINE_CHARACTERS ? `${text.slice(0, LINE_CHARACTERS)}…` : text);
}

/** Log lines that are shown to whoever begins to watch. */
export const RECENT_LINES = 500;

/** The last lines of the log, and how many there were of each level. */
export class RecentLog {
  readonly lines: Ring<LogLine> = new Ring(RECENT_LINES);
  readonly counts: Record<LogLine["level"], number>;

  constructor() {
    this.counts = Object.fromEntries(LOG_LEVELS.map((level) => [level, 0])) as Record<LogLine["level"], number>;
  }

  keep(line: LogLine): void {
    this.counts[line.level]++;
    this.lines.push(line);
  }
}

import { configureSync, getLogger, type LogLevel, type LogRecord } from "@logtape/logtape";
import { sanitized } from "./text.ts";
import { timeOfDay } from "./time_of_day.ts";

export { timeOfDay };

/** From the fewest lines to the most. */
export const LOG_LEVELS = [
  "fatal",
  "error",
  "warning",
  "info",
  "debug",
  "trace",
] as const satisfies readonly LogLevel[];

/** Longer log lines are cut: names and texts in them come from peers. */
const LINE_CHARACTERS = 1000;

const logger = getLogger("partyline");

/** The log of the program. Texts are logged as they are: braces in them are no placeholders, control characters are replaced. */
export const log = {
  error: (text: string): void => logger.error("{text}", { text }),
  warning: (text: string): void => logger.warning("{text}", { text }),
  info: (text: string): void => logger.info("{text}", { text }),
  /** For frequent events: the text is made only if this level is logged. */
  debug: (text: () => string): void => logger.debug("{text}", () => ({ text: text() })),
};

/** An entry of the log. The text is sanitized. */
export interface LogLine {
  readonly time: number;
  readonly level: LogLevel;
  readonly text: string;
}

/** Writes each entry to `write`, as a line of text or of JSON, and passes it to `keep`. */
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

/** Log lines kept for the server page. */
const RECENT_LINES = 500;

/** The last lines of the log, and the number of lines of each level. */
export class RecentLog {
  readonly lines: Ring<LogLine> = new Ring(RECENT_LINES);
  readonly counts: Record<LogLine["level"], number>;

  constructor() {
    this.counts = Object.fromEntries(LOG_LEVELS.map((level) => [level, 0])) as Record<LogLine["level"], number>;
  }

  add(line: LogLine): void {
    this.counts[line.level]++;
    this.lines.push(line);
  }
}

/** A ring buffer of the last `capacity` items. Items are numbered from 0. */
export class Ring<T> {
  readonly #items: T[] = [];
  #next = 0;

  constructor(readonly capacity: number) {}

  /** The number of the next item. */
  get next(): number {
    return this.#next;
  }

  /** The number of the oldest item that is still there. */
  get first(): number {
    return this.#next - this.#items.length;
  }

  get last(): T | undefined {
    return this.#items[(this.#next - 1) % this.capacity];
  }

  push(item: T): void {
    this.#items[this.#next++ % this.capacity] = item;
  }

  /** At most `most` items, from this number on, or from the oldest one if that is later. */
  from(number: number, most = Infinity): T[] {
    const found: T[] = [];
    for (let at = Math.max(number, this.first); at < this.#next && found.length < most; at++) {
      found.push(this.#items[at % this.capacity]!);
    }
    return found;
  }
}

import { LOG_LEVELS, type LogLine } from "./log.ts";
import { Ring } from "./ring.ts";

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

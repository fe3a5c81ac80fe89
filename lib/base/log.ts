import { configureSync, getLogger, type LogLevel, type LogRecord } from "@logtape/logtape";

/** How much is logged: `fatal` least, `trace` most. */
export const LOG_LEVELS = [
  "fatal",
  "error",
  "warning",
  "info",
  "debug",
  "trace",
] as const satisfies readonly LogLevel[];

/** The house's log. */
export const log = getLogger("partyline");

/** Sends the log to `write`, a line an entry, as text for people or as JSON for machines. */
export function openLog(options: { level: LogLevel; json: boolean; write: (line: string) => void }): void {
  const line = options.json ? jsonLine : textLine;
  configureSync({
    reset: true,
    sinks: { lines: (record) => options.write(line(record)) },
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

function textLine(record: LogRecord): string {
  return `${timeOfDay(record.timestamp)} ${record.level.padEnd(7)} ${message(record)}\n`;
}

function jsonLine(record: LogRecord): string {
  const entry = { time: new Date(record.timestamp).toISOString(), level: record.level, message: message(record) };
  return JSON.stringify({ ...entry, ...record.properties }) + "\n";
}

function message(record: LogRecord): string {
  return record.message.map((part) => typeof part === "string" ? part : String(part)).join("");
}

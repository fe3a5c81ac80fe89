import { decodeBase64 } from "../../core/bytes.ts";
import { Fault, UserError } from "../../core/errors.ts";
import { type Fields, optional, readInteger, readObject, readText, unexpected } from "../../core/json_fields.ts";
import { decodeWire } from "../../core/wire_text.ts";
import type { Direction, TraceRecord } from "../../core/wire_trace.ts";

/** What the judge of a trace reads of a record. */
export type Traced = Pick<
  TraceRecord,
  "time" | "session" | "protocol" | "name" | "link" | "direction" | "text" | "remark"
>;

/** Whether a record may be one of a handout's sessions; the trace of a client does not say which protocol it is of. */
export function isOf({ protocol }: Traced, handout: string): boolean {
  return protocol === undefined || protocol === handout;
}

/** Reads a trace that `--trace-file` has written; docs/trace.md has its fields. Throws a `UserError` that names the line. */
export function readTrace(path: string, text: string): Traced[] {
  const records: Traced[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const record = readObject(line, readRecord);
    if (record instanceof Fault) {
      throw new UserError(`${path}, line ${i + 1} is no record of a trace: ${record.message}`);
    }
    records.push(record);
  }
  if (records.length === 0) throw new UserError(`${path}: there is no record of a trace in it`);
  return records;
}

function readRecord(fields: Fields): Traced {
  const time = Date.parse(readText(fields, "time"));
  if (Number.isNaN(time)) throw unexpected('"time", a date', fields["time"]);
  const bytes = optional(readText, fields, "base64");
  const text = bytes === undefined ? readText(fields, "bytes") : wireText(bytes);
  const session = readInteger(fields, "session");
  const direction = fields["direction"];
  const protocol = optional(readText, fields, "protocol");
  // Lines that were dropped have no direction.
  if (direction !== "up" && direction !== "down" && session !== 0) throw unexpected('"up" or "down"', direction);
  return {
    time,
    session,
    ...(protocol !== undefined && { protocol }),
    name: readText(fields, "name"),
    link: readText(fields, "link"),
    direction: direction as Direction,
    text: text === "" ? undefined : text,
    remark: fields["verdict"] === null ? undefined : readText(fields, "verdict"),
  };
}

function wireText(base64: string): string {
  const bytes = decodeBase64(base64);
  if (bytes === undefined) throw unexpected('"base64", bytes', base64);
  return decodeWire(bytes);
}

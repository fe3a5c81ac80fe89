import { Fault } from "../../core/errors.ts";
import { type Fields, optional, readObject, readText, unexpected } from "../../core/json_fields.ts";
import { csv } from "../reports/graders.ts";
import { STAGES } from "./script.ts";

/** The result of one client at one server. */
export interface Pair {
  readonly client: string;
  readonly server: string;
  /** What did not work; undefined where everything did. */
  readonly failedAt: string | undefined;
  readonly expected: string;
  readonly got: string;
  /** The rules that what went over the wire has broken, and the side that broke them: `im/16/5 client`. */
  readonly broken: readonly string[];
}

/** What both submissions of a pair, and everything that its result depends on, come to; see `fingerprint`. */
export type PairMark = string;

/** A line of the journal, which a class is played on from. */
export function journalLine(mark: PairMark, pair: Pair): string {
  return `${JSON.stringify({ mark, ...pair })}\n`;
}

/** The pairs of a journal, by what their results depend on; a line that is not whole is none. */
export function readJournal(text: string): Map<PairMark, Pair> {
  const found = new Map<PairMark, Pair>();
  for (const line of text.split("\n")) {
    const read = readObject(line, (fields) => [readText(fields, "mark"), readPair(fields)] as const);
    if (!(read instanceof Fault)) found.set(...read);
  }
  return found;
}

function readPair(fields: Fields): Pair {
  const [client, server, expected, got] = ["client", "server", "expected", "got"].map((name) => readText(fields, name));
  const broken = fields["broken"];
  if (!Array.isArray(broken) || broken.some((id) => typeof id !== "string")) throw unexpected('"broken", ids', broken);
  const failedAt = optional(readText, fields, "failedAt");
  return { client: client!, server: server!, failedAt, expected: expected!, got: got!, broken };
}

const NAME = 20;
const CELL = 8;

/** The head of the matrix: a column a server, by its number. */
export function crossHead(servers: readonly string[]): string {
  const numbers = servers.map((_, i) => `server ${i + 1}`.padStart(CELL).slice(-CELL));
  const names = servers.map((name, i) => `  server ${i + 1}  ${name}\n`).join("");
  return `${names}\n${"client".padEnd(NAME)} ${numbers.join("  ")}`.trimEnd();
}

/** A line of the matrix: one client with every server; what did not work, or ok. */
export function crossLine(client: string, pairs: readonly Pair[], remark?: string): string {
  const name = client.length > NAME ? `${client.slice(0, NAME - 1)}…` : client.padEnd(NAME);
  const row = `${name} ${pairs.map(({ failedAt = "ok" }) => failedAt.padStart(CELL)).join("  ")}`.trimEnd();
  return remark === undefined ? row : `${row}  (${remark})`;
}

export function crossCsv(pairs: readonly Pair[]): string {
  const rows = pairs.map(({ client, server, failedAt, expected, got, broken }) => [
    client,
    server,
    failedAt === undefined ? "ok" : "fail",
    failedAt ?? "",
    expected,
    got,
    broken.join("; "),
  ]);
  return csv([["client", "server", "verdict", "failed at", "expected", "got", "rules broken on the wire"], ...rows]);
}

export function crossJson(pairs: readonly Pair[]): string {
  const all = pairs.map(({ failedAt, ...pair }) => ({
    ...pair,
    works: failedAt === undefined,
    failedAt: failedAt ?? null,
  }));
  return JSON.stringify({ stages: STAGES.map(([name]) => name), pairs: all }, null, 2) + "\n";
}

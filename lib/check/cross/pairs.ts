import { csv } from "../reports/graders.ts";
import { STAGES } from "./script.ts";

/** What became of one client with one server. */
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

const NAME = 20;
const CELL = 8;

/** The head of the matrix: a column a server, by its number. */
export function crossHead(servers: readonly string[]): string {
  const numbers = servers.map((_, i) => `server ${i + 1}`.padStart(CELL).slice(-CELL));
  const names = servers.map((name, i) => `  server ${i + 1}  ${name}\n`).join("");
  return `${names}\n${"client".padEnd(NAME)} ${numbers.join("  ")}`.trimEnd();
}

/** A line of the matrix: one client with every server; what did not work, or ok. */
export function crossLine(client: string, pairs: readonly Pair[]): string {
  const name = client.length > NAME ? `${client.slice(0, NAME - 1)}…` : client.padEnd(NAME);
  return `${name} ${pairs.map(({ failedAt = "ok" }) => failedAt.padStart(CELL)).join("  ")}`.trimEnd();
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

import { formatAddress } from "../core/address.ts";
import { timeOfDay } from "../core/log.ts";
import type { PeerEvent } from "../peers/event.ts";
import { clean } from "./view.ts";

type Table = Extract<PeerEvent, { type: "table" }>;

/** The client address table as cells: IP, port, name, and since when the entry is known; ourselves first. */
export function tableRows({ self, entries }: Table): string[][] {
  const own = self ? [[self.hostname, `${self.port}`, "(you)", "-"]] : [];
  return [
    ...own,
    ...entries.map(({ hostname, port, name, since }) => [hostname, `${port}`, clean(name ?? "?"), timeOfDay(since)]),
  ];
}

/** The client address table for people. */
export function tableLines(table: Table): string[] {
  const title = ["IP", "port", "name", "since"];
  const rows = [title, ...tableRows({ ...table, self: undefined })];
  const widths = title.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd()}`);
  const own = table.self ? `you are ${formatAddress(table.self)}` : "no address book has answered so far";
  if (table.entries.length > 0) return [own, ...lines];
  return table.self ? [own, "no other peer is in the table"] : [own];
}

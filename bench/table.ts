import type { Figure, Row } from "./row.ts";

const COLUMNS = ["ours", "thread server", "ngircd"];

/** The rows as a text table, each followed by its notes. */
export function table(rows: readonly Row[]): string {
  const head = ["what", "unit", ...COLUMNS, "beside it", "ratio", "target", "", "cpu server/load"];
  const body = rows.map((row) => [
    row.title,
    row.unit,
    ...COLUMNS.map((name) => number(row.figures[name]?.value)),
    Object.entries(row.figures).filter(([name]) => !COLUMNS.includes(name))
      .map(([name, { value }]) => `${name} ${number(value)}`).join(", "),
    row.ratio === undefined ? "" : `${number(row.ratio)} x`,
    row.target ?? "",
    row.reached === undefined ? "" : row.reached ? "reached" : "not reached",
    cpu(row.figures["ours"]),
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((cells) => cells[column]!.length)));
  const line = (cells: string[]) =>
    cells.map((cell, column) => isNumeric(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))
      .join("  ").trimEnd();
  const lines = [line(head), widths.map((width) => "-".repeat(width)).join("  ")];
  rows.forEach((row, index) => {
    lines.push(line(body[index]!));
    for (const note of row.notes) lines.push(`    ${note}`);
  });
  return lines.join("\n") + "\n";
}

const isNumeric = (column: number) => column >= 2 && column < 2 + COLUMNS.length;

function number(value: number | undefined): string {
  if (value === undefined) return "-";
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function cpu(figure: Figure | undefined): string {
  if (figure?.serverCpu === undefined || figure.loadCpu === undefined) return "";
  return `${figure.serverCpu.toFixed(2)}/${figure.loadCpu.toFixed(2)}`;
}

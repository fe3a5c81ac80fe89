import { columnsOf, graphemes } from "./width.ts";

/** A colour or another attribute of a shown line, which takes no column. */
// deno-lint-ignore no-control-regex
export const ATTRIBUTES = /(\x1b\[[0-9;:]*m)/;

// deno-lint-ignore no-control-regex
const ALL_ATTRIBUTES = /\x1b\[[0-9;:]*m/g;

/** Additional indentation of a line's rows after the first, in columns, where there is room. */
const INDENT = 4;
/** The first column of an indented row of two, and the gap behind it. */
const FIRST_COLUMN = /^ +\S+(?: \S+)* {2,}(?=\S)/;

/** A cluster, or attributes that take no column. */
interface Cell {
  readonly text: string;
  readonly columns: number;
}

/** The columns of a line without its attributes: the largest width that terminals give it. */
export function widthOf(line: string): number {
  return cellsOf(line).reduce((sum, { columns }) => sum + columns, 0);
}

/**
 * A line as rows of a terminal: broken between words, or within a word that is longer than a row. Rows after the first are
 * indented, those of a line in two columns as far as the second one, if that leaves half of the row. Attributes go on in them.
 */
export function wrapped(line: string, columns: number): string[] {
  const cells = cellsOf(line);
  if (cells.reduce((sum, cell) => sum + cell.columns, 0) <= columns) return [line];
  const plain = line.replaceAll(ALL_ATTRIBUTES, "");
  const first = widthOf(FIRST_COLUMN.exec(plain)?.[0] ?? "");
  const lead = /^ */.exec(plain)![0].length;
  const isTable = first > 0 && first <= columns / 2;
  const indent = isTable ? first : Math.min(lead + INDENT, Math.floor(columns / 4));
  const rows: string[] = [];
  let row = "";
  let used = 0;
  /** Blanks that are dropped where the row is broken. */
  let blanks: Cell[] = [];
  const put = (cell: Cell) => {
    row += cell.text;
    used += cell.columns;
  };
  const breakRow = () => {
    rows.push(row);
    row = " ".repeat(indent);
    used = indent;
    blanks = [];
  };
  for (const word of words(cells)) {
    if (isBlank(word[0]!)) {
      blanks = word;
      continue;
    }
    const length = word.reduce((sum, cell) => sum + cell.columns, 0);
    const gap = blanks.length;
    if (used > indent && used + gap + length > columns && length <= columns - indent) breakRow();
    for (const blank of blanks) if (used < columns) put(blank);
    blanks = [];
    for (const cell of word) {
      if (used + cell.columns > columns && used > indent) breakRow();
      put(cell);
    }
  }
  return [...rows, row];
}

/** The rows that a terminal makes of a line by itself. */
export function rowsOf(line: string, columns: number): number {
  let [rows, used] = [1, 0];
  for (const cell of cellsOf(line)) {
    if (used + cell.columns > columns) {
      rows++;
      used = 0;
    }
    used += cell.columns;
  }
  return rows;
}

/** Whether all terminals give a line the same width: some draw a joined emoji as one picture, others as its parts. */
export function hasOneWidth(line: string): boolean {
  return graphemes(line.replaceAll(ALL_ATTRIBUTES, ""))
    .every((cluster) => columnsOf(cluster) === partsOf(cluster));
}

function words(cells: readonly Cell[]): Cell[][] {
  const found: Cell[][] = [];
  for (const cell of cells) {
    const last = found.at(-1);
    if (last && isBlank(last[0]!) === isBlank(cell)) last.push(cell);
    else found.push([cell]);
  }
  return found;
}

function isBlank({ text }: Cell): boolean {
  return text === " ";
}

function cellsOf(line: string): Cell[] {
  return line.split(ATTRIBUTES).flatMap((part, index) =>
    index % 2 === 1
      ? [{ text: part, columns: 0 }]
      : graphemes(part).map((text) => ({ text, columns: Math.max(columnsOf(text), partsOf(text)) }))
  );
}

/** The columns of a cluster where each of its characters is drawn by itself. */
function partsOf(cluster: string): number {
  if (cluster.length === 1) return columnsOf(cluster);
  let columns = 0;
  for (const point of cluster) columns += columnsOf(point);
  return columns;
}

import { hasOneWidth, rowsOf, widthOf, wrapped } from "./wrap.ts";

/** A line to be shown. */
export interface ShownLine {
  readonly text: string;
  /** The name by which the line can be changed later. */
  readonly id?: string | undefined;
  /** Whether the terminal breaks it where its row ends, and not between words. */
  readonly whole?: boolean | undefined;
}

/** A shown line that is still on the screen. Rows are counted from the first that was ever shown. */
interface Kept extends ShownLine {
  readonly top: number;
  readonly height: number;
  /** The columns of its widest row. */
  readonly width: number;
}

/**
 * The lines above the drawing that are certainly still on the screen, so that they can be changed there.
 *
 * 1. The cursor is where the drawing begins, in the first column, whenever a line is added or changed.
 * 2. A line is left as it is, and so is every line above it, if it may have scrolled away, if a change of size may have broken
 *    it differently, or if terminals disagree about its width.
 */
export class ShownRows {
  #columns: number;
  #rows: number;
  #lines: Kept[] = [];
  /** The first row that is certainly on the screen. */
  #first = 0;
  /** The row where the drawing begins. */
  #next = 0;
  /** The row below the lowest that was ever used. */
  #bottom = 0;

  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#rows = rows;
  }

  resize(columns: number, rows: number): void {
    if (columns !== this.#columns) {
      const narrowest = Math.min(columns, this.#columns);
      this.#forgetUpTo(this.#lines.findLastIndex(({ width }) => width > narrowest));
    }
    this.#columns = columns;
    this.#rows = rows;
    this.#scrolled();
  }

  /** The drawing has this many rows. */
  drawn(rows: number): void {
    this.#used(this.#next + rows);
  }

  /** The rows above the drawing are unknown from now on. */
  clear(): void {
    this.#lines = [];
    this.#first = this.#next = this.#bottom = 0;
  }

  /** The output that shows a line. */
  add(line: ShownLine): string {
    const { text, whole } = line;
    const rows = text.split("\n").flatMap((each) => whole ? [each] : wrapped(each, this.#columns));
    const height = whole ? rows.reduce((sum, row) => sum + rowsOf(row, this.#columns), 0) : rows.length;
    const width = Math.max(...rows.map(widthOf));
    this.#lines.push({ ...line, top: this.#next, height, width });
    this.#next += height;
    this.#used(this.#next + 1);
    if (width > this.#columns && !hasOneWidth(text)) this.#forgetUpTo(this.#lines.length - 1);
    return rows.map((row) => `${row}\n`).join("");
  }

  /** The output that changes lines which are on the screen; the lines that are not there remain in `texts`. */
  change(texts: Map<string, string>): string {
    const at = this.#lines.findIndex(({ id }) => id !== undefined && texts.has(id));
    if (at < 0) return "";
    const from = this.#lines.splice(at);
    const up = this.#next - from[0]!.top;
    this.#next = from[0]!.top;
    const lines = from.map((line) => {
      const text = line.id === undefined ? undefined : texts.get(line.id);
      if (text !== undefined) texts.delete(line.id!);
      return this.add({ id: line.id, whole: line.whole, text: text ?? line.text });
    });
    return `\r\x1b[${up}A\x1b[J${lines.join("")}`;
  }

  #used(bottom: number): void {
    this.#bottom = Math.max(this.#bottom, bottom);
    this.#scrolled();
  }

  #scrolled(): void {
    this.#first = Math.max(this.#first, this.#bottom - this.#rows);
    this.#forgetUpTo(this.#lines.findLastIndex(({ top }) => top < this.#first));
  }

  #forgetUpTo(index: number): void {
    if (index >= 0) this.#lines.splice(0, index + 1);
  }
}

interface Row {
  cells: string[];
  wrapped: boolean;
}

const clusters = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const WIDE = /^[\u3000-\u9fff\uac00-\ud7a3\uff01-\uff60]|^\p{Emoji_Presentation}/u;

/**
 * A terminal of a few lines of code: rows of cells with wrapping, the sequences our screen uses (any other throws), and
 * lines wrapped anew when it is resized. The second cell of a wide character is an empty string.
 */
export class Emulator {
  rows: Row[] = [{ cells: [], wrapped: false }];
  row = 0;
  column = 0;
  bells = 0;
  pasting = false;
  #pending = false;

  constructor(public columns: number, public height: number) {}

  /** Everything ever on the screen, scrolled off or not, without trailing blanks and empty rows. */
  get text(): string[] {
    const lines = this.rows.map((row) => row.cells.map((cell) => cell ?? " ").join("").trimEnd());
    while (lines.at(-1) === "") lines.pop();
    return lines;
  }

  /** The row and the column of the cursor, the row counted in `text`. */
  get cursor(): [number, number] {
    return [this.row, this.column];
  }

  write(output: string): void {
    // deno-lint-ignore no-control-regex
    for (const [part] of output.matchAll(/\x1b\[[?0-9;]*[A-Za-z]|[\r\n\x07\b]|[^\x1b\r\n\x07\b]+/g)) {
      if (part.startsWith("\x1b")) this.#control(part.slice(2));
      else if (part === "\r") this.#moveTo(0);
      else if (part === "\n") this.#down();
      else if (part === "\b") this.#moveTo(Math.max(0, this.column - 1));
      else if (part === "\x07") this.bells++;
      else for (const { segment } of clusters.segment(part)) this.#print(segment);
    }
  }

  resize(columns: number): void {
    const before = this.rows;
    const cursor = { row: this.row, column: this.column };
    this.rows = [];
    this.columns = columns;
    let line: string[] = [];
    let cursorAt = -1;
    before.forEach((row, index) => {
      if (index === cursor.row) cursorAt = line.length + cursor.column;
      line.push(...row.cells);
      if (row.wrapped) return;
      const begin = this.rows.length;
      const spots = this.#layLine(line);
      if (cursorAt >= 0) {
        const spot = spots[cursorAt] ?? { row: this.rows.length - 1 - begin, column: Math.min(cursorAt, columns - 1) };
        this.row = begin + spot.row;
        this.column = spot.column;
      }
      cursorAt = -1;
      line = [];
    });
    this.#pending = false;
  }

  #layLine(line: readonly string[]): { row: number; column: number }[] {
    const begin = this.rows.length;
    const spots: { row: number; column: number }[] = [];
    let row: Row = { cells: [], wrapped: false };
    this.rows.push(row);
    line.forEach((cell, index) => {
      const width = line[index + 1] === "" ? 2 : 1;
      if (cell !== "" && row.cells.length + width > this.columns) {
        row.wrapped = true;
        row = { cells: [], wrapped: false };
        this.rows.push(row);
      }
      spots.push({ row: this.rows.length - 1 - begin, column: row.cells.length });
      row.cells.push(cell ?? " ");
    });
    return spots;
  }

  #control(sequence: string): void {
    const count = Number(/\d+/.exec(sequence)?.[0] ?? "1");
    const last = sequence.at(-1);
    const top = Math.max(0, this.rows.length - this.height);
    this.#pending &&= last === "m";
    if (last === "A") this.row = Math.max(top, this.row - count);
    else if (last === "B") this.row = Math.min(top + this.height - 1, this.row + count);
    else if (sequence === "J") {
      this.rows.length = this.row + 1;
      this.rows[this.row]!.cells.length = Math.min(this.rows[this.row]!.cells.length, this.column);
      this.rows[this.row]!.wrapped = false;
    } else if (sequence === "H") {
      this.row = top;
      this.column = 0;
    } else if (sequence === "2J") this.rows = this.rows.slice(0, top).concat({ cells: [], wrapped: false });
    else if (sequence === "?2004h" || sequence === "?2004l") this.pasting = last === "h";
    else if (last !== "m") throw new Error(`the screen uses a sequence unknown here: ${JSON.stringify(sequence)}`);
    while (this.rows.length <= this.row) this.rows.push({ cells: [], wrapped: false });
  }

  #print(cluster: string): void {
    const width = WIDE.test(cluster) ? 2 : 1;
    if (this.#pending || this.column + width > this.columns) {
      this.rows[this.row]!.wrapped = true;
      this.#down();
      this.column = 0;
    }
    const { cells } = this.rows[this.row]!;
    while (cells.length < this.column) cells.push(" ");
    cells[this.column] = cluster;
    if (width === 2) cells[this.column + 1] = "";
    this.column += width;
    this.#pending = this.column === this.columns;
    if (this.#pending) this.column--;
  }

  #moveTo(column: number): void {
    this.column = column;
    this.#pending = false;
  }

  #down(): void {
    this.row++;
    this.#pending = false;
    if (this.rows.length === this.row) this.rows.push({ cells: [], wrapped: false });
  }
}

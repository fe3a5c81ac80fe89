import { sanitized } from "../core/text.ts";
import { columnsOf, graphemes } from "./width.ts";

/** The bottom of the screen: a prompt, and the line being typed unless it is hidden. */
export interface Scene {
  readonly prompt: string;
  readonly text: string;
  /** An index into the text. */
  readonly cursor: number;
  readonly hidden?: boolean;
}

interface Spot {
  readonly row: number;
  readonly column: number;
}

interface Picture {
  /**
   * Clusters: `promptLength` of the prompt, those of the text, and a space, so that the cursor is always on a cell and moves
   * with it when the terminal re-wraps its lines.
   */
  readonly cells: readonly string[];
  readonly promptLength: number;
  readonly cursor: number;
}

const EMPTY: Picture = { cells: [], promptLength: 0, cursor: 0 };

/**
 * The escape sequences that keep the line being typed below everything shown.
 *
 * 1. `erase`, then shown lines, then `draw`; nothing else moves the cursor in between.
 * 2. After `resize`, `erase` still finds the beginning of the line, on terminals that re-wrap lines when resized.
 * 3. A line taller than the terminal shows the rows around its cursor.
 */
export class Screen {
  #columns: number;
  #rows: number;
  readonly #colour: boolean;
  #drawn: Picture = EMPTY;

  constructor(options: { columns: number; rows: number; colour?: boolean }) {
    this.#columns = Math.max(1, options.columns);
    this.#rows = Math.max(1, options.rows);
    this.#colour = options.colour ?? false;
  }

  resize(columns: number, rows: number): void {
    this.#columns = Math.max(1, columns);
    this.#rows = Math.max(1, rows);
  }

  /** The rows of the drawing. */
  get height(): number {
    return this.#drawn.cells.length === 0 ? 0 : this.#layout(this.#drawn.cells).at(-1)!.row + 1;
  }

  /** Removes the drawing and returns the cursor to its beginning. */
  erase(): string {
    if (this.#drawn.cells.length === 0) return "";
    const { row } = this.#layout(this.#drawn.cells)[this.#drawn.cursor]!;
    this.#drawn = EMPTY;
    return `\r${up(row)}\x1b[J`;
  }

  /** Draws, beginning at the left margin of an empty row. */
  draw(scene: Scene): string {
    const picture = this.#window(pictureOf(scene));
    const { cells, promptLength, cursor } = picture;
    const spots = this.#layout(cells);
    const spot = spots[cursor]!;
    let drawing = this.#painted(cells, promptLength);
    if (cursor === cells.length - 1) {
      // At the margin the cursor stays on the last cell.
      if (spot.column < this.#columns - 1) drawing += "\b";
    } else {
      // Redrawn up to the cursor, so that its column is right even if the terminal counts the width of an emoji differently.
      drawing += `\r${up(spots.at(-1)!.row)}${this.#painted(cells.slice(0, cursor), promptLength)}`;
      if (spot.column === 0 && spot.row > 0) drawing += "\x1b[B\r";
    }
    this.#drawn = picture;
    return drawing;
  }

  /** Empties the whole screen. */
  clear(): string {
    this.#drawn = EMPTY;
    return "\x1b[H\x1b[2J";
  }

  /** The text that stays on the screen when the line is entered. */
  entered(scene: Scene): string {
    const { cells, promptLength } = pictureOf(scene);
    return this.#painted(cells.slice(0, -1), promptLength);
  }

  #painted(cells: readonly string[], promptLength: number): string {
    const prompt = cells.slice(0, promptLength).join("");
    const text = cells.slice(promptLength).join("");
    return this.#colour && prompt !== "" ? `\x1b[1m${prompt}\x1b[0m${text}` : prompt + text;
  }

  #layout(cells: readonly string[]): Spot[] {
    const spots: Spot[] = [];
    let row = 0;
    let column = 0;
    for (const cell of cells) {
      const width = Math.min(columnsOf(cell), this.#columns);
      if (column + width > this.#columns) {
        row++;
        column = 0;
      }
      spots.push({ row, column: Math.min(column, this.#columns - 1) });
      column += width;
    }
    return spots;
  }

  #window(picture: Picture): Picture {
    const { cells, promptLength, cursor } = picture;
    const spots = this.#layout(cells);
    const last = spots.at(-1)!.row;
    if (last < this.#rows) return picture;
    const wanted = spots[cursor]!.row - Math.floor(this.#rows / 2);
    const top = Math.max(0, Math.min(wanted, last + 1 - this.#rows));
    const begin = spots.findIndex((spot) => spot.row >= top);
    const below = spots.findIndex((spot) => spot.row >= top + this.#rows);
    return {
      cells: cells.slice(begin, below < 0 ? cells.length : below),
      promptLength: Math.max(0, promptLength - begin),
      cursor: cursor - begin,
    };
  }
}

function pictureOf(scene: Scene): Picture {
  const prompt = graphemes(sanitized(scene.prompt));
  const text = scene.hidden ? [] : graphemes(scene.text);
  const before = scene.hidden ? 0 : graphemes(scene.text.slice(0, scene.cursor)).length;
  return { cells: [...prompt, ...text, " "], promptLength: prompt.length, cursor: prompt.length + before };
}

function up(rows: number): string {
  return rows > 0 ? `\x1b[${rows}A` : "";
}

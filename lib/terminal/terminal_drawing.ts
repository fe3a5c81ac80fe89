import { sanitized } from "../core/text.ts";
import { type Scene, Screen } from "./screen.ts";
import { type ShownLine, ShownRows } from "./shown_rows.ts";
import type { Away, ShowOptions } from "./ui.ts";
import { columnsOf, graphemes } from "./width.ts";
import { ATTRIBUTES } from "./wrap.ts";

/** One piece of output: a line, a bell, or an empty screen. */
export type Piece = ShownLine | "bell" | "clear";

const SIZE = { columns: 80, rows: 24 };
type Size = typeof SIZE;

const RESET = "\x1b[0m";
const LINE_BREAK = /\r\n|[\r\n]/;
/** The text in front of the prompt has at most this part of a row. */
const AWAY_PART = 0.5;

/** The contents of a terminal: the lines, below them the growing line, and at the bottom the line being typed. */
export class TerminalDrawing {
  /** The text of the growing line; `null` when none grows. */
  growing: string | null = null;
  readonly #screen: Screen;
  readonly #growth = new Screen(SIZE);
  readonly #shown = new ShownRows(SIZE.columns, SIZE.rows);
  /** Other texts of lines, by id, that are not on the screen yet. */
  #changes = new Map<string, { readonly text: string; readonly away: Away }>();
  /** In front of the prompt. */
  #away = "";
  #growthDrawn = false;
  #sceneDrawn = false;

  constructor(readonly colour: boolean) {
    this.#screen = new Screen({ ...SIZE, colour });
  }

  /** The lines of a text; with an id, one line that may have line breaks. */
  linesOf(text: string, options: ShowOptions): ShownLine[] {
    if (options.id !== undefined) return [{ ...options, text: this.#fitLines(text) }];
    return text.split(LINE_BREAK).map((line) => ({ ...options, text: this.#fit(line) }));
  }

  /** The line `id` gets another text with the next output. */
  change(id: string, text: string, away: Away): void {
    this.#changes.set(id, { text: this.#fitLines(text), away });
  }

  /** A line was entered; the text of it that stays on the screen. */
  entered(scene: Scene): string {
    this.#away = "";
    return this.#screen.entered(scene);
  }

  /** Another program has written to the terminal. */
  forget(): void {
    this.#shown.clear();
  }

  /** The output that shows these pieces, and `scene` below them; null for no line being typed. */
  compose(pieces: readonly Piece[], scene: Scene | null, { columns, rows }: Size): string {
    // A growing line shares the screen with the one being typed.
    const growthRows = this.growing === null && !this.#growthDrawn ? 0 : Math.floor(rows / 2);
    this.#growth.resize(columns, growthRows);
    this.#screen.resize(columns, rows - growthRows);
    this.#shown.resize(columns, rows);
    // The terminal has broken its rows anew.
    this.#shown.drawn(this.#height);
    const output = this.erase() + this.#changed(pieces) + pieces.map((piece) => this.#written(piece)).join("");
    const drawing = this.#draw(scene, columns);
    this.#shown.drawn(this.#height);
    return output.replaceAll("\n", "\r\n") + drawing;
  }

  /** Removes what is drawn below the lines. */
  erase(): string {
    let erased = this.#screen.erase();
    // The line being typed, if any, is below the growing line.
    if (this.#growthDrawn) erased += (this.#sceneDrawn ? "\x1b[A" : "") + this.#growth.erase();
    this.#growthDrawn = this.#sceneDrawn = false;
    return erased;
  }

  /** Changes lines: in `pieces` before they are written, else on the screen; a change of a line off the screen is shown elsewhere. */
  #changed(pieces: readonly Piece[]): string {
    if (this.#changes.size === 0) return "";
    const waiting = new Set(pieces.map((piece) => typeof piece === "string" ? undefined : piece.id));
    const texts = new Map([...this.#changes].flatMap(([id, { text }]) => waiting.has(id) ? [] : [[id, text] as const]));
    const output = this.#shown.change(texts);
    const lines = [...texts.keys()].map((id) => {
      const { away } = this.#changes.get(id)!;
      if (away.where === "line") return this.#shown.add({ text: this.#fit(away.text) });
      this.#away = sanitized(away.text);
      return "";
    });
    this.#changes = new Map([...this.#changes].filter(([id]) => waiting.has(id)));
    return output + lines.join("");
  }

  #written(piece: Piece): string {
    if (piece === "bell") return "\x07";
    if (piece === "clear") {
      this.#shown.clear();
      return this.#growth.clear() + this.#screen.clear();
    }
    const change = piece.id === undefined ? undefined : this.#changes.get(piece.id);
    if (change) this.#changes.delete(piece.id!);
    return this.#shown.add(change ? { ...piece, text: change.text } : piece);
  }

  /** The rows of what is drawn below the lines. */
  get #height(): number {
    return (this.#growthDrawn ? this.#growth.height : 0) + (this.#sceneDrawn ? this.#screen.height : 0);
  }

  #draw(scene: Scene | null, columns: number): string {
    let drawing = "";
    if (this.growing !== null) {
      const text = sanitized(this.growing);
      drawing = this.#growth.draw({ prompt: "", text, cursor: text.length }) + (scene === null ? "" : "\r\n");
      this.#growthDrawn = true;
    }
    if (scene === null) return drawing;
    this.#sceneDrawn = true;
    const away = this.#away === "" || scene.hidden ? "" : `${beginning(this.#away, columns * AWAY_PART)} `;
    return drawing + this.#screen.draw({ ...scene, prompt: away + scene.prompt });
  }

  #fitLines(text: string): string {
    return text.split(LINE_BREAK).map((line) => this.#fit(line)).join("\n");
  }

  // The last check of text from others: of all control sequences, only colours pass.
  #fit(line: string): string {
    const parts = line.split(ATTRIBUTES);
    if (parts.length === 1) return sanitized(line);
    const fit = parts.map((part, index) => index % 2 === 0 ? sanitized(part) : this.colour ? part : "").join("");
    return this.colour ? fit + RESET : fit;
  }
}

/** The beginning of a text, at most this many columns. */
function beginning(text: string, columns: number): string {
  let [begun, used] = ["", 0];
  for (const cluster of graphemes(text)) {
    used += columnsOf(cluster);
    if (used > columns) return `${begun}…`;
    begun += cluster;
  }
  return begun;
}

import { sanitized } from "../core/text.ts";
import { type Device, standardDevice } from "./device.ts";
import { type Key, KeyDecoder, type KeyDecoderOptions } from "./keys.ts";
import { droppedText, Output } from "./output.ts";
import { PromptInput, type PromptInputOptions, type PromptOutput } from "./prompt_input.ts";
import { type Scene, Screen } from "./screen.ts";
import { type ShownLine, ShownRows } from "./shown_rows.ts";
import type { Away, Prompt, ShowOptions, Ui, UserInput } from "./ui.ts";
import { columnsOf, graphemes } from "./width.ts";
import { ATTRIBUTES } from "./wrap.ts";

/** The options of a terminal; everything has a default. */
export interface TerminalUiOptions extends PromptInputOptions, KeyDecoderOptions {
  /** Whether colours and other attributes are shown; by default unless `NO_COLOR` is set. */
  readonly colour?: boolean | undefined;
  readonly waitingBytes?: number | undefined;
  readonly device?: Device | undefined;
}

/** Opens a terminal: the line being typed at the bottom, everything shown above it. */
export function openTerminalUi(input: UserInput, options: TerminalUiOptions = {}): Ui {
  return new TerminalUi(input, options);
}

const PASTE_ON = "\x1b[?2004h";
const PASTE_OFF = "\x1b[?2004l";
const RESET = "\x1b[0m";

const LINE_BREAK = /\r\n|[\r\n]/;

/** The text in front of the prompt has at most this part of a row. */
const AWAY_PART = 0.5;

/** One piece of output: a line, a bell, or an empty screen. */
type Piece = ShownLine | "bell" | "clear";

class TerminalUi implements Ui {
  readonly #input: UserInput;
  readonly #device: Device;
  readonly #decoder: KeyDecoder;
  readonly #prompts: PromptInput;
  readonly #screen: Screen;
  /** The growing line. */
  readonly #growth = new Screen({ columns: 80, rows: 24 });
  /** The lines above both. */
  readonly #shown = new ShownRows(80, 24);
  /** Other texts of lines, by id, that are not on the screen yet. */
  #changes = new Map<string, { readonly text: string; readonly away: Away }>();
  /** In front of the prompt. */
  #away = "";
  readonly #output: Output<Piece>;
  readonly #colour: boolean;
  readonly #stops: (() => void)[];
  /** The text of the growing line; `null` when none grows. */
  #growing: string | null = null;
  #growthDrawn = false;
  #sceneDrawn = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ended = false;
  #restored = false;
  #closing: Promise<void> | null = null;

  constructor(input: UserInput, options: TerminalUiOptions) {
    this.#input = input;
    this.#device = options.device ?? standardDevice();
    this.#colour = options.colour ?? !Deno.noColor;
    this.#decoder = new KeyDecoder(options);
    this.#prompts = new PromptInput(options);
    this.#screen = new Screen({ columns: 80, rows: 24, colour: this.#colour });
    this.#output = new Output({
      sink: this.#device,
      compose: (pieces) => this.#compose(pieces),
      broken: () => this.#end(),
      waitingBytes: options.waitingBytes,
      droppedLine: (count) => ({ text: droppedText(count) }),
    });
    this.#device.setRaw(true);
    this.#stops = [
      this.#device.onExit(() => this.#restore()),
      this.#device.onResize(() => this.#output.due()),
    ];
    this.#device.writeNow(PASTE_ON);
    this.#read();
  }

  show(line: string, options: ShowOptions = {}): void {
    if (options.id !== undefined) return this.#output.push({ ...options, text: this.#fitLines(line) });
    for (const one of line.split(LINE_BREAK)) this.#output.push({ ...options, text: this.#fit(one) });
  }

  change(id: string, text: string, away: Away): void {
    this.#changes.set(id, { text: this.#fitLines(text), away });
    this.#output.due();
  }

  begin(text: string): void {
    this.#growing = text;
    this.#output.due();
  }

  more(text: string): void {
    if (this.#growing === null) return;
    this.#growing += text;
    this.#output.due();
  }

  finish(text: string): void {
    if (this.#growing === null) return;
    const line = this.#growing + text;
    this.#growing = null;
    this.show(line);
  }

  drop(): void {
    if (this.#growing === null) return;
    this.#growing = null;
    this.#output.due();
  }

  ask(prompt: Prompt | null): void {
    if (this.#closing !== null) return;
    this.#prompts.ask(prompt);
    this.#output.due();
    // Waiting keys are processed after the caller has returned, since it may be the receiver.
    queueMicrotask(() => this.#drain());
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#prompts.ask(null);
    this.finish("");
    await this.#output.flushed();
    this.#restore();
    for (const stop of this.#stops) stop();
    this.#device.closeInput();
  }

  // Also runs after an uncaught error: at once, and once.
  #restore(): void {
    if (this.#restored) return;
    this.#restored = true;
    this.#device.writeNow(this.#erase() + PASTE_OFF);
    this.#device.setRaw(false);
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(4096);
    for (;;) {
      // A terminal that is hung up fails instead of ending.
      const length = await this.#device.read(buffer).catch(() => null);
      if (this.#closing !== null) return;
      if (length === null) return this.#end();
      this.#press(this.#decoder.push(buffer.subarray(0, length), performance.now()));
      this.#schedule();
    }
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const { wakeAt } = this.#decoder;
    if (wakeAt === Infinity || this.#closing !== null) return;
    this.#timer = setTimeout(() => {
      this.#press(this.#decoder.tick(performance.now()));
      this.#schedule();
    }, wakeAt - performance.now());
  }

  #press(keys: readonly Key[]): void {
    if (keys.length > 0) this.#input.key?.();
    for (const key of keys) {
      this.#prompts.press(key);
      this.#drain();
    }
  }

  #drain(): void {
    for (;;) {
      const outputs = this.#prompts.takeOutputs();
      if (outputs.length === 0) return;
      for (const output of outputs) this.#perform(output);
    }
  }

  #perform(output: PromptOutput): void {
    switch (output.type) {
      case "show":
        return this.show(output.line);
      case "enter":
        return this.#entered(output.scene);
      case "redraw":
        return this.#output.due();
      case "bell":
        return this.#output.push("bell");
      case "clear":
        return this.#output.push("clear");
      case "suspend":
        return void this.#suspend();
      case "line":
        return this.#input.line(output.line);
      case "end":
        return this.#input.end();
      case "interrupt":
        return this.#input.interrupt();
      case "complete":
        return this.#complete(output.before);
    }
  }

  #entered(scene: Scene): void {
    this.#away = "";
    if (!scene.hidden && this.#input.echoes?.(scene.text) === false) return this.#output.due();
    this.#output.push({ text: this.#screen.entered(scene), whole: true });
  }

  async #suspend(): Promise<void> {
    await this.#output.flushed();
    if (this.#closing !== null) return;
    this.#device.writeNow(this.#erase() + PASTE_OFF);
    this.#device.setRaw(false);
    if (this.#device.suspend(() => this.#continued())) return;
    this.#continued();
    this.show("cannot be suspended here: started by another program, such as deno task");
  }

  /** Draws everything again after another program has written to the terminal. */
  #continued(): void {
    if (this.#restored) return;
    this.#shown.clear();
    this.#device.setRaw(true);
    this.#device.writeNow(PASTE_ON);
    this.#output.due();
  }

  #complete(before: string): void {
    const words = this.#input.complete?.(before) ?? [];
    if (!(words instanceof Promise)) return this.#prompts.offer(before, words);
    words.then((words) => {
      this.#prompts.offer(before, words);
      this.#drain();
    });
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#input.end();
  }

  #compose(pieces: readonly Piece[]): string {
    const { columns, rows } = this.#device.size();
    // A growing line shares the screen with the one being typed.
    const growthRows = this.#growing === null && !this.#growthDrawn ? 0 : Math.floor(rows / 2);
    this.#growth.resize(columns, growthRows);
    this.#screen.resize(columns, rows - growthRows);
    this.#shown.resize(columns, rows);
    // The terminal has broken its rows anew.
    this.#shown.drawn(this.#height);
    const output = this.#erase() + this.#changed(pieces) + pieces.map((piece) => this.#written(piece)).join("");
    const drawing = this.#draw();
    this.#shown.drawn(this.#height);
    return output.replaceAll("\n", "\r\n") + drawing;
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

  #erase(): string {
    let erased = this.#screen.erase();
    // The line being typed, if any, is below the growing line.
    if (this.#growthDrawn) erased += (this.#sceneDrawn ? "\x1b[A" : "") + this.#growth.erase();
    this.#growthDrawn = this.#sceneDrawn = false;
    return erased;
  }

  #draw(): string {
    const scene = this.#prompts.scene;
    let drawing = "";
    if (this.#growing !== null) {
      const text = sanitized(this.#growing);
      drawing = this.#growth.draw({ prompt: "", text, cursor: text.length }) + (scene === null ? "" : "\r\n");
      this.#growthDrawn = true;
    }
    if (scene === null) return drawing;
    this.#sceneDrawn = true;
    const away = this.#away === "" || scene.hidden
      ? ""
      : `${beginning(this.#away, this.#device.size().columns * AWAY_PART)} `;
    return drawing + this.#screen.draw({ ...scene, prompt: away + scene.prompt });
  }

  #fitLines(text: string): string {
    return text.split(LINE_BREAK).map((line) => this.#fit(line)).join("\n");
  }

  // The last check of text from others: of all control sequences, only colours pass.
  #fit(line: string): string {
    const parts = line.split(ATTRIBUTES);
    if (parts.length === 1) return sanitized(line);
    const fit = parts.map((part, index) => index % 2 === 0 ? sanitized(part) : this.#colour ? part : "").join("");
    return this.#colour ? fit + RESET : fit;
  }
}

/** The beginning of a text, of so many columns. */
function beginning(text: string, columns: number): string {
  let [begun, used] = ["", 0];
  for (const cluster of graphemes(text)) {
    used += columnsOf(cluster);
    if (used > columns) return `${begun}…`;
    begun += cluster;
  }
  return begun;
}

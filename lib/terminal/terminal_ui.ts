import { sanitized } from "../core/text.ts";
import type { Prompt, Ui, UserInput } from "./ui.ts";
import { PromptInput, type PromptInputOptions } from "./prompt_input.ts";
import { type Device, standardDevice } from "./device.ts";
import { KeyDecoder } from "./keys.ts";
import { Output } from "./output.ts";
import { Screen } from "./screen.ts";

/** How a terminal is used; everything has a default. */
export interface TerminalUiOptions extends PromptInputOptions {
  /** Whether colours and other attributes are shown; by default unless `NO_COLOR` is set. */
  readonly colour?: boolean | undefined;
  readonly pasteBytes?: number | undefined;
  /** After so much silence a begun escape sequence is taken for the ESC key. */
  readonly escapeMs?: number | undefined;
  /** After so much silence a paste without an end is taken as it is. */
  readonly pasteMs?: number | undefined;
  readonly waitingBytes?: number | undefined;
  readonly device?: Device | undefined;
}

/** Opens a face on a terminal: one line being typed at the bottom, everything shown above it. */
export function openTerminalUi(typist: UserInput, options: TerminalUiOptions = {}): Ui {
  return new TerminalUi(typist, options);
}

const PASTE_ON = "\x1b[?2004h";
const PASTE_OFF = "\x1b[?2004l";
const RESET = "\x1b[0m";
// deno-lint-ignore no-control-regex
const colours = /(\x1b\[[0-9;:]*m)/;

class TerminalUi implements Ui {
  readonly #typist: UserInput;
  readonly #device: Device;
  readonly #decoder: KeyDecoder;
  readonly #screen: Screen;
  readonly #growth: Screen;
  readonly #output: Output;
  readonly #conversation: PromptInput;
  readonly #colour: boolean;
  readonly #escapeMs: number;
  readonly #pasteMs: number;
  readonly #stops: (() => void)[];
  /** The line that grows; `null` when none does. */
  #growing: string | null = null;
  #growthDrawn = false;
  #sceneDrawn = false;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #ended = false;
  #restored = false;
  #closing: Promise<void> | null = null;

  constructor(typist: UserInput, options: TerminalUiOptions) {
    this.#typist = typist;
    this.#device = options.device ?? standardDevice();
    this.#colour = options.colour ?? !Deno.noColor;
    this.#escapeMs = options.escapeMs ?? 100;
    this.#pasteMs = options.pasteMs ?? 5000;
    this.#decoder = new KeyDecoder(options.pasteBytes === undefined ? {} : { pasteBytes: options.pasteBytes });
    this.#screen = new Screen({ columns: 80, rows: 24, colour: this.#colour });
    this.#growth = new Screen({ columns: 80, rows: 24 });
    this.#output = new Output({
      sink: this.#device,
      compose: (pieces) => this.#compose(pieces),
      broken: () => this.#end(),
      waitingBytes: options.waitingBytes,
    });
    this.#conversation = new PromptInput(typist, {
      show: (line) => this.show(line),
      enter: (scene) => this.#output.push(this.#screen.entered(scene) + "\n"),
      redraw: () => this.#output.due(),
      bell: () => this.#output.push("\x07"),
      clear: () => this.#output.push(this.#growth.clear() + this.#screen.clear()),
    }, options);
    this.#device.setRaw(true);
    this.#stops = [
      this.#device.onExit(() => this.#restore()),
      this.#device.onResize(() => this.#output.due()),
    ];
    this.#device.writeNow(PASTE_ON);
    this.#read();
  }

  show(line: string): void {
    for (const one of line.split(/\r\n|[\r\n]/)) this.#output.push(`${this.#fit(one)}\n`);
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
    if (this.#closing === null) this.#conversation.ask(prompt);
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    clearTimeout(this.#silence);
    this.#conversation.ask(null);
    this.finish("");
    await this.#output.flushed();
    this.#restore();
    for (const stop of this.#stops) stop();
    this.#device.closeInput();
  }

  // Also the way out after an error nobody caught: at once, and once.
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
      clearTimeout(this.#silence);
      this.#conversation.press(this.#decoder.push(buffer.subarray(0, length)));
      this.#awaitMore();
    }
  }

  #awaitMore(): void {
    const { waiting } = this.#decoder;
    if (waiting === "nothing" || this.#closing !== null) return;
    const silenceMs = waiting === "paste" ? this.#pasteMs : this.#escapeMs;
    this.#silence = setTimeout(() => this.#conversation.press(this.#decoder.flush()), silenceMs);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#typist.end();
  }

  #compose(pieces: readonly string[]): string {
    const { columns, rows } = this.#device.size();
    // While a line grows it shares the screen with the one being typed.
    const growthRows = this.#growing === null && !this.#growthDrawn ? 0 : Math.floor(rows / 2);
    this.#growth.resize(columns, growthRows);
    this.#screen.resize(columns, rows - growthRows);
    return this.#erase() + pieces.join("").replaceAll("\n", "\r\n") + this.#draw();
  }

  #erase(): string {
    let erased = this.#screen.erase();
    // Below the line that grows stands the one being typed, if one is.
    if (this.#growthDrawn) erased += (this.#sceneDrawn ? "\x1b[A" : "") + this.#growth.erase();
    this.#growthDrawn = this.#sceneDrawn = false;
    return erased;
  }

  #draw(): string {
    const scene = this.#conversation.scene;
    let drawing = "";
    if (this.#growing !== null) {
      const text = sanitized(this.#growing);
      drawing = this.#growth.draw({ prompt: "", text, cursor: text.length }) + (scene === null ? "" : "\r\n");
      this.#growthDrawn = true;
    }
    if (scene === null) return drawing;
    this.#sceneDrawn = true;
    return drawing + this.#screen.draw(scene);
  }

  // The last to look at what others sent: of all control sequences only colours pass.
  #fit(line: string): string {
    const parts = line.split(colours);
    if (parts.length === 1) return sanitized(line);
    const fit = parts.map((part, index) => index % 2 === 0 ? sanitized(part) : this.#colour ? part : "").join("");
    return this.#colour ? fit + RESET : fit;
  }
}

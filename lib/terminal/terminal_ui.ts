import { sanitized } from "../core/text.ts";
import { type Device, standardDevice } from "./device.ts";
import { type Key, KeyDecoder, type KeyDecoderOptions } from "./keys.ts";
import { Output } from "./output.ts";
import { PromptInput, type PromptInputOptions, type PromptOutput } from "./prompt_input.ts";
import { Screen } from "./screen.ts";
import type { Prompt, Ui, UserInput } from "./ui.ts";

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
// deno-lint-ignore no-control-regex
const colours = /(\x1b\[[0-9;:]*m)/;

class TerminalUi implements Ui {
  readonly #input: UserInput;
  readonly #device: Device;
  readonly #decoder: KeyDecoder;
  readonly #prompts: PromptInput;
  readonly #screen: Screen;
  /** The growing line. */
  readonly #growth = new Screen({ columns: 80, rows: 24 });
  readonly #output: Output;
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
    });
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
    if (this.#closing !== null) return;
    this.#prompts.ask(prompt);
    this.#output.due();
    // Keys that wait for the prompt are worked off after the caller, which may be the receiver itself.
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
        return this.#output.push(this.#screen.entered(output.scene) + "\n");
      case "redraw":
        return this.#output.due();
      case "bell":
        return this.#output.push("\x07");
      case "clear":
        return this.#output.push(this.#growth.clear() + this.#screen.clear());
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

  #compose(pieces: readonly string[]): string {
    const { columns, rows } = this.#device.size();
    // A growing line shares the screen with the one being typed.
    const growthRows = this.#growing === null && !this.#growthDrawn ? 0 : Math.floor(rows / 2);
    this.#growth.resize(columns, growthRows);
    this.#screen.resize(columns, rows - growthRows);
    return this.#erase() + pieces.join("").replaceAll("\n", "\r\n") + this.#draw();
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
    return drawing + this.#screen.draw(scene);
  }

  // The last check of text from others: of all control sequences, only colours pass.
  #fit(line: string): string {
    const parts = line.split(colours);
    if (parts.length === 1) return sanitized(line);
    const fit = parts.map((part, index) => index % 2 === 0 ? sanitized(part) : this.#colour ? part : "").join("");
    return this.#colour ? fit + RESET : fit;
  }
}

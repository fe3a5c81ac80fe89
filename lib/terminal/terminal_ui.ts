import { type Device, standardDevice } from "./device.ts";
import { type Key, KeyDecoder, type KeyDecoderOptions } from "./keys.ts";
import { droppedText, Output } from "./output.ts";
import { PromptInput, type PromptInputOptions, type PromptOutput } from "./prompt_input.ts";
import type { Scene } from "./screen.ts";
import { type Piece, TerminalDrawing } from "./terminal_drawing.ts";
import type { Away, Prompt, ShowOptions, Ui, UserInput } from "./ui.ts";

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

class TerminalUi implements Ui {
  readonly #input: UserInput;
  readonly #device: Device;
  readonly #decoder: KeyDecoder;
  readonly #prompts: PromptInput;
  readonly #drawing: TerminalDrawing;
  readonly #output: Output<Piece>;
  readonly #stops: (() => void)[];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ended = false;
  #restored = false;
  #closing: Promise<void> | null = null;

  constructor(input: UserInput, options: TerminalUiOptions) {
    this.#input = input;
    this.#device = options.device ?? standardDevice();
    this.#drawing = new TerminalDrawing(options.colour ?? !Deno.noColor);
    this.#decoder = new KeyDecoder(options);
    this.#prompts = new PromptInput(options);
    this.#output = new Output({
      sink: this.#device,
      compose: (pieces) => this.#drawing.compose(pieces, this.#prompts.scene, this.#device.size()),
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
    for (const one of this.#drawing.linesOf(line, options)) this.#output.push(one);
  }

  change(id: string, text: string, away: Away): void {
    this.#drawing.change(id, text, away);
    this.#output.due();
  }

  begin(text: string): void {
    this.#drawing.growing = text;
    this.#output.due();
  }

  more(text: string): void {
    if (this.#drawing.growing === null) return;
    this.#drawing.growing += text;
    this.#output.due();
  }

  finish(text: string): void {
    if (this.#drawing.growing === null) return;
    const line = this.#drawing.growing + text;
    this.#drawing.growing = null;
    this.show(line);
  }

  drop(): void {
    if (this.#drawing.growing === null) return;
    this.#drawing.growing = null;
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
    this.#device.writeNow(this.#drawing.erase() + PASTE_OFF);
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
    const text = this.#drawing.entered(scene);
    if (!scene.hidden && this.#input.echoes?.(scene.text) === false) return this.#output.due();
    this.#output.push({ text, whole: true });
  }

  async #suspend(): Promise<void> {
    await this.#output.flushed();
    if (this.#closing !== null) return;
    this.#device.writeNow(this.#drawing.erase() + PASTE_OFF);
    this.#device.setRaw(false);
    if (this.#device.suspend(() => this.#continued())) return;
    this.#continued();
    this.show("cannot be suspended here: started by another program, such as deno task");
  }

  /** Draws everything again after another program has written to the terminal. */
  #continued(): void {
    if (this.#restored) return;
    this.#drawing.forget();
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
}

import { sanitized } from "../core/text.ts";
import type { Prompt, Ui, UserInput } from "./ui.ts";
import { type Device, standardDevice } from "./device.ts";
import { InputLines } from "./input_lines.ts";
import { KeyDecoder } from "./keys.ts";
import { LineEditor } from "./line_editor.ts";
import { droppedText, Output } from "./output.ts";

/** The options of plain standard streams; all have defaults. */
export interface PlainUiOptions {
  readonly plainLineBytes?: number | undefined;
  /** Bound on whole lines that are read ahead while there is no prompt. */
  readonly readAheadBytes?: number | undefined;
  readonly waitingBytes?: number | undefined;
  readonly device?: Device | undefined;
}

/** Opens pipes and files: prompts and lines as they are; each line of the input answers one prompt. */
export function openPlainUi(input: UserInput, options: PlainUiOptions = {}): Ui {
  return new PlainUi(input, options);
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/**
 * 1. A prompt takes one line; other lines wait for the next prompts, and the end of the input comes last.
 * 2. If only the input is a terminal, prompts go to standard error, and a secret is not echoed.
 * 3. If only the output is a terminal, nothing that is shown can control it. Files and pipes get lines as they are.
 * 4. When the output is closed, the interface ends at once.
 */
class PlainUi implements Ui {
  readonly #input: UserInput;
  readonly #device: Device;
  readonly #output: Output;
  readonly #lines: InputLines;
  readonly #lineBytes: number;
  readonly #readAheadBytes: number;
  readonly #stopExit: () => void;
  #prompt: Prompt | null = null;
  #secret: { decoder: KeyDecoder; editor: LineEditor } | null = null;
  #inputEnded = false;
  #ended = false;
  #roomMade: (() => void) | null = null;
  #closing: Promise<void> | null = null;

  constructor(input: UserInput, options: PlainUiOptions) {
    this.#input = input;
    this.#device = options.device ?? standardDevice();
    this.#lineBytes = options.plainLineBytes ?? 65536;
    this.#readAheadBytes = options.readAheadBytes ?? 65536;
    this.#lines = new InputLines(this.#lineBytes);
    this.#output = new Output({
      sink: this.#device,
      compose: (pieces) => pieces.join(""),
      broken: () => this.#end(),
      waitingBytes: options.waitingBytes,
      droppedLine: (count) => `${droppedText(count)}\n`,
    });
    this.#stopExit = this.#device.onExit(() => this.#forgetSecret());
    this.#read();
  }

  show(line: string): void {
    this.#output.push(`${this.#device.outputIsTerminal ? sanitized(line) : line}\n`);
  }

  // A script has no use for a growing line.
  begin(): void {}
  drop(): void {}
  more(): void {}
  change(): void {}
  finish(): void {}

  ask(prompt: Prompt | null): void {
    if (this.#closing !== null) return;
    this.#prompt = prompt;
    if (prompt !== null) {
      if (this.#device.inputIsTerminal) this.#device.complain(prompt.text);
      else this.#output.push(prompt.text);
    }
    // A line that waits already was echoed: hiding comes too late.
    const hides = prompt?.secret === true && this.#device.inputIsTerminal && this.#lines.heldBytes === 0;
    if (!hides) this.#forgetSecret();
    else if (this.#secret === null) this.#hideSecret();
    queueMicrotask(() => this.#deliver());
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#prompt = null;
    this.#forgetSecret();
    await this.#output.flushed();
    this.#stopExit();
    this.#roomMade?.();
    this.#device.closeInput();
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(16384);
    while (this.#closing === null) {
      const length = await this.#device.read(buffer).catch((error) => {
        if (this.#closing === null) this.#device.complain(`cannot read the input: ${error}\n`);
        return null;
      });
      if (this.#closing !== null) return;
      if (length === null) break;
      this.#take(buffer.subarray(0, length));
      this.#deliver();
      if (this.#lines.heldBytes >= this.#readAheadBytes) await new Promise<void>((made) => this.#roomMade = made);
    }
    if (this.#closing !== null) return;
    this.#complainTooLong(this.#lines.end());
    this.#inputEnded = true;
    this.#deliver();
  }

  #take(bytes: Uint8Array): void {
    let taken = 0;
    while (this.#secret !== null && taken < bytes.length) {
      this.#takeSecret(this.#secret, bytes.subarray(taken, taken + 1));
      taken++;
    }
    if (taken < bytes.length) {
      this.#complainTooLong(this.#lines.push(taken === 0 ? bytes : cooked(bytes.subarray(taken))));
    }
  }

  #takeSecret(secret: { decoder: KeyDecoder; editor: LineEditor }, byte: Uint8Array): void {
    for (const key of secret.decoder.push(byte, performance.now())) {
      const action = secret.editor.press(key);
      if (action.kind === "interrupt") this.#input.interrupt();
      if (action.kind === "end") this.#end();
      if (action.kind !== "submit") continue;
      this.#forgetSecret();
      this.#device.complain("\n");
      this.#prompt = null;
      this.#input.line(action.line);
    }
  }

  #hideSecret(): void {
    this.#secret = { decoder: new KeyDecoder(), editor: new LineEditor({ lineBytes: this.#lineBytes }) };
    this.#device.setRaw(true);
  }

  #forgetSecret(): void {
    if (this.#secret === null) return;
    this.#secret = null;
    this.#device.setRaw(false);
  }

  #complainTooLong(numbers: readonly number[]): void {
    for (const number of numbers) {
      this.#device.complain(`line ${number} of the input is longer than ${this.#lineBytes} bytes; it is skipped\n`);
    }
  }

  #deliver(): void {
    // The receiver's `ask` delivers in a microtask, so nothing else takes lines meanwhile.
    while (this.#prompt !== null && !this.#ended) {
      const line = this.#lines.shift();
      if (line === undefined) break;
      this.#prompt = null;
      this.#input.line(line);
    }
    if (this.#lines.heldBytes < this.#readAheadBytes) {
      this.#roomMade?.();
      this.#roomMade = null;
    }
    if (this.#inputEnded && this.#prompt !== null && this.#lines.heldBytes === 0) this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#input.end();
  }
}

// A raw terminal sends "\r" for Enter.
function cooked(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => byte === RETURN ? NEWLINE : byte);
}

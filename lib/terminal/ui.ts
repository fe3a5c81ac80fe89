import { openTerminalUi, type TerminalUiOptions } from "./terminal_ui.ts";
import { openPlainUi, type PlainUiOptions } from "./plain_ui.ts";

/** What a face asks its person for next: the words in front of the line, and whether what is typed stays hidden. */
export interface Prompt {
  readonly text: string;
  readonly secret: boolean;
}

/** What a person does. Each call is one act, in the order it was typed; nothing typed is ever lost. */
export interface UserInput {
  /** A whole line, without its line break; it answers the prompt that stood when it was typed. */
  line(text: string): void;
  /** The input ended (end of the file, Ctrl-D on an empty line). */
  end(): void;
  /** Ctrl-C. */
  interrupt(): void;
  /** Words that could stand where the cursor is, given the line up to there; each replaces the word begun. */
  complete?(before: string): readonly string[] | Promise<readonly string[]>;
}

/** One place where a person (or a script) reads and types. */
export interface Ui {
  /** Shows one line of text. What is being typed stays as it is. */
  show(line: string): void;
  /** Begins a line that grows below those shown until `finish`; only a terminal shows it. One that grows begins anew. */
  begin(text: string): void;
  /** Adds to the line begun. */
  more(text: string): void;
  /** Adds the last words to the line begun, which from now on is a line like those shown. */
  finish(text: string): void;
  /** Takes the line begun away; nothing of it stays. */
  drop(): void;
  /** From now on typed lines answer this prompt; `null` takes no more lines until the next prompt. */
  ask(prompt: Prompt | null): void;
  /** Gives the terminal back as it was, with everything shown. */
  close(): Promise<void>;
}

/** The options of both faces. */
export interface UiOptions extends TerminalUiOptions, PlainUiOptions {}

/**
 * Opens the face that fits standard input and output: a terminal when both are one, plain otherwise.
 *
 * After `close` the program calls `Deno.exit`: on older runtimes a read under way would keep it alive until the next key.
 */
export function openUi(typist: UserInput, options: UiOptions = {}): Ui {
  const interactive = Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
  return interactive ? openTerminalUi(typist, options) : openPlainUi(typist, options);
}

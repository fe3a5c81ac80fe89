/** The text in front of the line being typed, whether the line stays hidden, and what a slash means. */
export interface Prompt {
  readonly text: string;
  readonly secret: boolean;
  /** Where lines that begin with a slash are commands; `escaped` if a second slash makes such a line a text. */
  readonly commands?: "escaped" | "always" | undefined;
}

/** The receiver of what is typed. Calls come in the order of typing, and nothing typed is lost. */
export interface UserInput {
  /** A whole line, without its line break; it answers the prompt under which it was typed. */
  line(text: string): void;
  /** The input ended (end of the file, Ctrl-D on an empty line). */
  end(): void;
  /** Ctrl-C. */
  interrupt(): void;
  /** Whether a typed line stays on the screen as it was typed; at a terminal, and by default, all do. */
  echoes?(line: string): boolean;
  /** A key was pressed; only at a terminal. */
  key?(): void;
  /** Candidates for the word before the cursor, given the line up to there. */
  complete?(before: string): readonly string[] | Promise<readonly string[]>;
}

/** How a line is shown at a terminal. */
export interface ShowOptions {
  /** The name by which `change` finds the line, of which a line break may then be part. */
  readonly id?: string | undefined;
  /** Whether it is broken only where its row ends, as what is to be copied must be. */
  readonly whole?: boolean | undefined;
}

/** Shown when the line to be changed has left the screen: in front of the prompt until the next line is entered, or as a line. */
export interface Away {
  readonly text: string;
  readonly where: "prompt" | "line";
}

/** A place to read and type: a terminal, or pipes and files. */
export interface Ui {
  /** Shows a line. The line being typed stays as it is. */
  show(line: string, options?: ShowOptions): void;
  /** Shows other text in the place of the line `id`. Only terminals change a line. */
  change(id: string, text: string, away: Away): void;
  /** Begins a line that grows, below those shown, until `finish`; a line that grows already starts over. Only terminals show it. */
  begin(text: string): void;
  /** Adds to the growing line. */
  more(text: string): void;
  /** Adds the last text to the growing line, which then is like any other. */
  finish(text: string): void;
  /** Removes the growing line. */
  drop(): void;
  /** The next typed line answers this prompt; with `null` none is taken until the next prompt. */
  ask(prompt: Prompt | null): void;
  /** Restores the terminal, with everything shown. */
  close(): Promise<void>;
}

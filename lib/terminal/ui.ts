/** What a face asks its person for next: the words in front of the line, and whether what is typed stays hidden. */
export interface Prompt {
  readonly text: string;
  readonly secret: boolean;
}

/** What a person does. Each call is one act, in the order it was typed; nothing typed is ever lost. */
export interface Typist {
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
export interface Face {
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

import { Outputs } from "../core/machine.ts";
import { sanitized } from "../core/text.ts";
import type { Key } from "./keys.ts";
import { type EditorAction, History, LineEditor } from "./line_editor.ts";
import type { Scene } from "./screen.ts";
import type { Prompt } from "./ui.ts";

/** A step for the screen or for the receiver of typed lines. */
export type PromptOutput =
  | { readonly type: "show"; readonly line: string }
  /** A line was entered; it stays on the screen. */
  | { readonly type: "enter"; readonly scene: Scene }
  | { readonly type: "redraw" | "bell" | "clear" | "suspend" }
  | { readonly type: "line"; readonly line: string }
  | { readonly type: "end" | "interrupt" }
  /** Is answered by `offer`. */
  | { readonly type: "complete"; readonly before: string };

/** The bounds of what can be typed at a terminal; everything has a default. */
export interface PromptInputOptions {
  readonly lineBytes?: number | undefined;
  readonly historyLines?: number | undefined;
  readonly typedAheadBytes?: number | undefined;
  /** A paste of more lines than this asks first. */
  readonly pasteLines?: number | undefined;
  /** Lines of earlier runs; those typed where there are commands are added. */
  readonly history?: LineStore | undefined;
}

/** Typed lines that outlast a run. */
export interface LineStore {
  /** The oldest first. */
  readonly lines: readonly string[];
  add(line: string): void;
}

/** The question about a paste, and the keys that the paste stands for. */
interface PasteQuestion {
  readonly text: string;
  readonly lines: number;
  readonly keys: readonly Key[];
  /** The keys if lines that begin with a slash run as commands; undefined if that is not offered. */
  readonly withCommands: readonly Key[] | undefined;
}

const LISTED_COMMANDS = 10;
const COMMAND_CHARACTERS = 200;

const ENTER: Key = { kind: "key", name: "enter" };
const ESCAPE: Key = { kind: "key", name: "escape" };
const LISTED_WORDS = 100;

/**
 * The machine between keys and prompts.
 *
 * 1. A line answers one prompt. Keys that come while there is none wait, unseen, for the next one, since it may ask for a
 *    secret; only Ctrl-C takes effect at once.
 * 2. A half-typed line is kept when its prompt goes, and returns with the next one; a half-typed secret is forgotten.
 * 3. Before a paste of many lines, or of several lines with commands among them, the user is asked. The commands are shown, and
 *    are sent as text unless the user chooses to run them.
 * 4. Only lines of the chat are stored, never the answer to another question, such as a password.
 * 5. `takeOutputs` processes keys up to the first that concerns the receiver, since that may change the prompt.
 */
export class PromptInput {
  readonly #outputs = new Outputs<PromptOutput>();
  readonly #typedAheadBytes: number;
  readonly #pasteLines: number;
  readonly #lineBytes: number;
  readonly #editor: LineEditor;
  readonly #store: LineStore | undefined;
  #secret: LineEditor | null = null;
  #prompt: Prompt | null = null;
  #keys: Key[] = [];
  #heldBytes = 0;
  #overflowed = false;
  /** The outputs so far concern the receiver. */
  #paused = false;
  #question: PasteQuestion | null = null;

  constructor(options: PromptInputOptions = {}) {
    this.#lineBytes = options.lineBytes ?? 16384;
    this.#typedAheadBytes = options.typedAheadBytes ?? 65536;
    this.#pasteLines = options.pasteLines ?? 5;
    const history = new History(options.historyLines === undefined ? {} : { limit: options.historyLines });
    for (const line of options.history?.lines ?? []) history.add(line);
    this.#store = options.history;
    this.#editor = new LineEditor({ history, lineBytes: this.#lineBytes });
  }

  /** The bottom of the screen; `null` for nothing. */
  get scene(): Scene | null {
    if (this.#prompt === null) return null;
    if (this.#question !== null) return { prompt: this.#question.text, text: "", cursor: 0 };
    if (this.#secret !== null) return { prompt: this.#prompt.text, text: "", cursor: 0, hidden: true };
    const { text, cursor, searching } = this.#editor;
    return { prompt: searching === null ? this.#prompt.text : `search ${searching}: `, text, cursor };
  }

  ask(prompt: Prompt | null): void {
    const same = prompt !== null && prompt.secret === this.#prompt?.secret && prompt.text === this.#prompt.text;
    if (!same) this.#secret = prompt?.secret ? new LineEditor({ lineBytes: this.#lineBytes }) : null;
    this.#prompt = prompt;
  }

  press(key: Key): void {
    if (this.#prompt === null && key.kind === "key" && key.name === "ctrl-c") return this.#tell({ type: "interrupt" });
    const bytes = weight(key);
    if (this.#heldBytes + bytes > this.#typedAheadBytes && this.#keys.length > 0) {
      this.#outputs.push({ type: "bell" });
      if (!this.#overflowed) this.#show(`more than ${this.#typedAheadBytes} bytes typed ahead; the rest is dropped`);
      this.#overflowed = true;
      return;
    }
    this.#heldBytes += bytes;
    this.#keys.push(key);
  }

  /** Candidates for the word before the cursor. */
  offer(before: string, words: readonly string[]): void {
    if (this.#prompt !== null) this.#apply(this.#editor.offer(before, words), this.#prompt);
  }

  takeOutputs(): readonly PromptOutput[] {
    while (this.#prompt !== null && !this.#paused) {
      const key = this.#keys.shift();
      if (key === undefined) break;
      this.#heldBytes -= weight(key);
      this.#overflowed = false;
      this.#take(key, this.#prompt);
    }
    this.#paused = false;
    return this.#outputs.take();
  }

  #take(key: Key, prompt: Prompt): void {
    if (this.#question !== null) return this.#answer(key, this.#question);
    const editor = this.#secret ?? this.#editor;
    if (key.kind === "paste") return this.#paste(key, editor, prompt);
    const wasSearching = editor.searching !== null;
    const action = editor.press(key);
    if (action.kind === "bell" && key.kind === "text" && key.text.length > 1 && !wasSearching) {
      this.#show(`a line has at most ${this.#lineBytes} bytes; the rest is dropped`);
    }
    // A secret has no candidates.
    this.#apply(action.kind === "complete" && prompt.secret ? editor.offer(action.before, []) : action, prompt);
  }

  #apply(action: EditorAction, prompt: Prompt): void {
    switch (action.kind) {
      case "nothing":
        return;
      case "redraw":
        return this.#outputs.push({ type: "redraw" });
      case "bell":
        this.#outputs.push({ type: "redraw" });
        return this.#outputs.push({ type: "bell" });
      case "submit": {
        const scene = { prompt: prompt.text, text: action.line, cursor: 0, hidden: prompt.secret };
        this.#outputs.push({ type: "enter", scene });
        // A name, or another answer before the chat, is not a line of the chat.
        if (prompt.commands !== undefined && action.line.trim() !== "") this.#store?.add(action.line);
        this.#prompt = this.#secret = null;
        return this.#tell({ type: "line", line: action.line });
      }
      case "end":
      case "interrupt":
        return this.#tell({ type: action.kind });
      case "suspend":
        return this.#outputs.push({ type: "suspend" });
      case "clear-screen":
        return this.#outputs.push({ type: "clear" });
      case "complete":
        return this.#tell({ type: "complete", before: action.before });
      case "list": {
        const more = action.words.length - LISTED_WORDS;
        const listed = action.words.slice(0, LISTED_WORDS).join("  ");
        return this.#show(more > 0 ? `${listed}  and ${more} more` : listed);
      }
    }
  }

  #tell(output: PromptOutput): void {
    this.#outputs.push(output);
    this.#paused = true;
  }

  #show(line: string): void {
    this.#outputs.push({ type: "show", line });
  }

  #paste(paste: { text: string; cut: boolean }, editor: LineEditor, { commands }: Prompt): void {
    if (paste.cut) return this.#show("paste dropped: too long");
    const lines = paste.text.split(/\r\n|[\r\n]/);
    const last = lines.pop() ?? "";
    const count = lines.length + (last === "" ? 0 : 1);
    if (editor.searching !== null) editor.press(ESCAPE);
    const isCommand = (line: string, i: number) =>
      commands !== undefined && line.startsWith("/") && (i > 0 || editor.text === "") &&
      !(commands === "escaped" && line.startsWith("//"));
    const found = lines.filter(isCommand);
    const keysOf = (lines: readonly string[]): Key[] => [
      ...lines.flatMap((line): Key[] => [{ kind: "text", text: line }, ENTER]),
      ...(last === "" ? [] : [{ kind: "text", text: last } as const]),
    ];
    const isChoice = commands === "escaped" && found.length > 0 && count > 1;
    const keys = keysOf(isChoice ? lines.map((line, i) => isCommand(line, i) ? `/${line}` : line) : lines);
    if (!isChoice && count <= this.#pasteLines) this.#putFirst(keys);
    else {
      this.#showCommands(found);
      const text = isChoice ? `send ${count} lines as text? [y/N, r: run] ` : `send ${count} lines? [y/N] `;
      this.#question = { text, lines: count, keys, withCommands: isChoice ? keysOf(lines) : undefined };
    }
    this.#outputs.push({ type: "redraw" });
  }

  #showCommands(lines: readonly string[]): void {
    if (lines.length === 0) return;
    this.#show(`pasted lines that begin with "/":`);
    for (const line of lines.slice(0, LISTED_COMMANDS)) {
      this.#show(`  ${sanitized(line.slice(0, COMMAND_CHARACTERS))}${line.length > COMMAND_CHARACTERS ? "…" : ""}`);
    }
    if (lines.length > LISTED_COMMANDS) this.#show(`  and ${lines.length - LISTED_COMMANDS} more`);
  }

  #answer(key: Key, question: PasteQuestion): void {
    this.#question = null;
    const [first = "", ...rest] = key.kind === "text" ? key.text : "";
    if (rest.length > 0) this.#putFirst([{ kind: "text", text: rest.join("") }]);
    const answer = first.toLowerCase();
    if (answer === "y") this.#putFirst(question.keys);
    else if (answer === "r" && question.withCommands) this.#putFirst(question.withCommands);
    else this.#show(`paste dropped: ${question.lines} lines`);
    this.#outputs.push({ type: "redraw" });
  }

  #putFirst(keys: readonly Key[]): void {
    this.#keys = [...keys, ...this.#keys];
    for (const key of keys) this.#heldBytes += weight(key);
  }
}

function weight(key: Key): number {
  return key.kind === "key" ? 8 : 8 + key.text.length;
}

import type { Prompt, UserInput } from "./ui.ts";
import { History } from "./history.ts";
import type { Key } from "./keys.ts";
import { type Action, LineEditor } from "./line_editor.ts";
import type { Scene } from "./screen.ts";

/** What a conversation can make visible or heard. */
export interface Stage {
  show(line: string): void;
  /** The line was entered and stays on the screen. */
  enter(scene: Scene): void;
  /** `scene` has changed. */
  redraw(): void;
  bell(): void;
  clear(): void;
}

/** The bounds of what a person can type at a terminal. */
export interface PromptInputOptions {
  readonly lineBytes?: number | undefined;
  readonly historyLines?: number | undefined;
  readonly typedAheadBytes?: number | undefined;
  /** A paste of more lines than this asks first. */
  readonly pasteLines?: number | undefined;
}

const ENTER: Key = { kind: "key", name: "enter" };
const ESCAPE: Key = { kind: "key", name: "escape" };
const LISTED_WORDS = 100;

/**
 * Keys against prompts.
 *
 * 1. A line answers one prompt; keys that come while none stands wait, unseen, for the next one, since it may ask for
 *    a secret. Only Ctrl-C waits for nothing.
 * 2. A line half typed is kept when its prompt goes, and returns with the next one; a secret half typed is forgotten.
 * 3. The typist is never called from within `ask`.
 */
export class PromptInput {
  readonly #typist: UserInput;
  readonly #stage: Stage;
  readonly #typedAheadBytes: number;
  readonly #pasteLines: number;
  readonly #lineBytes: number;
  readonly #editor: LineEditor;
  #secret: LineEditor | null = null;
  #prompt: Prompt | null = null;
  #keys: Key[] = [];
  #heldBytes = 0;
  #overflowed = false;
  #working = false;
  #question: { lines: number; keys: readonly Key[] } | null = null;

  constructor(typist: UserInput, stage: Stage, options: PromptInputOptions = {}) {
    this.#typist = typist;
    this.#stage = stage;
    this.#lineBytes = options.lineBytes ?? 16384;
    this.#typedAheadBytes = options.typedAheadBytes ?? 65536;
    this.#pasteLines = options.pasteLines ?? 5;
    const history = new History(options.historyLines === undefined ? {} : { limit: options.historyLines });
    this.#editor = new LineEditor({ history, lineBytes: this.#lineBytes });
  }

  /** What stands at the bottom of the screen now; `null` for nothing. */
  get scene(): Scene | null {
    if (this.#prompt === null) return null;
    if (this.#question !== null) return { prompt: `send ${this.#question.lines} lines? [y/N] `, text: "", cursor: 0 };
    if (this.#secret !== null) return { prompt: this.#prompt.text, text: "", cursor: 0, hidden: true };
    const { text, cursor, searching } = this.#editor;
    return { prompt: searching === null ? this.#prompt.text : `search ${searching}: `, text, cursor };
  }

  ask(prompt: Prompt | null): void {
    const same = prompt !== null && prompt.secret === this.#prompt?.secret && prompt.text === this.#prompt.text;
    if (!same) this.#secret = prompt?.secret ? new LineEditor({ lineBytes: this.#lineBytes }) : null;
    this.#prompt = prompt;
    this.#stage.redraw();
    if (this.#keys.length > 0) queueMicrotask(() => this.#work());
  }

  press(keys: readonly Key[]): void {
    for (const key of keys) {
      if (this.#prompt === null && key.kind === "key" && key.name === "ctrl-c") this.#typist.interrupt();
      else this.#hold(key);
      this.#work();
    }
  }

  #hold(key: Key): void {
    const bytes = weight(key);
    if (this.#heldBytes + bytes > this.#typedAheadBytes && this.#keys.length > 0) {
      this.#stage.bell();
      if (!this.#overflowed) {
        this.#stage.show(`typed ahead more than ${this.#typedAheadBytes} bytes; the rest is dropped`);
      }
      this.#overflowed = true;
      return;
    }
    this.#heldBytes += bytes;
    this.#keys.push(key);
  }

  #work(): void {
    if (this.#working) return;
    this.#working = true;
    try {
      while (this.#prompt !== null) {
        const key = this.#keys.shift();
        if (key === undefined) break;
        this.#heldBytes -= weight(key);
        this.#overflowed = false;
        this.#take(key, this.#prompt);
      }
    } finally {
      this.#working = false;
    }
  }

  #take(key: Key, prompt: Prompt): void {
    if (this.#question !== null) return this.#answer(key, this.#question);
    const editor = this.#secret ?? this.#editor;
    if (key.kind === "paste") return this.#paste(key, editor);
    const wasSearching = editor.searching !== null;
    const action = editor.press(key);
    if (action.kind === "bell" && key.kind === "text" && key.text.length > 1 && !wasSearching) {
      this.#stage.show(`a line holds at most ${this.#lineBytes} bytes; the rest is dropped`);
    }
    this.#act(action, prompt, editor);
  }

  #act(action: Action, prompt: Prompt, editor: LineEditor): void {
    switch (action.kind) {
      case "nothing":
        return;
      case "redraw":
        return this.#stage.redraw();
      case "bell":
        this.#stage.redraw();
        return this.#stage.bell();
      case "submit":
        this.#stage.enter({ prompt: prompt.text, text: action.line, cursor: 0, hidden: prompt.secret });
        this.#prompt = this.#secret = null;
        return this.#typist.line(action.line);
      case "end":
        return this.#typist.end();
      case "interrupt":
        return this.#typist.interrupt();
      case "clear-screen":
        return this.#stage.clear();
      case "complete":
        return this.#complete(action.before, prompt, editor);
      case "list": {
        const more = action.words.length - LISTED_WORDS;
        const listed = action.words.slice(0, LISTED_WORDS).join("  ");
        return this.#stage.show(more > 0 ? `${listed}  and ${more} more` : listed);
      }
    }
  }

  #complete(before: string, prompt: Prompt, editor: LineEditor): void {
    const words = prompt.secret ? [] : this.#typist.complete?.(before) ?? [];
    const offer = (words: readonly string[]) => this.#act(editor.offer(before, words), prompt, editor);
    if (words instanceof Promise) words.then(offer);
    else offer(words);
  }

  #paste(paste: { text: string; cut: boolean }, editor: LineEditor): void {
    if (paste.cut) return this.#stage.show("paste dropped: it is too long");
    const lines = paste.text.split(/\r\n|[\r\n]/);
    const last = lines.pop() ?? "";
    const keys: Key[] = [];
    for (const line of lines) keys.push({ kind: "text", text: line }, ENTER);
    if (last !== "") keys.push({ kind: "text", text: last });
    const count = lines.length + (last === "" ? 0 : 1);
    if (editor.searching !== null) editor.press(ESCAPE);
    if (count > this.#pasteLines) this.#question = { lines: count, keys };
    else this.#putFirst(keys);
    this.#stage.redraw();
  }

  #answer(key: Key, question: { lines: number; keys: readonly Key[] }): void {
    this.#question = null;
    const [first = "", ...rest] = key.kind === "text" ? key.text : "";
    if (rest.length > 0) this.#putFirst([{ kind: "text", text: rest.join("") }]);
    if (first.toLowerCase() === "y") this.#putFirst(question.keys);
    else this.#stage.show(`paste dropped: ${question.lines} lines`);
    this.#stage.redraw();
  }

  #putFirst(keys: readonly Key[]): void {
    this.#keys = [...keys, ...this.#keys];
    for (const key of keys) this.#heldBytes += weight(key);
  }
}

function weight(key: Key): number {
  return key.kind === "key" ? 8 : 8 + key.text.length;
}

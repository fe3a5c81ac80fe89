import { EditBuffer, type Place } from "./edit_buffer.ts";
import type { Key } from "./keys.ts";

/** The result of a key; after `redraw` and `bell` the line may look different. */
export type EditorAction =
  | { readonly kind: "nothing" | "redraw" | "bell" | "end" | "interrupt" | "suspend" | "clear-screen" }
  | { readonly kind: "submit"; readonly line: string }
  | { readonly kind: "complete"; readonly before: string }
  | { readonly kind: "list"; readonly words: readonly string[] };

const motions: Readonly<Record<string, Place>> = {
  "left": "left",
  "ctrl-b": "left",
  "right": "right",
  "ctrl-f": "right",
  "home": "begin",
  "ctrl-home": "begin",
  "ctrl-a": "begin",
  "end": "end",
  "ctrl-end": "end",
  "ctrl-e": "end",
  "ctrl-left": "word-left",
  "alt-left": "word-left",
  "alt-b": "word-left",
  "ctrl-right": "word-right",
  "alt-right": "word-right",
  "alt-f": "word-right",
};

const deletions: Readonly<Record<string, { place: Place; kept: boolean }>> = {
  "backspace": { place: "left", kept: false },
  "delete": { place: "right", kept: false },
  "ctrl-d": { place: "right", kept: false },
  "ctrl-u": { place: "begin", kept: true },
  "ctrl-k": { place: "end", kept: true },
  "ctrl-w": { place: "blank-left", kept: true },
  "alt-backspace": { place: "word-left", kept: true },
  "alt-d": { place: "word-right", kept: true },
  "ctrl-delete": { place: "word-right", kept: true },
};

const NOTHING: EditorAction = { kind: "nothing" };
const REDRAW: EditorAction = { kind: "redraw" };
const BELL: EditorAction = { kind: "bell" };

/** One line being typed, key by key. Without a history it remembers nothing, as a secret requires. */
export class LineEditor {
  readonly #buffer: EditBuffer;
  readonly #history: History | null;
  #recalled: number | null = null;
  #draft = "";
  #killed = "";
  #previousKey = "";
  #tabs = 0;
  #search: { words: string; found: number; text: string } | null = null;

  constructor(options: { history?: History | null; lineBytes?: number } = {}) {
    this.#history = options.history ?? null;
    this.#buffer = new EditBuffer(options.lineBytes ?? 16384);
  }

  get text(): string {
    return this.#buffer.text;
  }

  get cursor(): number {
    return this.#buffer.cursor;
  }

  /** The text that Ctrl-R searches for; null when it does not. */
  get searching(): string | null {
    return this.#search?.words ?? null;
  }

  /** Takes one key; a `paste` counts as text without its line breaks. */
  press(key: Key): EditorAction {
    const name = key.kind === "key" ? key.name : "text";
    if (this.#search !== null) {
      const action = this.#pressSearching(key, this.#search);
      if (action !== null) return action;
    }
    this.#tabs = name === "tab" ? this.#tabs + 1 : 0;
    const action = key.kind === "key" ? this.#pressNamed(name) : this.#insert(key.text);
    this.#previousKey = name;
    return action;
  }

  /** Takes candidates for the last word of `before`; if the line has changed since, they have no effect. */
  offer(before: string, words: readonly string[]): EditorAction {
    if (before !== this.#buffer.before) return NOTHING;
    const [first] = words;
    if (first === undefined) return BELL;
    const begun = begunWord(before, first);
    if (words.length === 1) {
      const ending = first.endsWith("/") || this.#buffer.after.startsWith(" ") ? "" : " ";
      return this.#buffer.replaceBefore(begun.length, first + ending) ? REDRAW : BELL;
    }
    const common = commonBeginning(words);
    if (common.length > begun.length) return this.#buffer.replaceBefore(begun.length, common) ? REDRAW : BELL;
    return this.#tabs > 1 ? { kind: "list", words } : BELL;
  }

  #pressNamed(name: string): EditorAction {
    if (name === "ctrl-d" && this.#buffer.text === "") return { kind: "end" };
    const motion = motions[name];
    if (motion !== undefined) {
      this.#buffer.moveTo(motion);
      return REDRAW;
    }
    const deletion = deletions[name];
    if (deletion !== undefined) return this.#delete(name, deletion.place, deletion.kept);
    switch (name) {
      case "enter":
        return this.#submit();
      case "tab":
        return { kind: "complete", before: this.#buffer.before };
      case "ctrl-c":
        return { kind: "interrupt" };
      case "ctrl-z":
        return { kind: "suspend" };
      case "ctrl-l":
        return { kind: "clear-screen" };
      case "ctrl-y":
        return this.#insert(this.#killed);
      case "up":
      case "ctrl-p":
        return this.#recall(-1);
      case "down":
      case "ctrl-n":
        return this.#recall(1);
      case "ctrl-r":
        if (this.#history === null) return NOTHING;
        this.#search = { words: "", found: this.#history.length, text: this.#buffer.text };
        return REDRAW;
    }
    return NOTHING;
  }

  #insert(text: string): EditorAction {
    return this.#buffer.insert(text.replace(/\r\n|[\r\n]/g, "")) ? REDRAW : BELL;
  }

  #delete(name: string, place: Place, kept: boolean): EditorAction {
    const begin = this.#buffer.cursor;
    const removed = this.#buffer.deleteTo(place);
    if (kept && removed !== "") {
      // Ctrl-Y restores consecutive deletions together.
      const more = this.#previousKey === name ? this.#killed : "";
      this.#killed = this.#buffer.cursor < begin ? removed + more : more + removed;
    }
    return REDRAW;
  }

  #submit(): EditorAction {
    const line = this.#buffer.text;
    this.#history?.add(line);
    this.#buffer.set("");
    this.#recalled = null;
    return { kind: "submit", line };
  }

  #recall(step: -1 | 1): EditorAction {
    const history = this.#history;
    if (history === null) return NOTHING;
    const from = this.#recalled ?? history.length;
    const to = from + step;
    if (to < 0 || to > history.length) return BELL;
    if (from === history.length) this.#draft = this.#buffer.text;
    this.#recalled = to === history.length ? null : to;
    this.#buffer.set(history.at(to) ?? this.#draft);
    return REDRAW;
  }

  /** `null`: the search is over, and the key applies to the line found. */
  #pressSearching(key: Key, search: { words: string; found: number; text: string }): EditorAction | null {
    const name = key.kind === "key" ? key.name : "";
    if (name === "escape" || name === "ctrl-g" || name === "ctrl-c") {
      this.#buffer.set(search.text);
      this.#search = null;
      return REDRAW;
    }
    if (key.kind === "key" && name !== "ctrl-r" && name !== "backspace") {
      this.#search = null;
      return null;
    }
    let before = name === "ctrl-r" ? search.found : this.#history!.length;
    if (key.kind !== "key") {
      search.words = (search.words + key.text).slice(0, 256);
      before = search.found + 1;
    }
    if (name === "backspace") search.words = [...search.words].slice(0, -1).join("");
    const found = this.#history!.find(search.words, before);
    if (found < 0) return BELL;
    search.found = found;
    if (this.#recalled === null) this.#draft = search.text;
    this.#recalled = found;
    this.#buffer.set(this.#history!.at(found) ?? "");
    return REDRAW;
  }
}

/** Earlier lines, oldest first: at most `limit`, none empty, none twice in a row. */
export class History {
  readonly limit: number;
  #lines: string[] = [];

  constructor(options: { limit?: number } = {}) {
    this.limit = options.limit ?? 1000;
  }

  get length(): number {
    return this.#lines.length;
  }

  add(line: string): void {
    if (line.trim() === "" || line === this.#lines.at(-1)) return;
    this.#lines.push(line);
    if (this.#lines.length > this.limit) this.#lines.shift();
  }

  at(index: number): string | undefined {
    return this.#lines[index];
  }

  /** The index of the newest line before `before` that contains `words`, or -1. */
  find(words: string, before: number): number {
    for (let index = Math.min(before, this.#lines.length) - 1; index >= 0; index--) {
      if (this.#lines[index]!.includes(words)) return index;
    }
    return -1;
  }
}

/** The end of the typed text that a candidate completes: a word, or several where the candidate has blanks. */
function begunWord(before: string, candidate: string): string {
  const starts = [0, ...Array.from(before.matchAll(/\s/gu), ({ index }) => index + 1)];
  const start = starts.find((at) => candidate.startsWith(before.slice(at)));
  if (start !== undefined) return before.slice(start);
  return /\S*$/u.exec(before)?.[0] ?? "";
}

function commonBeginning(words: readonly string[]): string {
  let common = [...(words[0] ?? "")];
  for (const word of words) {
    const characters = [...word];
    const differs = common.findIndex((character, index) => character !== characters[index]);
    if (differs >= 0) common = common.slice(0, differs);
  }
  return common.join("");
}

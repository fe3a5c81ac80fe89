import { graphemeAt } from "./width.ts";

const encoder = new TextEncoder();
// Control characters, lone surrogates, line separators, and marks that change the direction of the text.
const unfit = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
const ofWord = /[\p{L}\p{M}\p{N}_]/u;
const notBlank = /\S/u;

/** A line being typed, with a cursor that is never inside a grapheme cluster. */
export class EditBuffer {
  #text = "";
  #cursor = 0;

  /** The line has at most `lineBytes` bytes of UTF-8. */
  constructor(readonly lineBytes: number) {}

  get text(): string {
    return this.#text;
  }

  get cursor(): number {
    return this.#cursor;
  }

  get before(): string {
    return this.#text.slice(0, this.#cursor);
  }

  get after(): string {
    return this.#text.slice(this.#cursor);
  }

  /** Replaces the line by the text, cleaned and cut to the bound, with the cursor at its end. */
  set(text: string): void {
    this.#text = "";
    this.#cursor = 0;
    this.insert(text);
  }

  /** Inserts the text, cleaned, at the cursor; returns whether all of it fitted. */
  insert(text: string): boolean {
    const fit = text.replaceAll("\t", " ").replace(unfit, "");
    const free = this.lineBytes - encoder.encode(this.#text).length;
    let taken = fit;
    if (encoder.encode(fit).length > free) {
      // `read` counts UTF-16 units and stops before the first character that does not fit.
      taken = fit.slice(0, encoder.encodeInto(fit, new Uint8Array(Math.max(0, free))).read);
    }
    this.#text = this.before + taken + this.after;
    this.#cursor += taken.length;
    // The inserted text can form a cluster with the text after it.
    const joined = graphemeAt(this.#text, this.#cursor);
    if (joined.begin !== this.#cursor) this.#cursor = joined.end;
    return taken.length === fit.length;
  }

  /** Replaces the last `length` units before the cursor; returns whether the words fitted. */
  replaceBefore(length: number, words: string): boolean {
    this.#cut(this.#cursor - length, this.#cursor);
    return this.insert(words);
  }

  moveTo(place: Place): void {
    this.#cursor = this.#find(place);
  }

  /** Removes and returns the text between the cursor and the place. */
  deleteTo(place: Place): string {
    const other = this.#find(place);
    return this.#cut(Math.min(other, this.#cursor), Math.max(other, this.#cursor));
  }

  #cut(begin: number, end: number): string {
    const removed = this.#text.slice(begin, end);
    this.#text = this.#text.slice(0, begin) + this.#text.slice(end);
    this.#cursor = begin;
    // The texts on both sides can form one cluster.
    const joined = graphemeAt(this.#text, begin);
    if (joined.begin !== begin) this.#cursor = joined.end;
    return removed;
  }

  #find(place: Place): number {
    switch (place) {
      case "begin":
        return 0;
      case "end":
        return this.#text.length;
      case "left":
        return this.#cursor === 0 ? 0 : graphemeAt(this.#text, this.#cursor - 1).begin;
      case "right":
        return graphemeAt(this.#text, this.#cursor).end;
      case "word-left":
        return graphemeAt(this.#text, this.#cursor - wordLength([...this.before].reverse(), ofWord)).begin;
      case "blank-left":
        return graphemeAt(this.#text, this.#cursor - wordLength([...this.before].reverse(), notBlank)).begin;
      case "word-right": {
        const to = this.#cursor + wordLength([...this.after], ofWord);
        const cluster = graphemeAt(this.#text, to);
        return cluster.begin === to ? to : cluster.end;
      }
    }
  }
}

// The length of the gap between words and of one word after it.
function wordLength(characters: readonly string[], word: RegExp): number {
  let index = 0;
  while (index < characters.length && !word.test(characters[index]!)) index++;
  while (index < characters.length && word.test(characters[index]!)) index++;
  return characters.slice(0, index).join("").length;
}

/** A position in a line, relative to the cursor. */
export type Place = "begin" | "end" | "left" | "right" | "word-left" | "word-right" | "blank-left";

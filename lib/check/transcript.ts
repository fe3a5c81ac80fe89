import { concat } from "@std/bytes/concat";
import { visibleBytes } from "../core/wire_text.ts";

/** What went over a wire, or happened, in one run of a script. */
export interface Seen {
  /** Milliseconds since the script began. */
  readonly at: number;
  readonly who: string;
  readonly link: string;
  /** From the check to the program, from the program to the check, or something that happened. */
  readonly way: "out" | "in" | "event";
  readonly bytes: Uint8Array;
  /** How many bytes more there were, which are not kept. */
  readonly more?: number;
  /** The script's step that was under way. */
  readonly step: number;
}

type Entry = { -readonly [Key in keyof Seen]-?: Seen[Key] };

const LF = 10;
/** A program that floods its output is held by its beginning. */
const MAX_ENTRIES = 400;
const MAX_ENTRY_BYTES = 4096;

/**
 * Everything that was seen.
 *
 * 1. What the program says is kept line by line: a line that arrives in parts is one entry, unless the check has said something
 *    between them.
 * 2. What the check sends is kept write by write: two lines in one write are one entry, a line in two writes is two.
 */
export class Transcript {
  readonly #entries: Entry[] = [];
  /** The entry of each link whose line has not ended, and how much was sent before it. */
  readonly #open = new Map<string, { readonly entry: Entry; readonly sent: number }>();
  #sent = 0;
  #dropped = 0;

  get entries(): readonly Seen[] {
    return this.#entries;
  }

  /** What the programs have written on their screens. */
  get screens(): string {
    const shown = this.#entries.filter(({ link }) => link === "screen");
    return new TextDecoder().decode(concat(shown.map(({ bytes }) => bytes)));
  }

  /** How many entries were left out. */
  get dropped(): number {
    return this.#dropped;
  }

  add(at: number, name: string, way: Seen["way"], bytes: Uint8Array, step: number, isDatagram = false): void {
    const [who, link] = splitLink(name);
    const begin = (): Entry => this.#push({ at, who, link, way, bytes: new Uint8Array(0), more: 0, step });
    if (way === "out") this.#sent++;
    if (isDatagram || way !== "in") return append(begin(), bytes);
    let rest = bytes;
    while (rest.length > 0) {
      const end = rest.indexOf(LF) + 1;
      const part = end > 0 ? rest.subarray(0, end) : rest;
      rest = rest.subarray(part.length);
      const open = this.#open.get(name);
      const entry = open?.sent === this.#sent ? open.entry : begin();
      append(entry, part);
      if (end > 0) this.#open.delete(name);
      else this.#open.set(name, { entry, sent: this.#sent });
    }
  }

  #push(entry: Entry): Entry {
    if (this.#entries.length < MAX_ENTRIES) this.#entries.push(entry);
    else this.#dropped++;
    return entry;
  }
}

function append(entry: Entry, part: Uint8Array): void {
  const kept = part.subarray(0, MAX_ENTRY_BYTES - entry.bytes.length);
  entry.bytes = concat([entry.bytes, kept]);
  entry.more += part.length - kept.length;
}

/** What a story shows of an entry: its text with everything that a reader would not see, and how much more there was. */
export function seenText({ bytes, more = 0 }: Seen, most: number): string {
  const text = [...visibleBytes(bytes)];
  if (more === 0 && text.length <= most) return text.join("");
  return `${text.slice(0, most - 1).join("")}… (${bytes.length + more} bytes in all)`;
}

/** `jacky La` as the person and the link. */
function splitLink(name: string): [who: string, link: string] {
  const space = name.indexOf(" ");
  return space < 0 ? [name, ""] : [name.slice(0, space), name.slice(space + 1)];
}

import { concat } from "@std/bytes/concat";

/** What went over a wire, or happened, in one run of a script. */
export interface Seen {
  /** Milliseconds since the script began. */
  readonly at: number;
  readonly who: string;
  readonly link: string;
  /** From the check to the program, from the program to the check, or something that happened. */
  readonly way: "out" | "in" | "event";
  readonly bytes: Uint8Array;
  /** The script's step that was under way. */
  readonly step: number;
}

type Entry = { -readonly [Key in keyof Seen]: Seen[Key] };

const LF = 10;
/** A program that floods its output is held by its beginning. */
const MAX_ENTRIES = 400;
const MAX_ENTRY_BYTES = 4096;

/** Everything that was seen, line by line: a line that arrives in parts is one entry. */
export class Transcript {
  readonly #entries: Entry[] = [];
  /** The entry of each link whose line has not ended. */
  readonly #open = new Map<string, Entry>();
  #dropped = 0;

  get entries(): readonly Seen[] {
    return this.#entries;
  }

  /** How many entries were left out. */
  get dropped(): number {
    return this.#dropped;
  }

  add(at: number, name: string, way: Seen["way"], bytes: Uint8Array, step: number, isDatagram = false): void {
    const [who, link] = splitLink(name);
    if (isDatagram || way === "event") {
      return this.#push({ at, who, link, way, bytes: bytes.slice(0, MAX_ENTRY_BYTES), step });
    }
    let rest = bytes;
    while (rest.length > 0) {
      const end = rest.indexOf(LF) + 1;
      const part = end > 0 ? rest.subarray(0, end) : rest;
      rest = rest.subarray(part.length);
      const key = `${name} ${way}`;
      const open = this.#open.get(key);
      if (open) open.bytes = concat([open.bytes, part]).subarray(0, MAX_ENTRY_BYTES);
      const entry = open ?? { at, who, link, way, bytes: part.slice(0, MAX_ENTRY_BYTES), step };
      if (!open) this.#push(entry);
      if (end > 0) this.#open.delete(key);
      else this.#open.set(key, entry);
    }
  }

  #push(entry: Entry): void {
    if (this.#entries.length < MAX_ENTRIES) this.#entries.push(entry);
    else this.#dropped++;
  }
}

/** `jacky La` as the person and the link. */
export function splitLink(name: string): [who: string, link: string] {
  const space = name.indexOf(" ");
  return space < 0 ? [name, ""] : [name.slice(0, space), name.slice(space + 1)];
}

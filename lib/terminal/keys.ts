/** Input from a terminal: text, a named key (`enter`, `ctrl-a`, `alt-left`), or a whole paste. */
export type Key =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "key"; readonly name: string }
  | { readonly kind: "paste"; readonly text: string; readonly cut: boolean };

const ESC = 0x1b;
const RETURN = 0x0d;
const NEWLINE = 0x0a;
const BELL = 0x07;
const SEQUENCE_BYTES = 32;
const PASTE_END = [ESC, 0x5b, 0x32, 0x30, 0x31, 0x7e];

/** The options of a `KeyDecoder`; everything has a default. */
export interface KeyDecoderOptions {
  readonly pasteBytes?: number | undefined;
  /** After this long a silence an unfinished escape sequence is the ESC key. */
  readonly escapeMs?: number | undefined;
  /** After this long a silence an unfinished paste is complete. */
  readonly pasteMs?: number | undefined;
}

/**
 * Turns a terminal's bytes, however they are cut or joined, into keys.
 *
 * 1. An unknown sequence is dropped whole; none of its characters becomes text.
 * 2. A control character inside a sequence ends it and counts as typed, so Ctrl-C always works outside a paste.
 * 3. It holds at most `pasteBytes`; the rest of a paste is dropped, and `cut` says so.
 * 4. Once `wakeAt` has come, `tick` ends what is unfinished.
 */
export class KeyDecoder {
  readonly #pasteBytes: number;
  readonly #escapeMs: number;
  readonly #pasteMs: number;
  #pushedAt = 0;
  #state: "text" | "escape" | "sequence" | "skip" | "string" | "string-escape" | "paste" = "text";
  #text = new TextDecoder("utf-8", { ignoreBOM: true });
  #run: number[] = [];
  #keys: Key[] = [];
  #sequence = "";
  #skipBytes = 0;
  #afterReturn = false;
  #paste: number[] = [];
  #pasteMatched = 0;
  #pasteCut = false;

  constructor(options: KeyDecoderOptions = {}) {
    this.#pasteBytes = options.pasteBytes ?? 65536;
    this.#escapeMs = options.escapeMs ?? 100;
    this.#pasteMs = options.pasteMs ?? 5000;
  }

  /** The time for `tick`; Infinity while nothing is unfinished. */
  get wakeAt(): number {
    if (this.#state === "text") return Infinity;
    return this.#pushedAt + (this.#state === "paste" ? this.#pasteMs : this.#escapeMs);
  }

  push(bytes: Uint8Array, now: number): Key[] {
    this.#pushedAt = now;
    for (const byte of bytes) this.#take(byte);
    this.#endRun(true);
    return this.#takeKeys();
  }

  tick(now: number): Key[] {
    return now < this.wakeAt ? [] : this.flush();
  }

  /** Ends what is unfinished: a lone ESC becomes `escape`, a sequence nothing, a paste what it has so far. */
  flush(): Key[] {
    if (this.#state === "escape") this.#press("escape");
    if (this.#state === "paste") this.#endPaste();
    this.#state = "text";
    this.#endRun(false);
    return this.#takeKeys();
  }

  #takeKeys(): Key[] {
    const keys = this.#keys;
    this.#keys = [];
    return keys;
  }

  #take(byte: number): void {
    switch (this.#state) {
      case "text":
        return this.#takeText(byte);
      case "escape":
        return this.#takeAfterEscape(byte);
      case "sequence":
        return this.#takeSequence(byte);
      case "skip":
        if (byte < 0x20 || --this.#skipBytes === 0) this.#state = "text";
        return byte < 0x20 ? this.#takeText(byte) : undefined;
      case "string":
        return this.#takeString(byte);
      case "string-escape":
        this.#state = "text";
        if (byte === 0x5c) return;
        this.#state = "escape";
        return this.#takeAfterEscape(byte);
      case "paste":
        return this.#takePaste(byte);
    }
  }

  #takeText(byte: number): void {
    const afterReturn = this.#afterReturn;
    this.#afterReturn = byte === RETURN;
    if (byte >= 0x20 && byte !== 0x7f) {
      this.#run.push(byte);
      return;
    }
    this.#endRun(false);
    if (byte === ESC) this.#state = "escape";
    else if (byte === RETURN || (byte === NEWLINE && !afterReturn)) this.#press("enter");
    else if (byte === 0x7f || byte === 0x08) this.#press("backspace");
    else if (byte === 0x09) this.#press("tab");
    else if (byte >= 1 && byte <= 26 && byte !== NEWLINE) this.#press(`ctrl-${String.fromCharCode(byte + 0x60)}`);
  }

  #takeAfterEscape(byte: number): void {
    this.#state = "text";
    this.#sequence = "";
    if (byte === 0x5b || byte === 0x4f) { // "[" and "O"
      this.#sequence = String.fromCharCode(byte);
      this.#state = "sequence";
    } else if (byte === 0x5d || byte === 0x50 || byte === 0x58 || byte === 0x5e || byte === 0x5f) { // ] P X ^ _
      this.#state = "string";
    } else if (byte === 0x7f || byte === 0x08) {
      this.#press("alt-backspace");
    } else if (byte >= 0x20 && byte < 0x7f) {
      this.#press(`alt-${String.fromCharCode(byte).toLowerCase()}`);
    } else {
      this.#press("escape");
      this.#takeText(byte);
    }
  }

  #takeSequence(byte: number): void {
    if (byte < 0x20 || byte >= 0x7f) {
      this.#state = "text";
      this.#takeText(byte);
    } else if (this.#sequence === "[" && byte === 0x5b) { // the Linux console's F1 to F5: ESC [ [ A
      this.#state = "skip";
      this.#skipBytes = 1;
    } else if (this.#sequence === "[" && byte === 0x4d) { // an old mouse report: ESC [ M and three bytes
      this.#state = "skip";
      this.#skipBytes = 3;
    } else if (byte < 0x40) {
      // Beyond the bound only its end matters: no known sequence is that long.
      if (this.#sequence.length < SEQUENCE_BYTES) this.#sequence += String.fromCharCode(byte);
    } else {
      this.#state = "text";
      const name = sequenceName(this.#sequence + String.fromCharCode(byte));
      if (name === "paste") this.#state = "paste";
      else if (name !== undefined) this.#press(name);
    }
  }

  // Control strings, such as window titles, end with BEL or ESC \.
  #takeString(byte: number): void {
    if (byte === ESC) this.#state = "string-escape";
    else if (byte < 0x20) {
      this.#state = "text";
      if (byte !== BELL) this.#takeText(byte);
    }
  }

  #takePaste(byte: number): void {
    if (byte === PASTE_END[this.#pasteMatched]) {
      if (++this.#pasteMatched < PASTE_END.length) return;
      this.#pasteMatched = 0;
      this.#endPaste();
      return;
    }
    for (const held of PASTE_END.slice(0, this.#pasteMatched)) this.#keepPasted(held);
    this.#pasteMatched = byte === ESC ? 1 : 0;
    if (byte !== ESC) this.#keepPasted(byte);
  }

  #keepPasted(byte: number): void {
    if (this.#paste.length < this.#pasteBytes) this.#paste.push(byte);
    else this.#pasteCut = true;
  }

  #endPaste(): void {
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(this.#paste));
    this.#keys.push({ kind: "paste", text, cut: this.#pasteCut });
    this.#paste = [];
    this.#pasteMatched = 0;
    this.#pasteCut = false;
    this.#state = "text";
    this.#afterReturn = false;
  }

  #press(name: string): void {
    this.#keys.push({ kind: "key", name });
  }

  // A character that two reads share waits in the decoder, unless something else comes in between.
  #endRun(more: boolean): void {
    const text = this.#text.decode(Uint8Array.from(this.#run), { stream: more });
    this.#run = [];
    if (text !== "") this.#keys.push({ kind: "text", text });
  }
}

const byLetter: Readonly<Record<string, string>> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  H: "home",
  F: "end",
  Z: "backtab",
};

const byNumber: Readonly<Record<string, string>> = {
  1: "home",
  2: "insert",
  3: "delete",
  4: "end",
  5: "page-up",
  6: "page-down",
  7: "home",
  8: "end",
};

/**
 * The key of an escape sequence, given without its ESC (`[1;5D`, `OH`): `ctrl-left`, `home`; `paste` where a bracketed
 * paste begins; `undefined` for any other sequence.
 */
export function sequenceName(sequence: string): string | undefined {
  if (sequence === "[200~") return "paste";
  if (sequence === "OM") return "enter";
  const parts = /^([[O])(\d*)(?:;(\d+))?([A-Za-z~^])$/.exec(sequence);
  if (parts === null) return undefined;
  const [, opening, number = "", second, last = ""] = parts;
  if (last === "~" || last === "^") {
    return opening === "[" ? modified(byNumber[number], last === "^" ? "5" : second) : undefined;
  }
  // Older terminals: small letters for arrows, with Ctrl after "O", with Shift after "[".
  if (/[a-d]/.test(last)) return modified(byLetter[last.toUpperCase()], opening === "O" ? "5" : "2");
  // In "O5D" and "[5D" the only number is the modifier.
  return modified(byLetter[last], second ?? number);
}

// The modifier is one more than the sum of Shift 1, Alt 2, Ctrl 4; Shift alone means the plain key here.
function modified(name: string | undefined, modifier: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const bits = Math.max(0, Number(modifier || "1") - 1);
  if (bits & 4) return `ctrl-${name}`;
  return bits & 2 ? `alt-${name}` : name;
}

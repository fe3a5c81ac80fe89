/** What came from a terminal: text, a named key (`enter`, `ctrl-a`, `alt-left`), or everything pasted at once. */
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

/**
 * Turns a terminal's bytes, however they are cut or joined, into keys.
 *
 * 1. A sequence it does not know is swallowed whole; none of its characters becomes text.
 * 2. A control character inside a sequence ends it and counts as typed, so Ctrl-C always works outside a paste.
 * 3. It holds at most `pasteBytes`; what a paste has beyond them is dropped, and `cut` says so.
 */
export class KeyDecoder {
  readonly pasteBytes: number;
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

  constructor(options: { pasteBytes?: number } = {}) {
    this.pasteBytes = options.pasteBytes ?? 65536;
  }

  /** What the decoder needs more bytes for; after some silence `flush` ends it. */
  get waiting(): "nothing" | "sequence" | "paste" {
    return this.#state === "text" ? "nothing" : this.#state === "paste" ? "paste" : "sequence";
  }

  push(bytes: Uint8Array): Key[] {
    for (const byte of bytes) this.#take(byte);
    this.#endRun(true);
    return this.#taken();
  }

  /** Ends what is unfinished: a lone ESC becomes `escape`, a begun sequence nothing, a begun paste what it has so far. */
  flush(): Key[] {
    if (this.#state === "escape") this.#press("escape");
    if (this.#state === "paste") this.#endPaste();
    this.#state = "text";
    this.#endRun(false);
    return this.#taken();
  }

  #taken(): Key[] {
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

  // Answers to questions nobody asked, such as window titles: up to BEL or ESC \.
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
    if (this.#paste.length < this.pasteBytes) this.#paste.push(byte);
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

  // A character cut between two reads waits in the decoder, as long as nothing else comes in between.
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
 * paste begins; `undefined` for a sequence that is no key of ours.
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
  // "O5D" and "[5D" say the modifier in the only number they have.
  return modified(byLetter[last], second ?? number);
}

// The modifier is one more than the sum of Shift 1, Alt 2, Ctrl 4; Shift alone means the plain key here.
function modified(name: string | undefined, modifier: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const bits = Math.max(0, Number(modifier || "1") - 1);
  if (bits & 4) return `ctrl-${name}`;
  return bits & 2 ? `alt-${name}` : name;
}

import type { Outputs } from "../../core/machine.ts";
import { safeName } from "../../core/file_names.ts";
import { decodeLossy, encodeText, formatBytes } from "../../core/text.ts";
import { PieceReader } from "./piece_reader.ts";
import { FILE, FILE_WITH_NAME, nameOfPiece, RECV_BYTES, sizeOfPiece } from "./wire.ts";

/** What a client of the rooms handout wants done. */
export type RoomsClientOutput =
  | { readonly type: "write"; readonly bytes: Uint8Array }
  /** Show a line of the server, or about a file. */
  | { readonly type: "line"; readonly line: string }
  /** Show an answer to what was typed. */
  | { readonly type: "note"; readonly line: string }
  /** Open a file to send; `opened` or `notOpened` is the answer. */
  | { readonly type: "open"; readonly path: string }
  /** Read some bytes of the file that was opened; `fileRead` is the answer. */
  | { readonly type: "read"; readonly at: number; readonly count: number }
  | { readonly type: "closeFile" }
  /** File `n` begins to arrive, and its bytes. */
  | { readonly type: "receive"; readonly n: number; readonly name: string }
  | { readonly type: "keep"; readonly n: number; readonly bytes: Uint8Array }
  /** File `n` is whole and accepted: give it its name; `saved` is the answer. Or remove what has arrived. */
  | { readonly type: "save" | "drop"; readonly n: number }
  /** Send what was written, then our FIN; reading goes on. */
  | { readonly type: "finish" }
  /** The end, with the exit status of the program. Nothing follows. */
  | { readonly type: "ended"; readonly status: number; readonly why?: string | undefined };

interface Offered {
  readonly n: number;
  readonly name: string;
  readonly from: string;
  readonly bytes: number;
  left: number;
  decision: "open" | "accepted" | "refused";
}

type Receiving =
  | { readonly type: "text" }
  | { readonly type: "fileName" }
  | { readonly type: "size"; readonly name: string }
  | { readonly type: "from"; readonly name: string; readonly bytes: number }
  | { readonly type: "data"; readonly file: Offered }
  /** Nothing can be told apart until a long silence, or until a short one after `left` more bytes. */
  | { readonly type: "lost"; readonly left: number };

/** A server pauses for 100 ms between pieces. */
const QUIET_MS = 50;
/** The longest piece; what is longer comes as several. */
const PIECE_BYTES = 64 * 1024;
/** The longest name of a sender: more is the name and the first bytes of the file. */
const NAME_BYTES = 64;
/** After this time without bytes, a file is lost; so much silence also ends one whose parts cannot be told apart. */
const STALL_MS = 10_000;
const LOST_MS = 1000;

/** What the server sends: lines, and files, which are kept while they arrive and saved once the user has accepted them. */
export class RoomsClientInput {
  readonly #outputs: Outputs<RoomsClientOutput>;
  readonly #autoAccept: boolean;
  readonly #reader = new PieceReader(QUIET_MS, PIECE_BYTES);
  readonly #files = new Map<number, Offered>();
  #receiving: Receiving = { type: "text" };
  #heardAt = 0;
  #last = 0;

  /** With `autoAccept` files are saved without being asked about. */
  constructor(outputs: Outputs<RoomsClientOutput>, autoAccept: boolean) {
    this.#outputs = outputs;
    this.#autoAccept = autoAccept;
  }

  get wakeAt(): number {
    return Math.min(this.#reader.quietAt, this.lostAt);
  }

  get isReceivingFile(): boolean {
    return this.#receiving.type === "data";
  }

  receive(bytes: Uint8Array, now: number): void {
    this.read(now);
    this.#heardAt = now;
    if (this.#receiving.type !== "data") this.#reader.push(bytes, now);
    else this.#data(this.#receiving.file, bytes, now);
  }

  /** Nothing more comes. */
  finish(now: number): void {
    this.#reader.finish();
    this.read(now);
    this.giveUp();
  }

  read(now: number): void {
    for (let piece; this.#receiving.type !== "data" && (piece = this.#reader.next(now)) !== undefined;) {
      this.#piece(piece, now);
    }
  }

  #piece(bytes: Uint8Array, now: number): void {
    const state = this.#receiving;
    const text = decodeLossy(bytes);
    switch (state.type) {
      case "text":
        // Two pieces may have come as one, while this machine was busy.
        if (text === FILE || text.startsWith(FILE_WITH_NAME)) {
          this.#receiving = { type: "fileName" };
          if (text !== FILE) this.#piece(bytes.subarray(FILE.length), now);
        } else for (const line of text.split(/\r?\n/)) if (line !== "") this.#line(line);
        return;
      case "fileName":
        this.#receiving = bytes.length > RECV_BYTES
          ? { type: "lost", left: Infinity }
          : { type: "size", name: safeName(nameOfPiece(text.trim())) };
        return;
      case "size": {
        const [digits = ""] = /^\d+(?=\D)/.exec(text.trim()) ?? [];
        const size = sizeOfPiece(digits || text);
        if (size === undefined) {
          const found = JSON.stringify(text.slice(0, 40));
          return this.#lose(state.name, Infinity, `its size should be a number, found ${found}`);
        }
        this.#receiving = { type: "from", name: state.name, bytes: size };
        if (digits !== "") this.#piece(encodeText(text.trim().slice(digits.length)), now);
        return;
      }
      case "from":
        if (bytes.length <= NAME_BYTES) return this.#begin(state.name, state.bytes, text.trim(), now);
        this.#lose(state.name, state.bytes + 1, "the server does not separate its bytes from its sender's name");
        return this.#passOver(bytes.length);
      case "lost":
        return this.#passOver(bytes.length);
    }
  }

  #begin(name: string, bytes: number, from: string, now: number): void {
    const file: Offered = { n: ++this.#last, name, from, bytes, left: bytes, decision: "open" };
    if (this.#autoAccept) file.decision = "accepted";
    this.#files.set(file.n, file);
    this.#outputs.push({ type: "receive", n: file.n, name });
    this.#line(`file ${file.n} from ${from}: ${name} (${formatBytes(bytes)})`);
    this.#receiving = { type: "data", file };
    this.#data(file, new Uint8Array(0), now);
  }

  #data(file: Offered, bytes: Uint8Array, now: number): void {
    const part = bytes.subarray(0, file.left);
    file.left -= part.length;
    if (part.length > 0 && file.decision !== "refused") {
      this.#outputs.push({ type: "keep", n: file.n, bytes: part.slice() });
    }
    if (file.left > 0) return;
    this.#receiving = { type: "text" };
    if (file.decision === "accepted") this.#outputs.push({ type: "save", n: file.n });
    const rest = bytes.subarray(part.length);
    if (rest.length > 0) this.#reader.push(rest, now);
  }

  /** The user decides about a file. */
  decide(given: string, decision: "accepted" | "refused"): void {
    const file = this.#files.get(Number(given));
    if (!file) {
      return this.#note(`there is no file ${given.trim() || "without a number"}; a file is announced with its number`);
    }
    if (file.decision !== "open") return this.#note(`${file.name} is ${file.decision} already`);
    file.decision = decision;
    if (decision === "refused") {
      this.#outputs.push({ type: "drop", n: file.n });
      this.#files.delete(file.n);
    } else if (file.left === 0) this.#outputs.push({ type: "save", n: file.n });
  }

  /** When what is arriving is lost, if nothing more comes. */
  get lostAt(): number {
    if (this.#receiving.type === "text") return Infinity;
    return this.#heardAt + (this.#receiving.type === "lost" ? LOST_MS : STALL_MS);
  }

  /** `left`: the bytes of the file, and at least one of a name that cannot be told from them. */
  #lose(name: string, left: number, why: string): void {
    this.#receiving = { type: "lost", left };
    this.#line(`${name} failed: ${why}`);
  }

  /** A piece of a lost file has come. With the last one, the server has paused, and says something else next. */
  #passOver(bytes: number): void {
    if (this.#receiving.type !== "lost") return;
    const left = this.#receiving.left - bytes;
    this.#receiving = left <= 0 && bytes < PIECE_BYTES ? { type: "text" } : { type: "lost", left };
  }

  /** What was arriving does not arrive any more. */
  giveUp(): void {
    if (this.#receiving.type === "data") {
      const { n, left, bytes, decision } = this.#receiving.file;
      if (decision !== "refused") this.#outputs.push({ type: "drop", n });
      this.#files.delete(n);
      this.#line(`file ${n} failed: ${bytes - left} of ${bytes} bytes have come`);
    }
    this.#receiving = { type: "text" };
  }

  /** File `n` has its name, or why not. */
  saved(n: number, result: { readonly path: string } | { readonly why: string }): void {
    const file = this.#files.get(n);
    if (!file) return;
    this.#files.delete(n);
    if ("path" in result) this.#line(`${file.from}: ${file.name} Received`);
    else this.#line(`file ${n} failed: ${result.why}`);
  }

  #line(line: string): void {
    this.#outputs.push({ type: "line", line });
  }

  #note(line: string): void {
    this.#outputs.push({ type: "note", line });
  }
}

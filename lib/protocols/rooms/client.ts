import { type Machine, Outputs } from "../../core/machine.ts";
import { decodeLossy, encodeText, formatBytes, oneLine } from "../../core/text.ts";
import { safeName } from "../../core/file_names.ts";
import type { Ending } from "../../core/transport.ts";
import { PieceReader } from "./piece_reader.ts";
import { type OutgoingFile, PieceWriter } from "./piece_writer.ts";
import { FILE, fileHeaders, nameOfPiece, RECV_BYTES, sizeOfPiece } from "./wire.ts";

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

export interface RoomsClientOptions {
  readonly name: string;
  readonly room: string;
  /** Whether files are saved without being asked about. */
  readonly autoAccept: boolean;
  /** Whether a file is sent once the user, who has been shown it, confirms. */
  readonly confirms: boolean;
}

interface Chosen extends OutgoingFile {
  readonly name: string;
}

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
  /** Nothing can be told apart until there is silence. */
  | { readonly type: "lost" };

/** A server pauses for 100 ms between pieces. We pause for longer, since a busy server joins what comes close together. */
const QUIET_MS = 50;
const PAUSE_MS = 200;
const WINDOW_BYTES = 256 * 1024;
/** The longest name of a sender: more is the name and the first bytes of the file. */
const NAME_BYTES = 64;
/** A file whose bytes stop coming for so long is lost, and so is one whose parts cannot be told apart, until so much silence. */
const STALL_MS = 10_000;
const LOST_MS = 1000;

/** The rooms handout's client. It shows whatever the server sends, and sends what is typed; files are kept once they are accepted. */
export class RoomsClient implements Machine<RoomsClientOutput> {
  readonly #options: RoomsClientOptions;
  readonly #outputs = new Outputs<RoomsClientOutput>();
  readonly #reader = new PieceReader(QUIET_MS, 64 * 1024);
  readonly #writer = new PieceWriter<Chosen>(PAUSE_MS, WINDOW_BYTES, false);
  readonly #files = new Map<number, Offered>();
  #receiving: Receiving = { type: "text" };
  #heardAt = 0;
  #last = 0;
  /** The file that is opened, is shown and waits to be confirmed, or is sent. */
  #chosen: { readonly file: Chosen; confirmed: boolean } | "opening" | undefined;
  /** Whether bytes of it are being read. */
  #reading = false;
  #finishing: "no" | "wanted" | "done" = "no";
  #ended = false;

  constructor(options: RoomsClientOptions) {
    this.#options = options;
    for (const piece of [options.name, options.room]) this.#writer.text(encodeText(piece));
  }

  get wakeAt(): number {
    if (this.#ended) return Infinity;
    const writeAt = this.#reading ? Infinity : this.#writer.wakeAt;
    return Math.min(this.#reader.quietAt, writeAt, this.#lostAt);
  }

  takeOutputs(): readonly RoomsClientOutput[] {
    return this.#outputs.take();
  }

  receive(bytes: Uint8Array, now: number): void {
    if (this.#ended) return;
    this.#read(now);
    this.#heardAt = now;
    if (this.#receiving.type !== "data") this.#reader.push(bytes, now);
    else this.#data(this.#receiving.file, bytes, now);
  }

  /** `waiting` bytes were written and not yet taken by the server. */
  tick(now: number, waiting = 0): void {
    if (this.#ended) return;
    this.#read(now);
    if (now >= this.#lostAt) this.#giveUp();
    this.#write(now, waiting);
  }

  closed(ending: Ending, now: number): void {
    if (this.#ended) return;
    this.#reader.finish();
    this.#read(now);
    this.#giveUp();
    const lost = ending === "broken" && this.#finishing !== "done";
    this.#end(lost ? 1 : 0, lost ? "the connection is lost" : undefined);
  }

  /** The user has typed a line. */
  typed(line: string): void {
    if (this.#ended || this.#finishing !== "no") return;
    if (typeof this.#chosen === "object" && !this.#chosen.confirmed) {
      if (line.trim() === "") return this.#confirm();
      this.#note(`${this.#chosen.file.name} is not sent`);
      this.#forgetChosen();
    }
    const [, verb = "", rest = ""] = /^(\/\w+)(?:\s+(.*))?$/.exec(line) ?? [];
    switch (verb) {
      case "/send":
        return this.#choose(rest.trim());
      case "/accept":
        return this.#decide(rest, "accepted");
      case "/refuse":
        return this.#decide(rest, "refused");
      case "/help":
        for (const each of HELP) this.#note(each);
        return;
      case "/exit":
        return this.inputEnded();
    }
    // Other words with a slash are for the server.
    if (line.trim() !== "") this.#writer.text(encodeText(`${oneLine(line)}\n`));
  }

  /** Nothing more will be typed; what is being sent is sent. */
  inputEnded(): void {
    if (this.#finishing === "no") this.#finishing = "wanted";
    this.#writer.wakeAt = Math.min(this.#writer.wakeAt, 0);
  }

  opened(path: string, bytes: number): void {
    if (this.#chosen !== "opening") return;
    const name = safeName(path.replace(/^.*[/\\]/, ""));
    this.#chosen = { file: { name, bytes, headers: fileHeaders(name, bytes) }, confirmed: false };
    if (!this.#options.confirms) return this.#confirm();
    this.#note(`${name} (${formatBytes(bytes)}): Enter sends it, any other line does not`);
  }

  notOpened(why: string): void {
    this.#chosen = undefined;
    this.#note(why);
  }

  fileRead(bytes: Uint8Array, now: number, waiting: number): void {
    this.#reading = false;
    if (this.#ended) return;
    this.#outputs.push({ type: "write", bytes });
    this.#writer.wrote(bytes.length);
    this.#write(now, waiting + bytes.length);
  }

  /** The file that is sent cannot be read on; the server waits for all its bytes, so nothing else can be said. */
  notRead(why: string): void {
    this.#end(1, why);
  }

  /** File `n` has its name, or why not. */
  saved(n: number, result: { readonly path: string } | { readonly why: string }): void {
    const file = this.#files.get(n);
    if (!file) return;
    this.#files.delete(n);
    if ("path" in result) this.#line(`${file.from}: ${file.name} Received`);
    else this.#line(`file ${n} failed: ${result.why}`);
  }

  // Sending.

  #choose(path: string): void {
    if (path === "") return this.#note("FILE is missing; usage: /send FILE, for example: /send slides.pdf");
    if (this.#chosen !== undefined) return this.#note("another file is being sent; send this one after it");
    this.#chosen = "opening";
    this.#outputs.push({ type: "open", path });
  }

  #confirm(): void {
    if (typeof this.#chosen !== "object") return;
    this.#chosen.confirmed = true;
    this.#writer.file(this.#chosen.file);
  }

  #forgetChosen(): void {
    this.#chosen = undefined;
    this.#outputs.push({ type: "closeFile" });
  }

  #write(now: number, waiting: number): void {
    let held = waiting;
    while (!this.#reading) {
      const step = this.#writer.next(now, held);
      if (!step) break;
      if (step.type === "piece") {
        this.#outputs.push({ type: "write", bytes: step.bytes });
        held += step.bytes.length;
      } else if (step.type === "data") {
        this.#reading = true;
        this.#outputs.push({ type: "read", at: step.at, count: step.count });
      } else {
        this.#forgetChosen();
        this.#line(`You: ${step.file.name} Sent`);
      }
    }
    if (this.#finishing !== "wanted" || this.#chosen !== undefined || !this.#writer.isIdle(now)) return;
    this.#finishing = "done";
    this.#outputs.push({ type: "finish" });
  }

  // Receiving.

  #read(now: number): void {
    for (let piece; this.#receiving.type !== "data" && (piece = this.#reader.next(now)) !== undefined;) {
      this.#piece(piece, now);
    }
  }

  #piece(bytes: Uint8Array, now: number): void {
    const state = this.#receiving;
    const text = decodeLossy(bytes);
    switch (state.type) {
      case "text":
        if (text === FILE) this.#receiving = { type: "fileName" };
        else for (const line of text.split(/\r?\n/)) if (line !== "") this.#line(line);
        return;
      case "fileName":
        this.#receiving = bytes.length > RECV_BYTES
          ? { type: "lost" }
          : { type: "size", name: safeName(nameOfPiece(text.trim())) };
        return;
      case "size": {
        const size = sizeOfPiece(text);
        if (size !== undefined) this.#receiving = { type: "from", name: state.name, bytes: size };
        else this.#lose(state.name, `its size should be a number, found ${JSON.stringify(text.slice(0, 40))}`);
        return;
      }
      case "from":
        if (bytes.length <= NAME_BYTES) return this.#begin(state.name, state.bytes, text.trim(), now);
        return this.#lose(state.name, "the server does not part its bytes from its sender's name");
    }
  }

  #begin(name: string, bytes: number, from: string, now: number): void {
    const file: Offered = { n: ++this.#last, name, from, bytes, left: bytes, decision: "open" };
    if (this.#options.autoAccept) file.decision = "accepted";
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

  #decide(given: string, decision: "accepted" | "refused"): void {
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

  get #lostAt(): number {
    if (this.#receiving.type === "text") return Infinity;
    return this.#heardAt + (this.#receiving.type === "lost" ? LOST_MS : STALL_MS);
  }

  #lose(name: string, why: string): void {
    this.#receiving = { type: "lost" };
    this.#line(`${name} failed: ${why}`);
  }

  /** What was arriving does not arrive any more. */
  #giveUp(): void {
    if (this.#receiving.type === "data") {
      const { n, left, bytes, decision } = this.#receiving.file;
      if (decision !== "refused") this.#outputs.push({ type: "drop", n });
      this.#files.delete(n);
      this.#line(`file ${n} failed: ${bytes - left} of ${bytes} bytes have come`);
    }
    this.#receiving = { type: "text" };
  }

  #line(line: string): void {
    this.#outputs.push({ type: "line", line });
  }

  #note(line: string): void {
    this.#outputs.push({ type: "note", line });
  }

  #end(status: number, why?: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#outputs.push({ type: "ended", status, why });
  }
}

const HELP = [
  "TEXT          send it to the other members of the room",
  "/send FILE    send a file to the room; it is shown first, and Enter sends it",
  "/accept N     save a file that has been announced",
  "/refuse N     do not save it",
  "/exit         leave",
  "Other words with a slash go to the server as they are.",
];

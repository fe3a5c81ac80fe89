import { type Machine, Outputs } from "../../core/machine.ts";
import { encodeText, formatBytes, oneLine } from "../../core/text.ts";
import { safeName } from "../../core/file_names.ts";
import type { Ending } from "../../core/transport.ts";
import { RoomsClientInput, type RoomsClientOutput } from "./client_input.ts";
import { type OutgoingFile, PieceWriter } from "./piece_writer.ts";
import { fileHeaders } from "./wire.ts";

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

/** Between pieces; for longer than the server's 100 ms, since a busy server joins what comes close together. */
const PAUSE_MS = 200;
const WINDOW_BYTES = 256 * 1024;
/** How long the server has to end, too, once this side has sent everything; the handout's own may never do. */
const FAREWELL_MS = 600;

/** The rooms handout's client. It shows whatever the server sends, and sends what is typed; files are kept once they are accepted. */
export class RoomsClient implements Machine<RoomsClientOutput> {
  readonly #options: RoomsClientOptions;
  readonly #outputs = new Outputs<RoomsClientOutput>();
  readonly #input: RoomsClientInput;
  readonly #writer = new PieceWriter<Chosen>(PAUSE_MS, WINDOW_BYTES, false);
  /** The file that is opened, is shown and waits to be confirmed, or is sent. */
  #chosen: { readonly file: Chosen; confirmed: boolean } | "opening" | undefined;
  /** Whether bytes of it are being read. */
  #reading = false;
  #finishing: "no" | "wanted" | "done" = "no";
  /** When to end without the server's end, but for a file that is arriving. */
  #endAt = Infinity;
  #ended = false;

  constructor(options: RoomsClientOptions) {
    this.#options = options;
    this.#input = new RoomsClientInput(this.#outputs, options.autoAccept);
    for (const piece of [options.name, options.room]) this.#writer.text(encodeText(piece));
  }

  get wakeAt(): number {
    if (this.#ended) return Infinity;
    const writeAt = this.#reading ? Infinity : this.#writer.wakeAt;
    const endAt = this.#input.isReceivingFile ? Infinity : this.#endAt;
    return Math.min(this.#input.wakeAt, writeAt, endAt);
  }

  takeOutputs(): readonly RoomsClientOutput[] {
    return this.#outputs.take();
  }

  receive(bytes: Uint8Array, now: number): void {
    if (!this.#ended) this.#input.receive(bytes, now);
  }

  /** `waiting` bytes were written and not yet taken by the server. */
  tick(now: number, waiting = 0): void {
    if (this.#ended) return;
    this.#input.read(now);
    if (now >= this.#input.lostAt) this.#input.giveUp();
    if (now >= this.#endAt && !this.#input.isReceivingFile) return this.#end(0);
    this.#write(now, waiting);
  }

  closed(ending: Ending, now: number): void {
    if (this.#ended) return;
    this.#input.finish(now);
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
        return this.#input.decide(rest, "accepted");
      case "/refuse":
        return this.#input.decide(rest, "refused");
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
    this.#input.saved(n, result);
  }

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
    this.#endAt = now + FAREWELL_MS;
    this.#outputs.push({ type: "finish" });
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

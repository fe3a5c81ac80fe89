import { REPLY_BYTES } from "../../core/limits.ts";
import { Fault } from "../../core/errors.ts";
import { LineDecoder } from "../../core/line_decoder.ts";
import { decodeLossy, encodeText, oneLine } from "../../core/text.ts";

/** What a lobby client can have done. */
export interface LobbyClientWay {
  write(bytes: Uint8Array): void;
  /** Shows a line that has come. */
  show(line: string): void;
  /** Shows what was said here. */
  own(text: string): void;
  /** Lets what was written go out, then our end; what comes meanwhile is still read. */
  finish(): void;
  /** It is over, with the status of the program. Called once. */
  ended(status: number, why?: string): void;
}

/** Of silence, after which a text without a line break is shown: some servers send none. */
const QUIET_MS = 100;

/**
 * The lobby handout's client: what comes is shown as it comes, what is typed is sent a line at a time. It ends when either side
 * does.
 */
export class LobbyClient {
  readonly #lines = new LineDecoder(REPLY_BYTES, decodeLossy);
  #quietAt = Infinity;
  #finished = false;
  #over = false;

  constructor(readonly way: LobbyClientWay) {}

  get wakeAt(): number {
    return this.#quietAt;
  }

  /** Bytes of the server. */
  push(bytes: Uint8Array, now: number): void {
    this.#lines.push(bytes);
    for (let line = this.#lines.next(); line !== undefined; line = this.#lines.next()) {
      if (line instanceof Fault) return this.#end(1, line.message);
      this.way.show(line);
    }
    this.#quietAt = this.#lines.heldBytes > 0 ? now + QUIET_MS : Infinity;
  }

  tick(now: number): void {
    if (now >= this.#quietAt) this.#showRest();
  }

  /** The server has ended, or is gone. */
  closed(broken: boolean): void {
    this.#showRest();
    const lost = broken && !this.#finished;
    this.#end(lost ? 1 : 0, lost ? "the connection is lost" : undefined);
  }

  /** A line was typed. */
  typed(line: string): void {
    if (this.#finished || line === "") return;
    if (line === "/exit") return this.inputEnded();
    const text = oneLine(line);
    this.way.write(encodeText(`${text}\n`));
    this.way.own(text);
  }

  /** Nothing more will be typed. */
  inputEnded(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.way.finish();
  }

  #showRest(): void {
    this.#quietAt = Infinity;
    const rest = decodeLossy(this.#lines.takeBytes());
    if (rest !== "") this.way.show(rest);
  }

  #end(status: number, why?: string): void {
    if (this.#over) return;
    this.#over = true;
    this.way.ended(status, why);
  }
}

import { Fault } from "../../core/errors.ts";
import { REPLY_BYTES } from "../../core/limits.ts";
import { LineDecoder } from "../../core/line_decoder.ts";
import { type Machine, Outputs } from "../../core/machine.ts";
import { decodeLossy, encodeText, oneLine } from "../../core/text.ts";
import type { Ending } from "../../core/transport.ts";

/** What a lobby client wants done. */
export type LobbyClientOutput =
  | { readonly type: "write"; readonly bytes: Uint8Array }
  /** Show a line that has arrived. */
  | { readonly type: "line"; readonly line: string }
  /** Show a text that this user has sent. */
  | { readonly type: "own"; readonly text: string }
  /** Send what was written, then our FIN; reading goes on. */
  | { readonly type: "finish" }
  /** The end, with the exit status of the program. Nothing follows. */
  | { readonly type: "ended"; readonly status: number; readonly why?: string | undefined };

/** Silence after which a text without a line break is shown: some servers send none. */
const QUIET_MS = 100;

/** How long the server has to end, too, once this side has sent everything. The handout's own server never does. */
const FAREWELL_MS = 600;

/** The lobby handout's client: shows what arrives, and sends typed lines. It ends when either side does. */
export class LobbyClient implements Machine<LobbyClientOutput> {
  readonly #outputs = new Outputs<LobbyClientOutput>();
  readonly #lines = new LineDecoder(REPLY_BYTES, decodeLossy);
  #quietAt = Infinity;
  /** When to end without the server's end. */
  #endAt = Infinity;
  #finished = false;
  #ended = false;

  get wakeAt(): number {
    return this.#ended ? Infinity : Math.min(this.#quietAt, this.#endAt);
  }

  takeOutputs(): readonly LobbyClientOutput[] {
    return this.#outputs.take();
  }

  receive(bytes: Uint8Array, now: number): void {
    this.#lines.push(bytes);
    for (let line = this.#lines.next(); line !== undefined; line = this.#lines.next()) {
      if (line instanceof Fault) return this.#end(1, line.message);
      this.#outputs.push({ type: "line", line });
    }
    this.#quietAt = this.#lines.heldBytes > 0 ? now + QUIET_MS : Infinity;
  }

  tick(now: number): void {
    if (now >= this.#quietAt) this.#showRest();
    if (now < this.#endAt) return;
    this.#showRest();
    this.#end(0);
  }

  /** The server's side has ended. */
  closed(ending: Ending): void {
    this.#showRest();
    const lost = ending === "broken" && !this.#finished;
    this.#end(lost ? 1 : 0, lost ? "the connection is lost" : undefined);
  }

  /** The connection cannot go on. */
  failed(why: string): void {
    this.#showRest();
    this.#end(1, why);
  }

  /** The user has typed a line. */
  typed(line: string, now: number): void {
    if (this.#finished || line === "") return;
    if (line === "/exit") return this.inputEnded(now);
    const text = oneLine(line);
    this.#outputs.push({ type: "write", bytes: encodeText(`${text}\n`) });
    this.#outputs.push({ type: "own", text });
  }

  /** Nothing more will be typed. */
  inputEnded(now: number): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#endAt = now + FAREWELL_MS;
    this.#outputs.push({ type: "finish" });
  }

  #showRest(): void {
    this.#quietAt = Infinity;
    const line = decodeLossy(this.#lines.takeBytes());
    if (line !== "") this.#outputs.push({ type: "line", line });
  }

  #end(status: number, why?: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#outputs.push({ type: "ended", status, why });
  }
}

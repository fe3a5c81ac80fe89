import type { Fault } from "./errors.ts";
import type { Limits } from "./limits.ts";
import { LineDecoder } from "./line_decoder.ts";
import { RateLimiter } from "./limiters.ts";
import type { RateShare } from "./shared_rate.ts";

/** The lines of one peer, read at a limited rate, and at most `turnLines` a turn. Lines beyond a limit wait; none is lost. */
export class PacedLines {
  readonly #limits: Limits;
  readonly #decoder: LineDecoder;
  readonly #rate: RateLimiter;
  readonly #share: RateShare | undefined;
  #takenInTurn = 0;
  /** When `next` returns a line that it holds back now; Infinity when it holds back none. */
  readyAt = Infinity;

  /** `share`: this peer's share of a rate for all peers of its kind. */
  constructor(limits: Limits, now: number, decode?: ConstructorParameters<typeof LineDecoder>[1], share?: RateShare) {
    this.#limits = limits;
    this.#decoder = new LineDecoder(limits.lineBytes, decode);
    this.#rate = new RateLimiter(limits.burstCommands, limits.commandsPerSecond, now);
    this.#share = share;
  }

  /** Bytes that were pushed and not returned yet. */
  get heldBytes(): number {
    return this.#decoder.heldBytes;
  }

  /** Whether to push more: the peer has less than one line of the greatest length waiting. */
  get hungry(): boolean {
    return this.#decoder.heldBytes <= this.#limits.lineBytes;
  }

  push(bytes: Uint8Array): void {
    this.#decoder.push(bytes);
  }

  beginTurn(): void {
    this.#takenInTurn = 0;
  }

  /** The next line. Undefined when none is complete, or when it must wait until `readyAt`. */
  next(now: number): string | Fault | undefined {
    this.readyAt = Infinity;
    if (this.#decoder.hasLine) {
      if (this.#takenInTurn >= this.#limits.turnLines) this.readyAt = now;
      else if (!this.#rate.take(now)) this.readyAt = this.#rate.readyAt(now);
      else if (this.#share && !this.#share.take(now)) {
        this.#rate.giveBack();
        this.readyAt = this.#share.readyAt(now);
      }
      if (this.readyAt !== Infinity) return undefined;
    }
    const line = this.#decoder.next();
    if (line !== undefined) this.#takenInTurn++;
    return line;
  }

  /** Returns the bytes of an unfinished line and of lines that were not read, and forgets them. */
  takeBytes(): Uint8Array {
    return this.#decoder.takeBytes();
  }
}

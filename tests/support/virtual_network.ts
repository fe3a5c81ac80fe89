import type { Ending } from "../../lib/core/transport.ts";
import type { Random } from "./random.ts";
import type { VirtualTime } from "./virtual_time.ts";

/** The owner of one end of a virtual connection. */
export interface Holder {
  arrived(bytes: Uint8Array): void;
  ended(ending: Ending): void;
}

/** The behaviour of a connection. */
export interface NetworkConditions {
  readonly mostDelayMs: number;
  /** Whether writes are split and joined in transit; otherwise each arrives as written. */
  readonly cuts: boolean;
}

/** One end of a virtual TCP connection: in order, exactly once, until it breaks. */
export class VirtualStream {
  other!: VirtualStream;
  holder: Holder | undefined;
  /** Bytes this end has written. */
  written = 0;
  #finished = false;
  #dead = false;
  /** When the last byte written so far arrives; later bytes must not overtake it. */
  #arrival = 0;
  #cut: { after: number; how: "reset" | "vanish" } | undefined;

  constructor(readonly time: VirtualTime, readonly random: Random, readonly weather: NetworkConditions) {}

  /** Breaks the connection after this end has written `bytes` more, in the middle of a write if necessary. */
  cutAfter(bytes: number, how: "reset" | "vanish"): void {
    this.#cut = { after: this.written + bytes, how };
  }

  write(bytes: Uint8Array): void {
    if (this.#dead || this.#finished) return;
    const room = this.#cut ? Math.max(0, this.#cut.after - this.written) : Infinity;
    const part = bytes.subarray(0, Math.min(bytes.length, room));
    this.written += part.length;
    this.#send(part.slice());
    if (part.length < bytes.length || room === bytes.length) this.#breakNow(this.#cut!.how);
  }

  /** Sends FIN after everything written. */
  finish(): void {
    if (this.#dead || this.#finished) return;
    this.#finished = true;
    this.#later(() => this.other.#take("finished"));
  }

  /** Resets the connection: the other end notices, and bytes in flight may be lost. */
  reset(): void {
    this.#breakNow("reset");
  }

  /** Pulls the cable: neither end notices. */
  vanish(): void {
    this.#breakNow("vanish");
  }

  get dead(): boolean {
    return this.#dead;
  }

  #breakNow(how: "reset" | "vanish"): void {
    if (this.#dead) return;
    this.#dead = true;
    const { other } = this;
    if (how === "vanish") {
      other.#dead = true;
      return;
    }
    this.time.in(this.random.next() * this.weather.mostDelayMs, () => {
      other.#take("broken");
      other.#dead = true;
    });
  }

  #send(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const length = this.weather.cuts ? this.random.whole(1, bytes.length - at) : bytes.length;
      const piece = bytes.subarray(at, at + length);
      this.#later(() => this.other.#take(piece));
      at += length;
    }
  }

  #later(act: () => void): void {
    const delay = this.random.next() * this.weather.mostDelayMs;
    this.#arrival = Math.max(this.#arrival, this.time.now + delay);
    this.time.in(this.#arrival - this.time.now, act);
  }

  #take(what: Uint8Array | Ending): void {
    if (this.#dead) return;
    if (typeof what === "string") this.holder?.ended(what);
    else this.holder?.arrived(what);
  }
}

/** Two ends of one connection. */
export function virtualConnection(
  time: VirtualTime,
  random: Random,
  weather: NetworkConditions,
): [VirtualStream, VirtualStream] {
  const [one, other] = [new VirtualStream(time, random, weather), new VirtualStream(time, random, weather)];
  one.other = other;
  other.other = one;
  return [one, other];
}

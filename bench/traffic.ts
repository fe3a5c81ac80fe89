/** Counters of a running load. */
export interface Tally {
  /** Deliveries, each to one receiver. */
  delivered: number;
  /** Messages acknowledged to their sender. */
  acked: number;
  /** Unexpected events. */
  errors: number;
}

/** Set to end a load; a plain field, because reading an AbortSignal for each message costs too much. */
export interface Until {
  over: boolean;
}

/** Users logged in at one server, and the loads they generate, in one protocol. */
export interface Crowd {
  readonly tally: Readonly<Tally>;
  /** The process that makes the load, if it is another. */
  readonly pid?: number;
  /** User 0 sends to 1, 2 to 3 and so on, each with `window` messages under way, one by default. */
  talk(pairs: number, until: Until, window?: number): Promise<void>;
  /** User 0 sends to all, again when all have it. */
  shout(until: Until): Promise<void>;
  /** User 0 sends `POUR` messages to all in one write, at most `POURS` writes ahead of the slowest receiver. */
  pour?(until: Until): Promise<void>;
  /** User 0 sends to user 1 once; resolves when acknowledged. */
  whisper(): Promise<void>;
  /** User 0 sends to all once; returns how many have it when it is acknowledged. */
  announce(): Promise<number>;
  /** Closes every connection. */
  leave(): void;
}

/** Logs in `count` users named u0, u1 …, `atOnce` at a time; `first` is the number of the first. */
export type Join = (port: number, count: number, options?: JoinOptions) => Promise<Crowd>;

/** Options of a login. */
export interface JoinOptions {
  readonly first?: number;
  readonly atOnce?: number;
  /** Whether they will send to all; some protocols have to join a room for that. */
  readonly room?: boolean;
}

/** Messages in one write, and how many such writes may be in flight. */
export const POUR = 16;
export const POURS = 8;

/** Keeps a sender busy, at most `POURS` writes ahead of the slowest receiver, or as many as are given. */
export class Pouring {
  readonly #done = new Map<number, number>();
  #ahead = 0;
  #wake: (() => void) | undefined;

  constructor(readonly receivers: number, readonly writes = POURS) {}

  /** A receiver's count of messages has risen from `before` to `after`. */
  got(before: number, after: number): void {
    for (let write = Math.floor(before / POUR) + 1; write * POUR <= after; write++) {
      const count = (this.#done.get(write) ?? 0) + 1;
      if (count < this.receivers) this.#done.set(write, count);
      else {
        this.#done.delete(write);
        this.#ahead--;
        this.#wake?.();
      }
    }
  }

  /** Writes until the end, then waits until everything has arrived. */
  async run(write: () => Promise<void>, until: Until): Promise<void> {
    while (!until.over || this.#ahead > 0) {
      if (!until.over && this.#ahead < this.writes) {
        this.#ahead++;
        await write();
      } else await new Promise<void>((wake) => this.#wake = wake);
    }
  }
}

/** The text of every message, as long as a typical typed line. */
export const TEXT = "How about meeting at three today?";

/** The name of a user by number, the same in every protocol. */
export const userName = (number: number) => `u${number}`;

/** The password of every user. */
export const PASSWORD = "12345";

/** Runs a job for `count` numbers from `first`, `atOnce` at a time. */
export async function forEachOf<T>(
  first: number,
  count: number,
  atOnce: number,
  job: (number: number) => Promise<T>,
): Promise<T[]> {
  const results = new Array<T>(count);
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const index = next++;
      results[index] = await job(first + index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
  return results;
}

const LINE_FEED = 10;

/** The number of line ends in the first `length` bytes. */
export function linesIn(bytes: Uint8Array, length: number): number {
  let lines = 0;
  // For such short chunks a loop is faster than `indexOf`.
  for (let at = 0; at < length; at++) if (bytes[at] === LINE_FEED) lines++;
  return lines;
}

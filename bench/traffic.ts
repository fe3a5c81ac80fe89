/** What a load counts while it runs. */
export interface Tally {
  /** Messages that arrived, each at one receiver. */
  delivered: number;
  /** Messages whose sender knows that they arrived. */
  acked: number;
  /** Anything that should not have happened. */
  errors: number;
}

/** Set when a load should end; a plain field, as reading an AbortSignal for each message would cost too much. */
export interface Until {
  over: boolean;
}

/** Users that are logged in at one server, and the messages they send; made by one protocol. */
export interface Crowd {
  readonly tally: Tally;
  /** User 0 writes to 1, 2 to 3 and so on, each sending when its last message is acknowledged, until it is over. */
  talk(pairs: number, until: Until): Promise<void>;
  /** User 0 writes to everybody, again when all have it, until it is over. */
  shout(until: Until): Promise<void>;
  /** User 0 writes `POUR` messages to everybody at once, and again, `POURS` times ahead of the last receiver. */
  pour?(until: Until): Promise<void>;
  /** User 0 writes to user 1 once; resolves when that is acknowledged. */
  whisper(): Promise<void>;
  /** User 0 writes to everybody once; how many have it when that is acknowledged. */
  announce(): Promise<number>;
  /** Cuts every connection. */
  leave(): void;
}

/** Logs in `count` users called u0, u1 …, `atOnce` at a time; `first` is the number of the first. */
export type Join = (port: number, count: number, options?: JoinOptions) => Promise<Crowd>;

/** How users are logged in. */
export interface JoinOptions {
  readonly first?: number;
  readonly atOnce?: number;
  /** Whether they will send to everybody; not every protocol needs to know. */
  readonly room?: boolean;
}

/** How many messages are written at once where many are, and how many such writes may be under way. */
export const POUR = 16;
const POURS = 8;

/** Keeps a sender busy, and never further ahead than `POURS` writes of the receiver that is last. */
export class Pouring {
  readonly #done = new Map<number, number>();
  #ahead = 0;
  #wake: (() => void) | undefined;

  constructor(readonly receivers: number) {}

  /** One receiver has had `before` messages since the beginning, and now has `after`. */
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

  /** Writes until it is over and everything has arrived. */
  async run(write: () => Promise<void>, until: Until): Promise<void> {
    while (!until.over || this.#ahead > 0) {
      if (!until.over && this.#ahead < POURS) {
        this.#ahead++;
        await write();
      } else await new Promise<void>((wake) => this.#wake = wake);
    }
  }
}

/** What every message says: as long as a line that people type. */
export const TEXT = "How about meeting at three today?";

/** The name of a user by number, the same in every protocol. */
export const userName = (number: number) => `u${number}`;

/** The password of every user. */
export const PASSWORD = "12345";

/** Runs a job for each number from `first` on, `atOnce` of them at a time. */
export async function forEachOf<T>(
  first: number,
  count: number,
  atOnce: number,
  job: (number: number) => Promise<T>,
): Promise<T[]> {
  const results = new Array<T>(count);
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const index = next++;
      results[index] = await job(first + index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane));
  return results;
}

const LINE_FEED = 10;

/** How many lines end in the first `length` bytes. */
export function linesIn(bytes: Uint8Array, length: number): number {
  let lines = 0;
  // For chunks as short as these a loop is quicker than `indexOf`.
  for (let at = 0; at < length; at++) if (bytes[at] === LINE_FEED) lines++;
  return lines;
}

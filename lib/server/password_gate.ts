import { LoginQueue, type LoginQueueLimits } from "../chat/login_queue.ts";

/**
 * Guards one password for which requests come from many addresses: `check` is called when its turn comes, so that wrong
 * passwords are counted by address and for all, also where they come at the same time.
 */
export class PasswordGate {
  readonly #queue: LoginQueue;
  readonly #waiting = new Map<object, () => void>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(limits: LoginQueueLimits, readonly clock: () => number) {
    this.#queue = new LoginQueue(limits, Infinity);
  }

  /** Whether the password of a request is right; false if the request is given up before its turn. */
  async isRight(address: string, check: () => boolean, left: AbortSignal): Promise<boolean> {
    const attempt = this.#queue.add("", address, false, this.clock());
    if (!this.#queue.isUnderWay(attempt)) {
      await new Promise<void>((go) => {
        this.#waiting.set(attempt, go);
        left.addEventListener("abort", () => {
          this.#waiting.delete(attempt);
          this.#queue.remove(attempt, this.clock());
          go();
        }, { once: true });
        this.#wake();
      });
      if (!this.#queue.isUnderWay(attempt)) return false;
    }
    const right = !left.aborted && check();
    this.#queue.finished(attempt, right, this.clock());
    this.#wake();
    return right;
  }

  /** Starts the checks whose turn has come, and sets the timer for the next one. */
  #wake(): void {
    for (let next = this.#queue.next(this.clock()); next; next = this.#queue.next(this.clock())) {
      this.#waiting.get(next)!();
      this.#waiting.delete(next);
    }
    clearTimeout(this.#timer);
    if (this.#waiting.size === 0) return;
    const ms = Math.max(1, this.#queue.wakeAt - this.clock());
    this.#timer = setTimeout(() => this.#wake(), ms);
  }

  /** Ends all waits. */
  close(): void {
    clearTimeout(this.#timer);
    for (const go of this.#waiting.values()) go();
    this.#waiting.clear();
  }
}

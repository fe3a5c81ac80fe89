import type { Machine } from "../core/machine.ts";
import { clock } from "../net/clock.ts";

/**
 * Runs a machine of the client.
 *
 * 1. After each input, the machine's outputs are performed in order; an input during that only adds outputs to the end.
 * 2. `tick` is called at `wakeAt`.
 */
export class Runner<Output, M extends Machine<Output>> {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = Infinity;
  #draining = false;
  #closed = false;

  constructor(readonly machine: M, readonly perform: (output: Output) => void) {}

  /** Gives the machine an input. */
  input<R>(give: (machine: M, now: number) => R): R {
    const result = give(this.machine, clock());
    if (!this.#draining) this.#drain();
    return result;
  }

  /** Stops the timer. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #drain(): void {
    this.#draining = true;
    try {
      for (let outputs = this.machine.takeOutputs(); outputs.length > 0; outputs = this.machine.takeOutputs()) {
        for (const output of outputs) this.perform(output);
      }
    } finally {
      this.#draining = false;
    }
    // An early timer costs less than setting a new one with every message.
    if (this.machine.wakeAt < this.#timerAt) this.#sleep();
  }

  #sleep(): void {
    clearTimeout(this.#timer);
    this.#timerAt = this.machine.wakeAt;
    if (this.#closed || this.#timerAt === Infinity) return;
    this.#timer = setTimeout(() => {
      this.#timerAt = Infinity;
      this.input((machine, now) => {
        if (now >= machine.wakeAt) machine.tick(now);
      });
    }, Math.max(0, Math.ceil(this.#timerAt - clock())));
  }
}

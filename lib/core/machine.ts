const NONE: readonly never[] = [];

/** The outputs of a machine, in order, until its runner takes them. Parts of one machine share its `Outputs`. */
export class Outputs<Output> {
  #waiting: Output[] | undefined;

  push(output: Output): void {
    // An array literal is allocated for one element, a grown empty array for 17: most machines have one output a call.
    if (this.#waiting === undefined) this.#waiting = [output];
    else this.#waiting.push(output);
  }

  get isEmpty(): boolean {
    return this.#waiting === undefined;
  }

  take(): readonly Output[] {
    const outputs = this.#waiting ?? NONE;
    this.#waiting = undefined;
    return outputs;
  }
}

/**
 * A pure machine: no I/O, no clock, no randomness. Besides these members it has `receive`, `event` or other input methods,
 * each of which takes the time and returns nothing.
 *
 * 1. It never calls out. After each call its runner drains `takeOutputs` and does what is asked, in order.
 * 2. The runner calls `tick` once `wakeAt` has come.
 */
export interface Machine<Output> {
  /** When `tick` is next wanted, in milliseconds of the same clock as `now`; Infinity when it is not. */
  readonly wakeAt: number;
  tick(now: number): void;
  takeOutputs(): readonly Output[];
}

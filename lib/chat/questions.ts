import type { Outputs } from "../core/machine.ts";
import type { Effect } from "./effect.ts";
import type { Answer, AnswerTo, Query } from "./store.ts";

interface Asked {
  readonly done: (answer: never) => void;
  readonly failed: (why: string) => void;
}

/** Questions to the store that are not answered yet. */
export class Questions {
  readonly #asked = new Map<number, Asked>();
  #lastId = 0;

  constructor(readonly outputs: Outputs<Effect>) {}

  get open(): number {
    return this.#asked.size;
  }

  ask<Q extends Query>(query: Q, done: (answer: AnswerTo<Q>) => void, failed: (why: string) => void): void {
    const id = ++this.#lastId;
    this.#asked.set(id, { done, failed });
    this.outputs.push({ type: "query", id, query });
  }

  /** The answer to a query, or why there is none. */
  answered(id: number, answer: Answer | { readonly failed: string }): void {
    const asked = this.#asked.get(id);
    if (!asked) return;
    this.#asked.delete(id);
    if ("failed" in answer) asked.failed(answer.failed);
    else asked.done(answer as never);
  }
}

import { Backoff } from "../core/backoff.ts";
import type { LogWriter } from "./log_writer.ts";
import type { TakenRecord } from "./log_items.ts";
import type { Questions } from "./questions.ts";
import type { RecordId } from "./record_id.ts";
import type { AnswerTo, Query, Write } from "./store.ts";

/** The longest pause before the store is asked again for what it could not answer. */
const LONGEST_PAUSE_MS = 10_000;

/** Records on their way into the store, in the order of the entries around them, and look-ups behind that. */
export class TakenRows {
  readonly #backoff = new Backoff(LONGEST_PAUSE_MS);
  /** What the store could not answer, and when it is asked again. */
  #unanswered: (() => void)[] = [];
  #againAt = 0;
  #now = 0;

  constructor(readonly writer: LogWriter, readonly questions: Questions) {}

  /** Has a record written with what it changes, and the number of its entry. */
  write({ id, text, place }: TakenRecord, writes: readonly Write[], done: () => void, seq?: number): void {
    const record: Write = { type: "record", id, text, isTaken: true, place, seq };
    this.writer.writeRows({ writes: [...writes, record], done });
  }

  /** Calls back once what was gathered is committed. A disk that takes nothing is waited for. */
  whenWritten(then: () => void): void {
    this.writer.writeRows({ writes: [], done: then });
  }

  /** The entry of a record, once everything that was taken before is written. */
  resolve(id: RecordId | undefined, then: (seq: number | undefined) => void): void {
    if (!id) return then(undefined);
    this.whenWritten(() => this.ask({ type: "entryOf", id }, ({ seq }) => then(seq)));
  }

  /** Asks the store; while it fails, again after a growing pause. */
  ask<Q extends Query>(query: Q, then: (answer: AnswerTo<Q>) => void): void {
    const answered = (answer: AnswerTo<Q>) => {
      this.#backoff.reset();
      then(answer);
    };
    this.questions.ask(query, answered, () => {
      if (this.#unanswered.length === 0) this.#againAt = this.#now + this.#backoff.next(0);
      this.#unanswered.push(() => this.whenWritten(() => this.ask(query, then)));
    });
  }

  tick(now: number): void {
    this.#now = now;
    if (now < this.#againAt || this.#unanswered.length === 0) return;
    const unanswered = this.#unanswered;
    this.#unanswered = [];
    for (const again of unanswered) again();
  }
}

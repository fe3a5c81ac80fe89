import type { SavedRecord } from "../chat/store.ts";
import { EXCHANGE_BYTES } from "../core/limits.ts";
import type { MachineOutputs } from "./outputs.ts";

/** Text of records in one notice: it grows when it is put into JSON, by three at most. */
const RECORDS_CHARACTERS = EXCHANGE_BYTES / 4;
/** Unanswered questions to the store, of all servers; a server that gets no answer asks again. */
const MAX_OPEN = 64;

interface Question {
  readonly by: string;
  readonly of: string;
  readonly after: number;
}

/** Answers other servers that ask for records, from the store. */
export class RecordAnswers {
  /** By the number of the question to the store. */
  readonly #open = new Map<number, Question>();
  #lastRef: number;

  /** Questions to the store get numbers after `lastRef`. */
  constructor(readonly outputs: MachineOutputs, lastRef: number) {
    this.#lastRef = lastRef;
  }

  /** A server asks for records. */
  ask(question: Question): void {
    if (this.#open.size >= MAX_OPEN) return;
    this.#open.set(++this.#lastRef, question);
    this.outputs.hub({ type: "readRecords", ref: this.#lastRef, server: question.of, after: question.after });
  }

  /** The store has answered. */
  answer(ref: number, records: readonly SavedRecord[]): void {
    const question = this.#open.get(ref);
    if (!question) return;
    this.#open.delete(ref);
    const { by, of, after } = question;
    let characters = 0;
    // A record without a place is not published yet, and claims are decided by their places.
    const count = records.findIndex(({ text, place }, at) =>
      !place || ((characters += text.length) > RECORDS_CHARACTERS && at > 0)
    );
    this.outputs.send(by, { type: "records", of, after, records: records.slice(0, count < 0 ? undefined : count) });
  }
}

import type { LogWriter } from "./log_writer.ts";
import type { TakenRecord } from "./log_items.ts";
import type { Questions } from "./questions.ts";
import type { RecordId } from "./record_id.ts";
import type { Write } from "./store.ts";

/** Records on their way into the store, in the order of the entries around them, and look-ups behind that. */
export class TakenRows {
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
    const again = () => this.resolve(id, then);
    this.whenWritten(() =>
      this.questions.ask({ type: "entryOf", id }, ({ seq }) => then(seq), () => this.whenWritten(again))
    );
  }
}

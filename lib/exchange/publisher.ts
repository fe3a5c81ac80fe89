import type { SavedRecord } from "../chat/store.ts";
import { encodeEntry } from "./messages.ts";
import type { Outbox } from "./outbox.ts";
import type { MachineOutputs } from "./outputs.ts";

/** After this time, what was published and has not come back is published again. */
const AGAIN_MS = 5000;

/** Publishes the records of this server, in order, until the exchange gives them back. */
export class Publisher {
  #attempt = 0;
  /** When one came back last, or was published after nothing was under way. */
  #progressAt = 0;
  #isReading = false;

  /** `version` is greater each time the server begins; the store's answers for the outbox have the number `ref`. */
  constructor(
    readonly outbox: Outbox,
    readonly outputs: MachineOutputs,
    readonly version: number,
    readonly ref: number,
  ) {}

  /** A record is committed. */
  add(number: number, text: string, now: number): void {
    this.outbox.add(number, text);
    this.#publish(now);
  }

  /** The store has answered. */
  read(records: readonly SavedRecord[], now: number): void {
    this.#isReading = false;
    for (const { number, text } of records) this.outbox.hold(number, text);
    if (records.length > 0) this.#publish(now);
  }

  /** The exchange has given a record back; whether it is the next. */
  gaveBack(number: number, now: number): boolean {
    if (!this.outbox.gaveBack(number)) return false;
    this.#progressAt = now;
    this.#publish(now);
    return true;
  }

  /** Whether nothing of what is under way has come back for too long. */
  isLate(ms: number, now: number): boolean {
    return this.outbox.isUnderWay && now - this.#progressAt >= ms;
  }

  tick(now: number): void {
    if (this.outputs.isConnected && this.isLate(AGAIN_MS, now)) this.again(now);
    else this.#publish(now);
  }

  /** Publishes everything that was not given back. */
  again(now: number): void {
    this.outbox.again();
    this.#attempt++;
    this.#progressAt = now;
    this.#publish(now);
  }

  #publish(now: number): void {
    if (!this.outputs.isConnected || this.#isReading) return;
    const { outbox, outputs, version } = this;
    const { self: server } = outputs;
    for (let next = outbox.next(); next; next = outbox.next()) {
      const { number, text } = next;
      if (text === undefined) {
        this.#isReading = true;
        return outputs.hub({ type: "readRecords", ref: this.ref, server, after: number - 1 });
      }
      if (!outbox.isUnderWay) this.#progressAt = now;
      const id = `${server}-${number}-${this.#attempt}-${version}`;
      outputs.command({ type: "publish", id, bytes: encodeEntry({ server, number }, text) });
      outbox.published(number);
    }
  }
}

import type { Place, RecordId } from "../chat/record_id.ts";
import { type HeldRecord, recordsBefore } from "./messages.ts";
import { MissingRecords } from "./missing.ts";
import type { Outbox } from "./outbox.ts";
import type { OtherServers } from "./servers.ts";

/** A record that the hub is to be given. */
export interface IncomingRecord {
  readonly id: RecordId;
  readonly text: string;
  readonly place: Place | undefined;
}

/** An answer, and up to where its records were taken. */
interface Answer {
  readonly records: readonly HeldRecord[];
  at: number;
}

/** Answers of which a part is held: more servers than one chat has. */
const MAX_HELD = 64;

/**
 * The records of other servers.
 *
 * 1. Those of each server are taken in the order of their numbers, each once, and after the records that they name.
 * 2. Those that do not come by the exchange's log are asked of servers that have them. Where records of an answer name others that
 *    are not taken, the rest of it is held until those are.
 */
export class IncomingRecords {
  /** Up to where the records of each server were taken. */
  readonly #taken: Map<string, number>;
  readonly #missing: MissingRecords;
  readonly #held = new Map<string, Answer>();
  #given: IncomingRecord[] = [];

  constructor(
    readonly self: string,
    taken: Map<string, number>,
    readonly servers: OtherServers,
    readonly outbox: Outbox,
  ) {
    this.#taken = taken;
    this.#missing = new MissingRecords(servers, taken);
  }

  /** Up to where the records of each other server were taken. */
  get taken(): ReadonlyMap<string, number> {
    return this.#taken;
  }

  /** What the hub is to be given, in this order. */
  takeGiven(): readonly IncomingRecord[] {
    const given = this.#given;
    this.#given = [];
    return given;
  }

  /** A record has come by the exchange's log. */
  entry(id: RecordId, text: string, place: Place, now: number): void {
    const taken = this.#takenOf(id.server);
    if (id.number === taken + 1 && this.#hasThoseBefore(text)) {
      this.#take(id, text, place, now);
      this.proceed(now);
    } else if (id.number > taken) this.#missing.seen(id.server, now);
  }

  /** Another server has sent records of `of`; returns how many are left out, since no server has them any more. */
  answer(of: string, after: number, records: readonly HeldRecord[], now: number): number {
    const taken = this.#takenOf(of);
    if (of === this.self || after > taken || this.servers.newestOf(of) <= taken) return 0;
    if (records.length > 0) {
      if (this.#held.size < MAX_HELD || this.#held.has(of)) this.#held.set(of, { records, at: 0 });
      this.proceed(now);
      return 0;
    }
    if (after < taken || !this.#missing.answeredEmpty(of)) return 0;
    const newest = this.servers.newestOf(of);
    this.#taken.set(of, newest);
    this.proceed(now);
    return newest - taken;
  }

  /** Takes what was held and is not any more: records were taken, or one of this server has come back. */
  proceed(now: number): void {
    for (let isMoving = this.#held.size > 0; isMoving;) {
      isMoving = false;
      for (const [server, held] of this.#held) {
        for (let record = held.records[held.at]; record; record = held.records[++held.at]) {
          const { number, text, place } = record;
          if (number <= this.#takenOf(server)) continue;
          if (!this.#hasThoseBefore(text)) break;
          this.#take({ server, number }, text, place, now);
          isMoving = true;
        }
        if (held.at < held.records.length) continue;
        this.#held.delete(server);
        this.#missing.answered(server);
      }
    }
  }

  /** Whom to ask for which records now. */
  due(now: number): { readonly ask: string; readonly of: string; readonly after: number }[] {
    const known = new Set<string>();
    for (const { taken } of this.servers.all) {
      for (const server of taken.keys()) if (server !== this.self && !this.#held.has(server)) known.add(server);
    }
    return this.#missing.due(known, now);
  }

  /** Whether the records that one names were taken; of this server's own, whether they came back, unless they are in no store. */
  #hasThoseBefore(text: string): boolean {
    const { givenBack, last } = this.outbox;
    return recordsBefore(text).every(({ server, number }) =>
      server === this.self ? number <= givenBack || number > last : number <= this.#takenOf(server)
    );
  }

  #takenOf(server: string): number {
    return this.#taken.get(server) ?? 0;
  }

  #take(id: RecordId, text: string, place: Place | undefined, now: number): void {
    this.#taken.set(id.server, id.number);
    this.#missing.progress(id.server, now);
    this.#given.push({ id, text, place });
  }
}

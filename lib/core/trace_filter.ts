import { TRACE_UNNAMED_BYTES } from "./limits.ts";
import type { TraceRecord } from "./wire_trace.ts";

/** Sessions without a name whose records are held; a classroom that logs in at once is smaller. */
const MAX_UNNAMED = 500;

interface Unnamed {
  /** Records held until the user is known; undefined when the session is shown. */
  held: TraceRecord[] | undefined;
  bytes: number;
}

/**
 * The records of some users alone. A name may be an address, too. Pure.
 *
 * A session without a name yet is shown once it sends one of the names as a word, so that a login which fails is shown too;
 * until then its records are held, up to `TRACE_UNNAMED_BYTES`.
 */
export class TraceFilter {
  readonly #names: ReadonlySet<string>;
  readonly #unnamed = new Map<number, Unnamed>();

  constructor(names: readonly string[]) {
    this.#names = new Set(names.map((name) => name.toLowerCase()));
  }

  /** The records to show now, in their order. */
  take(record: TraceRecord): readonly TraceRecord[] {
    const { session } = record;
    const unnamed = this.#unnamed.get(session);
    if (record.user !== undefined) {
      this.#unnamed.delete(session);
      if (!this.#names.has(record.user.toLowerCase())) return [];
      return [...unnamed?.held ?? [], record];
    }
    if (unnamed && !unnamed.held) return [record];
    const held = unnamed ?? this.#begin(session);
    if (this.#mentions(record)) {
      const before = held.held ?? [];
      held.held = undefined;
      return [...before, record];
    }
    held.bytes += record.text?.length ?? 0;
    if (held.bytes <= TRACE_UNNAMED_BYTES) held.held?.push(record);
    return [];
  }

  #begin(session: number): Unnamed {
    const unnamed = { held: [], bytes: 0 };
    this.#unnamed.set(session, unnamed);
    if (this.#unnamed.size > MAX_UNNAMED) {
      for (const oldest of this.#unnamed.keys()) {
        this.#unnamed.delete(oldest);
        break;
      }
    }
    return unnamed;
  }

  #mentions({ name, text }: TraceRecord): boolean {
    if (this.#names.has(name.toLowerCase()) || this.#names.has(name.toLowerCase().replace(/:\d+$/, ""))) return true;
    return text?.split(/[\s\p{Cc}"':,/]+/u).some((word) => this.#names.has(word.toLowerCase())) ?? false;
  }
}

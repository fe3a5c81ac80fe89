import type { OtherServers } from "./servers.ts";

/** After this time, a missing record that others have is asked for: usually it is on its way. */
const LATE_MS = 3000;
/** After this time without an answer, another server is asked. */
const ANSWER_MS = 3000;
/** Empty answers after which what is missing counts as removed everywhere. */
const MAX_EMPTY = 20;

interface Gap {
  since: number;
  /** Whether a later record has come: then nothing is on its way. */
  isSeen: boolean;
  askedAt: number;
  asked: string | undefined;
  empty: number;
}

/** What this server misses of others' records, and whom it asks for them. */
export class MissingRecords {
  readonly #gaps = new Map<string, Gap>();

  constructor(readonly servers: OtherServers, readonly taken: ReadonlyMap<string, number>) {}

  /** Records of a server were left out: a later one has come. */
  seen(server: string, now: number): void {
    const gap = this.#gaps.get(server);
    if (gap) gap.isSeen = true;
    else this.#gaps.set(server, { since: now, isSeen: true, askedAt: -Infinity, asked: undefined, empty: 0 });
  }

  /** A record was taken: others may be on their way. */
  progress(server: string, now: number): void {
    const gap = this.#gaps.get(server);
    if (gap) gap.since = now;
  }

  /** The records of an answer were taken: what is missing after them is asked for at once. */
  answered(server: string): void {
    const gap = this.#gaps.get(server);
    if (gap) Object.assign(gap, { isSeen: true, askedAt: -Infinity, empty: 0 });
  }

  /** An answer had no records: the next server is asked. Returns whether that has happened too often. */
  answeredEmpty(server: string): boolean {
    const gap = this.#gaps.get(server);
    return gap !== undefined && ++gap.empty >= MAX_EMPTY;
  }

  /** Whom to ask for what now; `known` are all servers whose records are known of. */
  due(known: Iterable<string>, now: number): { readonly ask: string; readonly of: string; readonly after: number }[] {
    const due: { ask: string; of: string; after: number }[] = [];
    for (const of of known) {
      const after = this.taken.get(of) ?? 0;
      if (this.servers.newestOf(of) <= after) {
        this.#gaps.delete(of);
        continue;
      }
      const gap = this.#gaps.get(of) ?? { since: now, isSeen: false, askedAt: -Infinity, asked: undefined, empty: 0 };
      this.#gaps.set(of, gap);
      if ((!gap.isSeen && now - gap.since < LATE_MS) || now - gap.askedAt < ANSWER_MS) continue;
      const ask = this.servers.withRecord(of, after + 1, gap.asked);
      if (ask === undefined) continue;
      gap.asked = ask;
      gap.askedAt = now;
      due.push({ ask, of, after });
    }
    return due;
  }
}

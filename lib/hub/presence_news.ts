import type { Effect } from "./effect.ts";
import type { People } from "./people.ts";

const GATHER_MS = 250;

/** Who has come and gone, gathered and told to every session of our own protocol: a lab that comes in at once is one piece. */
export class PresenceNews {
  #online = new Set<string>();
  #offline = new Set<string>();
  #since = Infinity;

  constructor(readonly people: People) {}

  came(name: string, now: number): void {
    if (!this.#offline.delete(name)) this.#online.add(name);
    this.#since = Math.min(this.#since, now);
  }

  went(name: string, now: number): void {
    if (!this.#online.delete(name)) this.#offline.add(name);
    this.#since = Math.min(this.#since, now);
  }

  tick(now: number): Effect[] {
    if (now < this.#since + GATHER_MS) return [];
    const event = { type: "presence", online: [...this.#online], offline: [...this.#offline] } as const;
    this.#online = new Set();
    this.#offline = new Set();
    this.#since = Infinity;
    if (event.online.length + event.offline.length === 0) return [];
    const to = [...this.people.natives].filter(({ ready }) => ready).map(({ id }) => id);
    return to.length > 0 ? [{ type: "tell", to, event }] : [];
  }
}

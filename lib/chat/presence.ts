import type { Effect } from "./effect.ts";
import type { OnlineUsers } from "./users.ts";

const GATHER_LEAST_MS = 250;
/** At most a thousand updates are sent per second, to all native sessions together. */
const GATHER_MS_EACH = 1;

/** Tells native sessions who has come online and gone offline. Changes are gathered: a lab that logs in at once is one update. */
export class PresenceUpdates {
  #online = new Set<string>();
  #offline = new Set<string>();
  #since = Infinity;

  constructor(readonly people: OnlineUsers) {}

  online(name: string, now: number): void {
    if (!this.#offline.delete(name)) this.#online.add(name);
    this.#since = Math.min(this.#since, now);
  }

  offline(name: string, now: number): void {
    if (!this.#online.delete(name)) this.#offline.add(name);
    this.#since = Math.min(this.#since, now);
  }

  tick(now: number): Effect[] {
    const gatherMs = Math.max(GATHER_LEAST_MS, this.people.natives.size * GATHER_MS_EACH);
    if (now < this.#since + gatherMs) return [];
    const event = { type: "presence", online: [...this.#online], offline: [...this.#offline] } as const;
    this.#online = new Set();
    this.#offline = new Set();
    this.#since = Infinity;
    if (event.online.length + event.offline.length === 0) return [];
    const to = [...this.people.natives].filter(({ ready }) => ready).map(({ id }) => id);
    return to.length > 0 ? [{ type: "tell", to, event }] : [];
  }
}

import type { Effect } from "./effect.ts";
import type { Room } from "./roster.ts";
import type { OnlineUsers } from "./users.ts";

const GATHER_LEAST_MS = 250;
/** At most a thousand updates are sent per second, to all native sessions together. */
const GATHER_MS_EACH = 1;

/** Tells native sessions who has come online and gone offline, and which rooms have changed. Changes are gathered: a lab that logs in at once is one update. */
export class PresenceUpdates {
  #online = new Set<string>();
  #offline = new Set<string>();
  #rooms = new Set<Room>();
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

  /** A room is new, or has other members. */
  roomChanged(room: Room, now: number): void {
    this.#rooms.add(room);
    this.#since = Math.min(this.#since, now);
  }

  tick(now: number): Effect[] {
    const gatherMs = Math.max(GATHER_LEAST_MS, this.people.natives.size * GATHER_MS_EACH);
    if (now < this.#since + gatherMs) return [];
    const event = { type: "presence", online: [...this.#online], offline: [...this.#offline] } as const;
    const rooms = [...this.#rooms];
    this.#online = new Set();
    this.#offline = new Set();
    this.#rooms = new Set();
    this.#since = Infinity;
    const ready = [...this.people.natives].filter(({ ready }) => ready);
    const to = ready.map(({ id }) => id);
    if (to.length === 0) return [];
    const effects: Effect[] = event.online.length + event.offline.length > 0 ? [{ type: "tell", to, event }] : [];
    const listed = rooms.filter(({ unlisted }) => !unlisted).map(stateOf);
    if (listed.length > 0) effects.push({ type: "tell", to, event: { type: "roomChanges", rooms: listed } });
    for (const room of rooms) {
      // Its name is what lets others in.
      if (!room.unlisted) continue;
      const members = ready.filter(({ name }) => {
        const known = this.people.get(name)?.known;
        return known !== undefined && room.members.has(known);
      });
      const event = { type: "roomChanges", rooms: [stateOf(room)] } as const;
      if (members.length > 0) effects.push({ type: "tell", to: members.map(({ id }) => id), event });
    }
    return effects;
  }
}

function stateOf({ name, members }: Room): { readonly name: string; readonly members: number } {
  return { name, members: members.size };
}

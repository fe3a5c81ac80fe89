import type { Effect } from "./effect.ts";
import type { SessionId } from "./event.ts";
import type { KnownUser, Room } from "./entities.ts";
import type { OnlineUsers } from "./online_users.ts";
import type { Session } from "./users.ts";

const GATHER_LEAST_MS = 250;
/** At most a thousand updates are sent per second, to all native sessions together. */
const GATHER_MS_EACH = 1;

/** Who has joined a room and who has left it since the last update; a user who did both is in neither. */
interface RoomUpdate {
  readonly joined: Set<string>;
  readonly left: Set<string>;
}

/**
 * Tells native sessions who has come online and gone offline, which rooms have changed, and the members of a room who has joined
 * it and left it. Changes are gathered: a lab that logs in at once is one update. A user who says something is announced at once.
 */
export class PresenceUpdates {
  #online = new Set<string>();
  #offline = new Set<string>();
  #rooms = new Map<Room, RoomUpdate>();
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

  /**
   * A user has joined a room, which may be new by that, or has left it. The user's sessions are told at once, but for the one that
   * has asked for it; all others with what else has changed.
   */
  memberChanged(room: Room, { name }: KnownUser, joined: boolean, now: number, asker?: Session): Effect[] {
    let update = this.#rooms.get(room);
    if (!update) this.#rooms.set(room, update = { joined: new Set(), left: new Set() });
    if (joined ? !update.left.delete(name) : !update.joined.delete(name)) {
      (joined ? update.joined : update.left).add(name);
    }
    this.#since = Math.min(this.#since, now);
    const own = this.people.get(name)?.natives.filter((each) => each !== asker && each.ready) ?? [];
    if (own.length === 0) return [];
    const rooms = [{ ...stateOf(room), joined }];
    return [{ type: "tell", to: own.map(({ id }) => id), event: { type: "roomChanges", rooms } }];
  }

  /** A user says something: others are told first that the user is online, unless they know it. */
  says(name: string): Effect[] {
    if (!this.#online.delete(name)) return [];
    const to = [...this.people.natives].filter(({ ready }) => ready).map(({ id }) => id);
    return to.length > 0 ? [{ type: "tell", to, event: { type: "presence", online: [name], offline: [] } }] : [];
  }

  tick(now: number): Effect[] {
    const gatherMs = Math.max(GATHER_LEAST_MS, this.people.natives.size * GATHER_MS_EACH);
    if (now < this.#since + gatherMs) return [];
    const event = { type: "presence", online: [...this.#online], offline: [...this.#offline] } as const;
    const rooms = this.#rooms;
    this.#online = new Set();
    this.#offline = new Set();
    this.#rooms = new Map();
    this.#since = Infinity;
    const ready = [...this.people.natives].filter(({ ready }) => ready);
    const to = ready.map(({ id }) => id);
    if (to.length === 0) return [];
    const effects: Effect[] = event.online.length + event.offline.length > 0 ? [{ type: "tell", to, event }] : [];
    const listed = [...rooms.keys()].filter(({ unlisted }) => !unlisted).map(stateOf);
    if (listed.length > 0) effects.push({ type: "tell", to, event: { type: "roomChanges", rooms: listed } });
    for (const [room, { joined, left }] of rooms) {
      const members = this.#sessionsIn(room);
      if (members.length === 0) continue;
      // Its name is enough to enter.
      if (room.unlisted) {
        effects.push({ type: "tell", to: members, event: { type: "roomChanges", rooms: [stateOf(room)] } });
      }
      if (joined.size + left.size === 0) continue;
      const event = { type: "membersChanged", room: room.name, joined: [...joined], left: [...left] } as const;
      effects.push({ type: "tell", to: members, event });
    }
    return effects;
  }

  /** The native sessions of a room's members. */
  #sessionsIn(room: Room): SessionId[] {
    return [...room.members.keys()].flatMap(({ name }) => {
      const natives = this.people.get(name)?.natives ?? [];
      return natives.filter(({ ready }) => ready).map(({ id }) => id);
    });
  }
}

function stateOf({ name, members }: Room): { readonly name: string; readonly members: number } {
  return { name, members: members.size };
}

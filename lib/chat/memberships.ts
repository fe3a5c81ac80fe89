import type { Limits } from "../core/limits.ts";
import type { Outputs } from "../core/machine.ts";
import type { NativeQuestion } from "./command.ts";
import type { Delivery } from "./delivery.ts";
import { type Effect, tell } from "./effect.ts";
import type { Event } from "./event.ts";
import type { RecentLog } from "./log.ts";
import type { LogWriter } from "./log_writer.ts";
import { LOBBY, nameFault } from "./names.ts";
import { notInRoom, type Permissions } from "./permissions.ts";
import type { PresenceUpdates } from "./presence.ts";
import type { KnownUser, Room } from "./entities.ts";
import type { Roster } from "./roster.ts";
import type { Sharing } from "./sharing.ts";
import type { OnlineUsers } from "./online_users.ts";
import type { Session } from "./users.ts";

export interface MembershipParts {
  readonly roster: Roster;
  readonly online: OnlineUsers;
  readonly log: RecentLog;
  readonly writer: LogWriter;
  readonly delivery: Delivery;
  readonly presence: PresenceUpdates;
  readonly permissions: Permissions;
  readonly outputs: Outputs<Effect>;
  readonly limits: Pick<Limits, "maxRooms" | "roomsPerUser">;
  /** Where there are other servers. */
  readonly sharing: Sharing | undefined;
}

/** Users join rooms, which makes those that are new, and leave them. The answer comes once that is committed. */
export class Memberships {
  readonly #parts: MembershipParts;

  constructor(parts: MembershipParts) {
    this.#parts = parts;
  }

  join(asker: Session, known: KnownUser, question: Extract<NativeQuestion, { type: "join" }>, now: number): void {
    const { roster, log, writer, delivery, online, sharing } = this.#parts;
    const { ref, room: name } = question;
    const isNew = roster.room(name) === undefined;
    const why = isNew ? nameFault(name) ?? this.#fullFault(known) : undefined;
    if (why) return this.#deny(asker, ref, why);
    if (isNew) known.roomsMade++;
    // A room that guests are in already has a name that they keep to themselves.
    const unlisted = question.unlisted || online.guestsIn(name).size > 0;
    const joined = () => {
      const members = roster.room(name)?.members.size ?? 0;
      this.#tell(asker, { type: "joined", ref, room: name, members });
    };
    if (sharing) {
      return sharing.share(
        { type: "join", room: name, user: known.name, unlisted },
        { done: joined, failed: (why) => this.#deny(asker, ref, why) },
      );
    }
    const room = roster.makeRoom(name, unlisted);
    const joins = !room.members.has(known);
    roster.join(room, known, log.last);
    delivery.audienceChanged();
    writer.after({
      done: () => {
        joined();
        if (joins) this.#changed(asker, known, room, true, now);
      },
      failed: (why) => {
        if (joins) roster.leave(room, known);
        delivery.audienceChanged();
        this.#deny(asker, ref, why);
      },
    });
  }

  leave(asker: Session, known: KnownUser, question: Extract<NativeQuestion, { type: "leaveRoom" }>, now: number): void {
    const { ref, room: name } = question;
    const { roster, writer, delivery, permissions, sharing } = this.#parts;
    if (name === LOBBY) return this.#deny(asker, ref, "every user is in the lobby; it cannot be left");
    if (!permissions.isIn(known.name, name)) return this.#deny(asker, ref, notInRoom(name));
    const left = () => this.#tell(asker, { type: "left", ref, room: name });
    const failed = (why: string) => this.#deny(asker, ref, why);
    if (sharing) return sharing.share({ type: "leave", room: name, user: known.name }, { done: left, failed });
    const room = roster.room(name)!;
    roster.leave(room, known);
    delivery.audienceChanged();
    writer.after({
      done: () => {
        left();
        this.#changed(asker, known, room, false, now);
      },
      failed,
    });
  }

  #changed(asker: Session, known: KnownUser, room: Room, joined: boolean, now: number): void {
    const { presence, outputs } = this.#parts;
    for (const effect of presence.memberChanged(room, known, joined, now, asker)) outputs.push(effect);
  }

  #fullFault(known: KnownUser): string | undefined {
    const { roster, limits } = this.#parts;
    if (roster.rooms.byName.size >= limits.maxRooms) return `there are ${limits.maxRooms} rooms, the most allowed`;
    if (known.roomsMade < limits.roomsPerUser) return undefined;
    return `you have made ${limits.roomsPerUser} rooms, the most allowed for one user`;
  }

  #deny(asker: Session, ref: number, why: string): void {
    this.#tell(asker, { type: "denied", ref, why });
  }

  #tell(asker: Session, event: Event): void {
    this.#parts.outputs.push(tell(asker.id, event));
  }
}

import type { Limits } from "../core/limits.ts";
import { textFault } from "../core/text.ts";
import type { Entry, Target } from "./entry.ts";
import { LOBBY } from "./names.ts";
import type { Registry } from "./registry.ts";
import type { Roster } from "./roster.ts";
import type { OnlineUsers } from "./online_users.ts";

export interface PermissionParts {
  readonly roster: Roster;
  readonly online: OnlineUsers;
  readonly registry: Registry;
  readonly limits: Pick<Limits, "textBytes" | "textLines" | "waitingBytes" | "waitingBytesPerUser">;
}

/** What a user may say and see; a refusal is a sentence for the user. */
export class Permissions {
  readonly #parts: PermissionParts;

  constructor(parts: PermissionParts) {
    this.#parts = parts;
  }

  /** Why a text cannot be said there; undefined when it can. */
  sayFault(from: string, to: Target, text: string): string | undefined {
    const why = this.textFault(text);
    if (why !== undefined) return why;
    if ("room" in to) return this.isIn(from, to.room) ? undefined : notInRoom(to.room);
    if (!this.#isKnown(to.user)) return `there is no user ${JSON.stringify(to.user)}`;
    return this.waitingFault(from, to, text);
  }

  /** Why a text cannot wait for its receiver; undefined when it can. */
  waitingFault(from: string, to: Target, text: string): string | undefined {
    if (!("user" in to) || to.user === from) return undefined;
    const { limits: { waitingBytes, waitingBytesPerUser }, roster } = this.#parts;
    const waiting = roster.user(to.user)?.waitingBytes ?? 0;
    if (waiting + text.length > waitingBytesPerUser) {
      return `${waiting} bytes wait for ${to.user} already; at most ${waitingBytesPerUser} are kept for one user`;
    }
    if (roster.waitingBytes + text.length <= waitingBytes) return undefined;
    return `${roster.waitingBytes} bytes wait for absent users already; at most ${waitingBytes} are kept for all`;
  }

  textFault(text: string): string | undefined {
    const { textBytes, textLines } = this.#parts.limits;
    return text === "" ? "an empty text is not sent" : textFault(text, textBytes, textLines);
  }

  /** Whether an entry is the user's, to the user or in one of the user's rooms. */
  canSee(name: string, { from, to }: Pick<Entry, "from" | "to">): boolean {
    return from === name || ("room" in to ? this.isIn(name, to.room) : to.user === name);
  }

  /** Whether a user is in a room; all are in the lobby. */
  isIn(name: string, room: string): boolean {
    if (room === LOBBY) return true;
    const known = this.#parts.roster.user(name);
    return known !== undefined && (this.#parts.roster.room(room)?.members.has(known) ?? false);
  }

  #isKnown(name: string): boolean {
    const { online, registry } = this.#parts;
    return online.isOnline(name) || registry.names.has(name);
  }
}

export function notInRoom(room: string): string {
  return `${JSON.stringify(room)} is not a room that you are in`;
}

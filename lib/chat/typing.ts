import { RateLimiters } from "../core/limiters.ts";
import type { Limits } from "../core/limits.ts";
import type { Outputs } from "../core/machine.ts";
import type { Effect } from "./effect.ts";
import type { Target } from "./entry.ts";
import { LOBBY } from "./names.ts";
import type { Permissions } from "./permissions.ts";
import type { Roster } from "./roster.ts";
import type { OnlineUsers } from "./online_users.ts";
import type { Session } from "./users.ts";

export interface TypingParts {
  readonly roster: Roster;
  readonly online: OnlineUsers;
  readonly permissions: Permissions;
  readonly outputs: Outputs<Effect>;
  readonly limits: Pick<Limits, "typingMembers" | "typingBurst" | "typingPerMinute" | "failureEntries">;
}

/**
 * Tells the other users of a conversation that a user is writing in it.
 *
 * 1. Only native sessions that have asked for it are told, and only at once: nothing is kept, counted or answered.
 * 2. What comes too often, from outside of the conversation, or for a room with too many members, is dropped.
 */
export class Typing {
  readonly #parts: TypingParts;
  readonly #rates: RateLimiters;

  constructor(parts: TypingParts) {
    const { typingBurst, typingPerMinute, failureEntries } = parts.limits;
    this.#parts = parts;
    this.#rates = new RateLimiters(typingBurst, typingPerMinute / 60, failureEntries);
  }

  tell(from: string, to: Target, now: number): void {
    if (!this.#rates.take(from, now)) return;
    const told = this.#sessions(from, to).filter(({ ready, takesTyping, name }) =>
      ready && takesTyping && name !== from
    );
    if (told.length === 0) return;
    this.#parts.outputs.push({ type: "tell", to: told.map(({ id }) => id), event: { type: "typing", from, to } });
  }

  /** The native sessions of a conversation. */
  #sessions(from: string, to: Target): readonly Session[] {
    const { roster, online, permissions, limits: { typingMembers } } = this.#parts;
    if ("user" in to) return online.get(to.user)?.natives ?? [];
    if (!permissions.isIn(from, to.room)) return [];
    if (to.room === LOBBY) return online.size > typingMembers ? [] : [...online.natives];
    const members = roster.room(to.room)?.members;
    if (!members || members.size > typingMembers) return [];
    return [...members.keys()].flatMap(({ name }) => online.get(name)?.natives ?? []);
  }
}

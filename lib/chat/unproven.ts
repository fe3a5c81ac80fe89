import type { RateLimiters } from "../core/limiters.ts";
import type { Limits } from "../core/limits.ts";
import type { Delivery } from "./delivery.ts";
import { type Effect, tell } from "./effect.ts";
import { chosenNameFault } from "./chosen_names.ts";
import { LOBBY } from "./names.ts";
import { tooManyAttempts } from "./registration.ts";
import type { Registry } from "./registry.ts";
import { isUnproven, type KnownUser, UNPROVEN_KEY } from "./entities.ts";
import type { Roster } from "./roster.ts";
import type { OnlineUsers } from "./online_users.ts";
import type { Session } from "./users.ts";

/** The hub, for names that nothing proves. */
export interface UnprovenContext {
  readonly registry: Registry;
  /** Whether a guest is here whose name looks like this one. */
  isGuest(name: string): boolean;
  readonly roster: Roster;
  readonly online: OnlineUsers;
  readonly delivery: Delivery;
  /** Attempts by address. */
  readonly attempts: RateLimiters;
  /** The session goes online. */
  admit(session: Session, name: string, proof: undefined, now: number): Effect[];
}

/** The client that all programs of an unproven user are: they number nothing themselves. */
export const UNPROVEN_CLIENT = "mychat";

/**
 * Users of protocols without a password or a key: their first contact registers the name, and no later one proves it.
 *
 * 1. A name of an account or of a key, or one that looks like another name, is refused.
 * 2. While a user is online, only a program at the same address can take the user's place.
 * 3. Such a user is in the lobby only after joining it, and is told nothing of what was said before the session.
 */
export class UnprovenNames {
  constructor(
    readonly context: UnprovenContext,
    readonly limits: Pick<Limits, "unprovenNames" | "textBytes" | "attemptBurst" | "attemptsPerMinute">,
  ) {}

  claim(session: Session, name: string, now: number): Effect[] {
    const { context, limits } = this;
    if (session.name !== undefined) return [];
    const known = context.roster.user(name);
    const isNew = known?.registered !== true;
    const why = this.#fault(name, known) ?? this.#placeFault(session, name) ??
      (isNew ? this.#newFault(name, session.address, now) : undefined);
    if (why !== undefined) {
      const text = context.attempts.take(session.address, now) ? why : tooManyAttempts(limits);
      return [tell(session.id, { type: "turnedAway", why: { text } })];
    }
    if (isNew) {
      context.registry.newNames.count(session.address, now);
      context.registry.register(name, UNPROVEN_KEY, now);
    }
    const former = context.online.get(name)?.natives ?? [];
    const ends = former.map(({ id }): Effect => ({ type: "end", session: id, why: "its user has connected again" }));
    session.unproven = true;
    const admitted = context.admit(session, name, undefined, now);
    const user = context.roster.user(name)!;
    context.delivery.beginUnproven(session, now);
    session.producer = context.roster.producer(user, UNPROVEN_CLIENT);
    const joined = context.roster.room(LOBBY)!.members.has(user);
    const { number } = session.producer;
    return [
      ...admitted,
      tell(session.id, { type: "claimed", name, isNew, joined, number, textBytes: limits.textBytes }),
      ...ends,
    ];
  }

  #fault(name: string, known: KnownUser | undefined): string | undefined {
    const quoted = JSON.stringify(name.slice(0, 80));
    if (this.context.registry.accounts.has(name)) return `${quoted} is an account of this server`;
    if (!known?.registered || isUnproven(known)) return undefined;
    return known.key ? `${quoted} is held by a key` : `${quoted} is the name of a user who logs in with a password`;
  }

  #placeFault({ address }: Session, name: string): string | undefined {
    const other = this.context.online.get(name)?.natives.find((each) => each.address !== address);
    return other ? `${JSON.stringify(name)} is online from another address` : undefined;
  }

  #newFault(name: string, address: string, now: number): string | undefined {
    const { context: { registry, isGuest, roster }, limits: { unprovenNames } } = this;
    const fault = chosenNameFault(name);
    if (fault !== undefined) return fault;
    const [like] = registry.names.like(name);
    if (like !== undefined) return `"${name}" looks like the name of another user, "${like}"`;
    if (isGuest(name)) return `"${name}" is the name of a guest who is online, or looks like it`;
    if (roster.unproven >= unprovenNames) {
      return `${unprovenNames} names that nothing proves are taken, the most allowed`;
    }
    return registry.newNames.fault(address, now);
  }
}

import type { Command } from "../chat/command.ts";
import type { UserOfDay, UserTotals } from "../chat/server_snapshot.ts";

/** A session's messages, confirmations and mistakes since it began. */
export class SessionActivity {
  /** Messages that it has said. */
  sent = 0;
  /** Messages that its handout program has confirmed, and missed; for a native program, counted once its session has ended. */
  confirmed = 0;
  missed = 0;
  /** Requests that were answered with 401. */
  refused = 0;
  /** Its program's last mistake, and when it made it. */
  trouble: { readonly text: string; readonly time: number } | undefined;
  /** When the last bytes came. */
  heardAt: number;

  constructor(readonly since: number) {
    this.heardAt = since;
  }

  command({ type }: Command): void {
    switch (type) {
      case "send":
      case "sendAll":
      case "say":
      case "announce":
        this.sent++;
        return;
      case "taken":
        this.confirmed++;
        return;
      case "missed":
        this.missed++;
    }
  }

  complaint(text: string, time: number): void {
    if (text.startsWith("got 401")) this.refused++;
    this.trouble = { text, time };
  }
}

interface Known extends UserOfDay {
  readonly totals: UserTotals;
}

const NONE: UserTotals = { sent: 0, confirmed: 0, missed: 0, refused: 0, trouble: undefined };
/** Cap on users of the day: as many as may be online by default. The one who left longest ago is dropped first. */
const USERS = 2000;

/** The users who were here today, with the counts of their ended sessions. */
export class ActivityBook {
  readonly #users = new Map<string, Known>();

  /** A session of a user has begun. */
  seen(name: string, since: number, now: number): void {
    this.#put(name, since, now, NONE);
  }

  /** A session of a user has ended. */
  ended(name: string, activity: SessionActivity, now: number): void {
    this.#put(name, activity.since, now, activity);
  }

  /** The counts of a user's ended sessions. */
  totalsOf(name: string): UserTotals {
    return this.#users.get(name)?.totals ?? NONE;
  }

  /** The users who were here since a time, the latest first; the others are forgotten. */
  usersSince(time: number, most: number): UserOfDay[] {
    const users: UserOfDay[] = [];
    for (const [name, { first, last }] of this.#users) {
      if (last < time) this.#users.delete(name);
      else users.push({ name, first, last });
    }
    return users.reverse().slice(0, most);
  }

  #put(name: string, since: number, now: number, more: UserTotals): void {
    const known = this.#users.get(name);
    this.#users.delete(name);
    const first = Math.min(known?.first ?? since, since);
    this.#users.set(name, { name, first, last: now, totals: added(known?.totals ?? NONE, more) });
    if (this.#users.size > USERS) this.#users.delete(this.#users.keys().next().value!);
  }
}

/** The sum of two counts, and the later trouble. */
export function added(one: UserTotals, other: UserTotals): UserTotals {
  if (other === NONE) return one;
  return {
    sent: one.sent + other.sent,
    confirmed: one.confirmed + other.confirmed,
    missed: one.missed + other.missed,
    refused: one.refused + other.refused,
    trouble: (other.trouble?.time ?? 0) >= (one.trouble?.time ?? 0) ? other.trouble ?? one.trouble : one.trouble,
  };
}

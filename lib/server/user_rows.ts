import type { ChatView } from "../chat/view.ts";
import type { UserOfDay, UserRow, UserTotals } from "../chat/server_snapshot.ts";
import { added } from "./activity.ts";
import type { SessionRunner } from "./runner.ts";
import type { SessionHost } from "./session_host.ts";

interface Connected {
  readonly hosts: SessionHost[];
  isLoggedIn: boolean;
  isGuest: boolean;
}

/** Rows of all connected users and guests: those with a problem first, the latest on top; then in the order in which they came. */
export function userRows(runner: SessionRunner, { people, guests }: ChatView, now: number): UserRow[] {
  const users = new Map(people.flatMap(({ name, sessions }) => sessions.map((id) => [id, name])));
  const guestNames = new Map(guests.map(({ name, session }) => [session, name]));
  const rows = new Map<string, Connected>();
  for (const host of runner.hosts) {
    if (host.protocol.bypassesHub || host.protocol.oneShot) continue;
    const name = users.get(host.id) ?? guestNames.get(host.id) ?? host.who;
    let row = rows.get(name);
    if (!row) rows.set(name, row = { hosts: [], isLoggedIn: false, isGuest: false });
    row.hosts.push(host);
    row.isLoggedIn ||= users.has(host.id);
    row.isGuest ||= guestNames.has(host.id);
  }
  return [...rows].map(([name, connected]) => rowOf(runner, name, connected, now)).sort(byTrouble);
}

/** The users of the day who have a login, at most `most`. */
export function usersToday(runner: SessionRunner, { people }: ChatView, now: number, most: number): UserOfDay[] {
  // A user who has been here since yesterday was here today, too.
  for (const { name, since } of people) runner.users.seen(name, since, now);
  return runner.users.usersSince(new Date(now).setHours(0, 0, 0, 0), most);
}

function rowOf(runner: SessionRunner, name: string, { hosts, isLoggedIn, isGuest }: Connected, now: number): UserRow {
  let totals = isLoggedIn ? runner.users.totalsOf(name) : EMPTY;
  for (const { activity, id } of hosts) {
    totals = added(totals, activity);
    totals = { ...totals, confirmed: totals.confirmed + runner.hub.confirmedBy(id) };
  }
  const last = hosts.reduce((one, other) => other.activity.heardAt > one.activity.heardAt ? other : one);
  const { sent, confirmed, missed, refused, trouble } = totals;
  const isNative = (host: SessionHost) => runner.hub.isNative(host.id);
  return {
    ...{ name, isLoggedIn, isGuest, sent, confirmed, missed, refused, trouble },
    listeners: unique(hosts.map(({ protocol }) => protocol.name)),
    programs: unique(hosts.map((host) => programOf(host, isNative(host)))),
    since: Math.min(now, ...hosts.map(({ activity }) => activity.since)),
    confirms: hosts.some((host) => CONFIRMING.includes(host.protocol.name) || isNative(host)),
    hasDeadline: hosts.some((host) => host.protocol.name === "im" && !isNative(host)),
    line: last.trace.lastLine,
    heardAt: last.activity.heardAt,
  };
}

/** Protocols of handouts with a confirmation for each private message. */
const CONFIRMING = ["im", "mychat"];
const EMPTY: UserTotals = { sent: 0, confirmed: 0, missed: 0, refused: 0, trouble: undefined };

function programOf({ protocol, trace: { lastLine } }: SessionHost, isNative: boolean): string {
  if (protocol.name === "web") return "the page";
  if (protocol.name === "mychat") return "mailbox program";
  if (isNative) return "client chat";
  // Telnet ends its lines like this; a program that is written from a handout rarely does.
  return lastLine?.endsWith("\r") ? "telnet" : "own program";
}

function byTrouble(one: UserRow, other: UserRow): number {
  return (other.trouble?.time ?? 0) - (one.trouble?.time ?? 0);
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}

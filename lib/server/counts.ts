import type { ChatView } from "../chat/view.ts";
import { type Address, isLoopback } from "../core/address.ts";
import type { ListenerCounts } from "../chat/server_snapshot.ts";
import type { SessionRunner } from "./runner.ts";

/** A user who is online, and by which listeners. */
export interface UserCounts {
  readonly name: string;
  readonly listeners: readonly string[];
  readonly since: number;
}

export interface Counts {
  readonly listeners: readonly ListenerCounts[];
  readonly people: readonly UserCounts[];
  /** Bytes that were written and that peers have not taken yet. */
  readonly waitingBytes: number;
}

/** Counts sessions and users by listener. */
export function countAll(
  runner: SessionRunner,
  view: ChatView,
  listeners: readonly (Address & { readonly name: string })[],
): Counts {
  const listenerOf = new Map<number, string>();
  const sessions = new Map<string, number>();
  let waitingBytes = 0;
  for (const host of runner.hosts) {
    const { name } = host.protocol;
    listenerOf.set(host.id, name);
    sessions.set(name, (sessions.get(name) ?? 0) + 1);
    waitingBytes += host.waitingBytes;
  }
  const online = new Map<string, number>();
  const people = view.people.map(({ name, since, sessions }) => {
    const names = [...new Set(sessions.map((id) => listenerOf.get(id)).filter((name) => name !== undefined))];
    for (const listener of names) online.set(listener, (online.get(listener) ?? 0) + 1);
    return { name, listeners: names, since };
  });
  const counted = listeners.map(({ name, hostname, port }) => ({
    ...{ name, hostname, port },
    ...{ sessions: sessions.get(name) ?? 0, people: online.get(name) ?? 0 },
  }));
  return { listeners: counted, people, waitingBytes };
}

/** The addresses by which other machines may reach this one; IPv4 first, since it is easier to type. */
export function reachable(addresses: readonly string[]): string[] {
  const outside = [...new Set(addresses)].filter((address) =>
    !isLoopback(address) && !/^(169\.254\.|fe80:)/i.test(address)
  );
  return [...outside.filter((each) => !each.includes(":")), ...outside.filter((each) => each.includes(":"))];
}

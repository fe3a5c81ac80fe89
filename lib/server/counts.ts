import { isLoopback } from "../core/address.ts";
import type { ChatView } from "../chat/view.ts";
import type { SessionRunner } from "./runner.ts";

/** An open listener and its address. */
export interface OpenListenerAddress {
  readonly door: string;
  readonly hostname: string;
  readonly port: number;
}

/** A listener, and the number of its sessions and people. */
export interface ListenerCounts extends OpenListenerAddress {
  /** Sessions, including those without a login. */
  readonly sessions: number;
  /** People online, each once. */
  readonly people: number;
}

/** A user who is online, and the listeners of their sessions. */
export interface UserCounts {
  readonly name: string;
  readonly doors: readonly string[];
  readonly since: number;
}

/** Who is online, and by which listener. */
export interface Counts {
  readonly doors: readonly ListenerCounts[];
  readonly people: readonly UserCounts[];
  /** Output that waits for peers to read it. */
  readonly waitingBytes: number;
}

/** Counts the sessions and people of each listener. */
export function countAll(runner: SessionRunner, view: ChatView, doors: readonly OpenListenerAddress[]): Counts {
  const doorOf = new Map<number, string>();
  const sessions = new Map<string, number>();
  let waitingBytes = 0;
  for (const host of runner.hosts) {
    const { name } = host.protocol;
    doorOf.set(host.id, name);
    sessions.set(name, (sessions.get(name) ?? 0) + 1);
    waitingBytes += host.waitingBytes;
  }
  const online = new Map<string, number>();
  const people = view.people.map(({ name, since, sessions }) => {
    const theirs = [...new Set(sessions.map((id) => doorOf.get(id)).filter((door) => door !== undefined))];
    for (const door of theirs) online.set(door, (online.get(door) ?? 0) + 1);
    return { name, doors: theirs, since };
  });
  return {
    doors: doors.map((place) => ({
      ...place,
      sessions: sessions.get(place.door) ?? 0,
      people: online.get(place.door) ?? 0,
    })),
    people,
    waitingBytes,
  };
}

/** The addresses at which other machines may reach this one; IPv4 first, since it is easier to type. */
export function reachable(addresses: readonly string[]): string[] {
  const outside = [...new Set(addresses)].filter((address) =>
    !isLoopback(address) && !/^(169\.254\.|fe80:)/i.test(address)
  );
  return [...outside.filter((each) => !each.includes(":")), ...outside.filter((each) => each.includes(":"))];
}

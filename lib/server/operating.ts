import type { SessionRunner } from "./runner.ts";

/** What the operator does and sees, at the console and at the server's page. */
export interface Operating {
  /** Says something to every user and guest; the rule that the text breaks, if it is not said. */
  say(text: string): string | undefined;
  /** Ends all sessions of a user or a guest; returns how many. */
  kick(name: string): number;
  /** The users and guests online, and their listeners. */
  online(): { readonly name: string; readonly listeners: readonly string[] }[];
}

/** The operator of a running server. */
export function operatingOf(runner: SessionRunner): Operating {
  const { operator } = runner.hub;
  return {
    say: (text) => runner.operate((now) => operator.say(text, now)),
    kick: (name) => runner.operate(() => operator.endSessions(name)),
    online() {
      const listenerOf = new Map([...runner.hosts].map(({ id, protocol }) => [id, protocol.name]));
      const { people, guests } = runner.hub.view(0);
      const listenersOf = (ids: readonly number[]) => [
        ...new Set(ids.map((id) => listenerOf.get(id)).filter((name) => name !== undefined)),
      ];
      return [
        ...people.map(({ name, sessions }) => ({ name, listeners: listenersOf(sessions) })),
        ...guests.map(({ name }) => ({ name, listeners: ["guest"] })),
      ];
    },
  };
}

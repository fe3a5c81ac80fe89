import type { SessionRunner } from "./runner.ts";

/** The actions and views of the operator, at the console and on the server's page. */
export interface Operating {
  /** Sends a notice to every user and guest; returns the rule that the text breaks, if it is refused. */
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

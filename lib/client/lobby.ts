import { LobbyClient } from "../protocols/lobby/client.ts";
import { LOBBY_PROTOCOL } from "../protocols/lobby/server.ts";
import { openLobbyTerminal } from "../terminal/lobby_terminal.ts";
import { traceLine } from "../terminal/print.ts";
import type { JoinPlan } from "./command_line.ts";
import { dialled, ending, onStop, type Over } from "./ending.ts";
import { LobbyConnection } from "./lobby_connection.ts";

/** The lobby handout's client. */
export async function lobby(plan: JoinPlan): Promise<number> {
  const conn = await dialled(plan);
  if (!conn) return 1;
  const net = new LobbyConnection(conn);
  const over = Promise.withResolvers<Over>();
  const interrupt = () => over.resolve({ status: 130, why: undefined });
  const face = openLobbyTerminal({ line: (text) => client.typed(text), end: () => client.inputEnded(), interrupt });
  const trace = plan.trace
    ? (...[direction, line]: ["up" | "down", string]) =>
      face.note(traceLine(Date.now(), "-", LOBBY_PROTOCOL.links[0], direction, line))
    : undefined;
  const client: LobbyClient = new LobbyClient({
    write: (bytes) => net.write(bytes),
    show: (line) => (trace?.("down", line), face.show(line)),
    own: (text) => (trace?.("up", text), face.own(text)),
    finish: () => net.finish(),
    ended: (status, why) => over.resolve({ status, why }),
  });
  net.start(client);
  onStop(interrupt);
  return await ending(over.promise, () => net.close(), () => face.close());
}

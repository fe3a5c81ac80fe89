import type { JoinPlan } from "./command_line.ts";
import { openLobbyFace } from "../terminal/lobby_app.ts";
import { traceLine } from "../terminal/trace.ts";
import { LobbyStream } from "./lobby_connection.ts";
import { LobbyClient } from "../protocols/lobby/client.ts";
import { LOBBY_DOOR } from "../protocols/lobby/door.ts";
import { ending, onStop, type Over } from "./ending.ts";
import { dialled } from "./joining.ts";

/** The lobby handout's client. */
export async function lobby(plan: JoinPlan): Promise<number> {
  const conn = await dialled(plan);
  if (!conn) return 1;
  const net = new LobbyStream(conn);
  const over = Promise.withResolvers<Over>();
  const interrupt = () => over.resolve({ status: 130, why: undefined });
  const face = openLobbyFace({ line: (text) => client.typed(text), end: () => client.inputEnded(), interrupt });
  const trace = plan.trace
    ? (...[direction, line]: ["up" | "down", string]) =>
      face.note(traceLine(Date.now(), "-", LOBBY_DOOR.links[0], direction, line))
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

import { reason } from "../core/reason.ts";
import { Connection } from "../net/tcp.ts";
import { LobbyClient, type LobbyClientOutput } from "../protocols/lobby/client.ts";
import { LOBBY_PROTOCOL } from "../protocols/lobby/server.ts";
import { openLobbyTerminal } from "../terminal/lobby_terminal.ts";
import { printError, traceLine } from "../terminal/print.ts";
import type { JoinPlan } from "./command_line.ts";
import { openTcp } from "./connections.ts";
import { ending, onStop, type ProgramEnd } from "./program.ts";
import { Runner } from "./runner.ts";

const OPTIONS = { outboxBytes: 1024 * 1024, separateWrites: false, lingerMs: 1000 };

/** The lobby handout's client; resolves with the exit status. */
export async function lobby(plan: JoinPlan): Promise<number> {
  let conn: Deno.TcpConn;
  try {
    conn = await openTcp(plan);
  } catch (error) {
    printError(`client: ${reason(error)}\n`);
    return 1;
  }
  const end = Promise.withResolvers<ProgramEnd>();
  const runner = new Runner<LobbyClientOutput, LobbyClient>(new LobbyClient(), perform);
  const connection = new Connection(conn, {
    receive: (bytes) => runner.input((client, now) => client.receive(bytes, now)),
    hungry: () => true,
    closed: (ending) => runner.input((client) => client.closed(ending)),
    failed: () => runner.input((client) => client.closed("broken")),
  }, OPTIONS);
  const interrupt = () => end.resolve({ status: 130 });
  const terminal = openLobbyTerminal({
    line: (text) => runner.input((client) => client.typed(text)),
    end: () => runner.input((client) => client.inputEnded()),
    interrupt,
  });

  function perform(output: LobbyClientOutput): void {
    switch (output.type) {
      case "write":
        return connection.write(output.bytes);
      case "line":
        trace("down", output.line);
        return terminal.show(output.line);
      case "own":
        trace("up", output.text);
        return terminal.own(output.text);
      case "finish":
        return connection.closeWrite();
      case "ended":
        return end.resolve(output);
    }
  }

  function trace(direction: "up" | "down", line: string): void {
    if (plan.trace) terminal.note(traceLine(Date.now(), "-", LOBBY_PROTOCOL.links[0], direction, line));
  }

  async function close(): Promise<void> {
    runner.close();
    connection.close();
    await connection.finished;
  }

  onStop(interrupt);
  return await ending(end.promise, close, () => terminal.close());
}

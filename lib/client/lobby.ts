import { reason } from "../core/reason.ts";
import { Connection } from "../net/tcp.ts";
import { LobbyClient, type LobbyClientOutput } from "../protocols/lobby/client.ts";
import { LOBBY_WIRE } from "../protocols/lobby/server.ts";
import { openLobbyTerminal } from "../terminal/lobby_terminal.ts";
import { printError } from "../terminal/print.ts";
import type { JoinPlan } from "./command_line.ts";
import { ClientTrace } from "./client_trace.ts";
import { openTcp } from "./connections.ts";
import { ending, onStop, type ProgramEnd } from "./program.ts";
import { Runner } from "./runner.ts";

const LINK = 0;
const OPTIONS = { outboxBytes: 1024 * 1024, separateWrites: false, lingerMs: 100 };

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
  const trace = ClientTrace.open(plan, {
    ...LOBBY_WIRE,
    name: () => "",
    show: (line) => terminal.note(line),
  });
  trace?.opened();
  const connection = new Connection(conn, {
    receive: (bytes) => {
      trace?.received(LINK, bytes);
      runner.input((client, now) => client.receive(bytes, now));
    },
    hungry: () => true,
    closed: (ending) => {
      trace?.closed(LINK);
      runner.input((client) => client.closed(ending));
    },
    tap: trace?.tap(LINK),
    failed: (why) => runner.input((client) => client.failed(why)),
  }, OPTIONS);
  const interrupt = () => end.resolve({ status: 130 });
  const terminal = openLobbyTerminal({
    line: (text) => runner.input((client, now) => client.typed(text, now)),
    end: () => runner.input((client, now) => client.inputEnded(now)),
    interrupt,
  });

  function perform(output: LobbyClientOutput): void {
    switch (output.type) {
      case "write":
        return connection.write(output.bytes);
      case "line":
        return terminal.show(output.line);
      case "own":
        return terminal.own(output.text);
      case "finish":
        return connection.closeWrite();
      case "ended":
        return end.resolve(unsent(output));
    }
  }

  /** The server may not have taken everything. */
  function unsent(end: ProgramEnd): ProgramEnd {
    const bytes = connection.waitingBytes;
    if (bytes === 0 || end.why !== undefined) return end;
    return { status: 1, why: `the last ${bytes} bytes were not sent: the server did not take them in time` };
  }

  async function close(): Promise<void> {
    runner.close();
    connection.close();
    await connection.finished;
    await trace?.close();
  }

  onStop(interrupt);
  return await ending(end.promise, close, () => terminal.close());
}

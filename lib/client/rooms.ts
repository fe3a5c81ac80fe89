import { UserError } from "../core/errors.ts";
import type { Machine } from "../core/machine.ts";
import { reason } from "../core/reason.ts";
import { Connection } from "../net/tcp.ts";
import type { RoomsClientOutput } from "../protocols/rooms/client_input.ts";
import { RoomsClient } from "../protocols/rooms/client.ts";
import { ROOMS_WIRE } from "../protocols/rooms/server.ts";
import { openRoomsTerminal } from "../terminal/rooms_terminal.ts";
import { printError } from "../terminal/print.ts";
import { ClientTrace } from "./client_trace.ts";
import type { RoomsPlan } from "./command_line.ts";
import { openTcp } from "./connections.ts";
import { ending, onStop, type ProgramEnd } from "./program.ts";
import { RoomsFiles } from "../store/rooms_files.ts";
import { Runner } from "./runner.ts";
import { usualDownloads } from "./transfer/files.ts";

const LINK = 0;
/** Each piece of a file is one write. */
const OPTIONS = { outboxBytes: 1024 * 1024, separateWrites: true, lingerMs: 1000 };

/** The rooms handout's client; resolves with the exit status. */
export async function rooms(plan: RoomsPlan): Promise<number> {
  const end = Promise.withResolvers<ProgramEnd>();
  let run: Runner<RoomsClientOutput, Machine<RoomsClientOutput>> | undefined = undefined;
  const interrupt = () => end.resolve({ status: 130 });
  onStop(interrupt);
  const terminal = openRoomsTerminal({
    line: (text) => input((client) => client.typed(text)),
    end: () => run ? input((client) => client.inputEnded()) : interrupt(),
    interrupt,
  });
  const given = await terminal.login(plan.name, plan.room);
  if (!given) {
    await terminal.close();
    throw new UserError("rooms needs --name and --room; for example: client rooms HOST --name alice --room lab1");
  }
  let conn: Deno.TcpConn;
  try {
    conn = await openTcp(plan);
  } catch (error) {
    await terminal.close();
    printError(`client: ${reason(error)}\n`);
    return 1;
  }
  const client = new RoomsClient({ ...given, autoAccept: plan.autoAccept, confirms: terminal.isInteractive });
  const files = new RoomsFiles(plan.downloads ?? usualDownloads());
  const trace = ClientTrace.open(plan, {
    ...ROOMS_WIRE,
    framing: "pieces",
    name: () => given.name,
    show: (line) => terminal.note(line),
  });
  trace?.opened();
  const connection: Connection = new Connection(conn, {
    receive: (bytes) => {
      trace?.received(LINK, bytes);
      input((client, now) => client.receive(bytes, now));
    },
    hungry: () => true,
    closed: (ending) => {
      trace?.closed(LINK);
      input((client, now) => client.closed(ending, now));
    },
    tap: trace?.tap(LINK),
    failed: () => input((client, now) => client.closed("broken", now)),
  }, OPTIONS);
  // Each tick reports the bytes that the server has not taken yet.
  const machine = {
    get wakeAt() {
      return client.wakeAt;
    },
    tick: (now: number) => client.tick(now, connection.waitingBytes),
    takeOutputs: () => client.takeOutputs(),
  };
  run = new Runner(machine, perform);
  terminal.begin();
  input(() => {});

  function input(give: (client: RoomsClient, now: number) => void): void {
    run?.input((_, now) => {
      give(client, now);
      client.tick(now, connection.waitingBytes);
    });
  }

  function perform(output: RoomsClientOutput): void {
    switch (output.type) {
      case "write":
        return connection.write(output.bytes);
      case "line":
        return terminal.show(output.line);
      case "note":
        return terminal.note(output.line);
      case "open":
        return open(output.path);
      case "read":
        return read(output.at, output.count);
      case "closeFile":
        return files.closeSent();
      case "receive":
        return files.receive(output.n, output.name);
      case "keep":
        return files.keep(output.n, output.bytes);
      case "save":
        return input((client) => client.saved(output.n, files.save(output.n)));
      case "drop":
        return files.drop(output.n);
      case "finish":
        return connection.closeWrite();
      case "ended":
        return end.resolve(output);
    }
  }

  function open(path: string): void {
    try {
      const bytes = files.open(path);
      input((client) => client.opened(path, bytes));
    } catch (error) {
      input((client) => client.notOpened(`cannot send ${path}: ${reason(error)}`));
    }
  }

  function read(at: number, count: number): void {
    try {
      const bytes = files.read(at, count);
      input((client, now) => client.fileRead(bytes, now, connection.waitingBytes));
    } catch (error) {
      input((client) => client.notRead(`the file cannot be read on: ${reason(error)}`));
    }
  }

  async function close(): Promise<void> {
    run?.close();
    files.close();
    connection.close();
    await connection.finished;
    await trace?.close();
  }

  return await ending(end.promise, close, () => terminal.close());
}

import { limits } from "../core/limits.ts";
import { reason } from "../core/reason.ts";
import { ImConnection } from "../net/im_connection.ts";
import { ImClient } from "../protocols/im/client.ts";
import type { ImClientOutput } from "../protocols/im/client_commands.ts";
import { IM_PROTOCOL } from "../protocols/im/server.ts";
import { readSecret } from "../store/private_file.ts";
import { openImTerminal } from "../terminal/im_terminal.ts";
import { printError, traceLine } from "../terminal/print.ts";
import type { JoinPlan } from "./command_line.ts";
import { openTcp } from "./connections.ts";
import { ending, onStop, type ProgramEnd } from "./program.ts";
import { Runner } from "./runner.ts";

/** The IM handout's client; resolves with the exit status. */
export async function im(plan: JoinPlan): Promise<number> {
  const password = readSecret(plan.passwordFile);
  let conn: Deno.TcpConn;
  try {
    conn = await openTcp(plan);
  } catch (error) {
    printError(`client: ${reason(error)}\n`);
    return 1;
  }
  const end = Promise.withResolvers<ProgramEnd>();
  const client = new ImClient({ name: plan.name, password, trace: plan.trace });
  const runner = new Runner<ImClientOutput, ImClient>(client, perform);
  const connection = new ImConnection(conn, {
    receive: (link, bytes) => runner.input((client, now) => client.receive(link, bytes, now)),
    closed: (link, ending) => runner.input((client, now) => client.closed(link, ending, now)),
    linkAccepted: (port) => runner.input((client) => client.linkAccepted(port)),
  });
  /** Called once the list that completion has asked for is there. */
  let namesKnown: (() => void) | undefined;
  const interrupt = () => runner.input((client, now) => client.interrupted(now));
  const terminal = openImTerminal({
    line: (text) => runner.input((client, now) => client.typed(text, now)),
    end: () => runner.input((client, now) => client.inputEnded(now)),
    interrupt,
    names: () => client.names,
    askNames: (known) => {
      const asked = runner.input((client, now) => client.askNames(now));
      if (asked) namesKnown = known;
      return asked;
    },
  });

  function perform(output: ImClientOutput): void {
    switch (output.type) {
      case "write":
        return connection.write(output.link, output.bytes);
      case "line":
        return terminal.show(output.line);
      case "expectLink":
        return connection.expectLink();
      case "confirmLink":
        return connection.confirmLink();
      case "probe":
        return void connection.probe(output.port).then((outcome) =>
          runner.input((client, now) => client.probed(outcome, now))
        );
      case "ask":
        return terminal.ask(output.prompt);
      case "names":
        return namesKnown?.();
      case "trace": {
        const link = IM_PROTOCOL.links[output.link]!;
        return terminal.note(traceLine(Date.now(), client.name || "-", link, output.direction, output.line));
      }
      case "ended":
        return end.resolve(output);
    }
  }

  onStop(interrupt);
  const idleMs = connection.isLocal ? Infinity : limits().idleMs;
  runner.input((client, now) => client.opened(connection.port, idleMs, now));
  return await ending(end.promise, () => runner.close(), () => connection.close(), () => terminal.close());
}

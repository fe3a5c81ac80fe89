import { clock } from "../net/clock.ts";
import { ImClientSession } from "../protocols/im/client.ts";
import { IM_PROTOCOL } from "../protocols/im/server.ts";
import { readSecret } from "../store/private_file.ts";
import { openImTerminal } from "../terminal/im_terminal.ts";
import { traceLine } from "../terminal/print.ts";
import type { JoinPlan } from "./command_line.ts";
import { dialled, ending, onStop, type Over } from "./ending.ts";
import { ImConnection } from "./im_connection.ts";

/** The IM handout's client: resolves with the status when it is over. */
export async function im(plan: JoinPlan): Promise<number> {
  const password = readSecret(plan.passwordFile);
  const conn = await dialled(plan);
  if (!conn) return 1;
  const net = new ImConnection(conn);
  const over = Promise.withResolvers<Over>();
  const face = openImTerminal({
    line: (text) => machine.typed(text),
    end: () => machine.inputEnded(),
    interrupt: () => machine.interrupted(clock()),
    names: () => machine.names,
    askNames: (heard) => machine.askNames(heard),
  });
  const machine = new ImClientSession({
    write: (link, bytes) => net.write(link, bytes),
    expectLink: () => net.expect(),
    linked: () => net.linked(),
    show: (_link, line) => face.show(line),
    ask: (question) => face.ask(question),
    end: (status, why) => over.resolve({ status, why }),
    ...(plan.trace ? { trace } : {}),
  }, { port: net.port, name: plan.name, password });
  function trace(link: number, direction: "up" | "down", line: string): void {
    face.note(traceLine(Date.now(), machine.name || "-", IM_PROTOCOL.links[link]!, direction, line));
  }
  onStop(() => machine.interrupted(clock()));
  net.start(machine);
  return await ending(over.promise, () => net.close(), () => face.close());
}

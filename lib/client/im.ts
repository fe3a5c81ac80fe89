import type { JoinPlan } from "./command_line.ts";
import { openImFace } from "../terminal/im_app.ts";
import { traceLine } from "../terminal/trace.ts";
import { clock } from "../net/clock.ts";
import { StreamClient } from "./im_connection.ts";
import { ImClientSession } from "../protocols/im/client.ts";
import { IM_DOOR } from "../protocols/im/door.ts";
import { readSecret } from "../store/secret_file.ts";
import { ending, onStop, type Over } from "./ending.ts";
import { dialled } from "./joining.ts";

/** The IM handout's client: resolves with the status when it is over. */
export async function im(plan: JoinPlan): Promise<number> {
  const password = readSecret(plan.passwordFile);
  const conn = await dialled(plan);
  if (!conn) return 1;
  const net = new StreamClient(conn);
  const over = Promise.withResolvers<Over>();
  const face = openImFace({
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
    face.note(traceLine(Date.now(), machine.name || "-", IM_DOOR.links[link]!, direction, line));
  }
  onStop(() => machine.interrupted(clock()));
  net.start(machine);
  return await ending(over.promise, () => net.close(), () => face.close());
}

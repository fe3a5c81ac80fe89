import { cleaned } from "./lib/base/text.ts";
import { reason } from "./lib/base/reason.ts";
import { UsageError } from "./lib/face/flags.ts";
import { type ClientPlan, readClientLine } from "./lib/face/client_line.ts";
import { print, printError } from "./lib/face/print.ts";
import { openImFace } from "./lib/face/terminal/im_face.ts";
import { traceLine } from "./lib/face/trace.ts";
import { endpoint } from "./lib/net/address.ts";
import { clock } from "./lib/net/clock.ts";
import { connect } from "./lib/net/dial.ts";
import { StreamClient } from "./lib/net/stream_client.ts";
import { ImClientSession } from "./lib/wire/im/client.ts";
import { IM_DOOR } from "./lib/wire/im/door.ts";

const CONNECT_MS = 10_000;

type ImPlan = Extract<ClientPlan, { type: "im" }>;

async function main(args: readonly string[]): Promise<number> {
  try {
    const plan = readClientLine(args);
    if (plan.type === "im") return await im(plan);
    print(plan.text);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    printError(`client: ${cleaned(error.message)}\n`);
    return 2;
  }
}

/** The IM handout's client: resolves with the status when it is over. */
async function im(plan: ImPlan): Promise<number> {
  const password = readPassword(plan.passwordFile);
  const net = await reach(plan);
  if (!net) return 1;
  const over = Promise.withResolvers<{ status: number; why: string | undefined }>();
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
  const windows = Deno.build.os === "windows";
  for (const signal of windows ? ["SIGINT"] as const : ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => machine.interrupted(clock()));
  }
  net.start(machine);
  const { status, why } = await over.promise;
  await net.close();
  await face.close();
  if (why !== undefined) printError(`client: ${cleaned(why)}\n`);
  return status;
}

async function reach(plan: ImPlan): Promise<StreamClient | undefined> {
  try {
    return new StreamClient(await connect(plan.host, plan.port, CONNECT_MS));
  } catch (error) {
    const where = endpoint(plan.host, plan.port);
    printError(`client: cannot connect to ${where}: ${reason(error)}\n`);
    return undefined;
  }
}

function readPassword(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return Deno.readTextFileSync(file).replace(/^\ufeff/, "").split(/\r?\n/, 1)[0]!;
  } catch (error) {
    throw new UsageError(`cannot read the password file ${file}: ${reason(error)}`);
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));

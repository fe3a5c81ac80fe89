import { UserError } from "../core/errors.ts";
import { reason } from "../core/reason.ts";
import { clock } from "../net/clock.ts";
import { peerOptions } from "../peers/options.ts";
import { PageServer, type PageServerOutput } from "../peers/page_server.ts";
import { defaultDataFolder } from "../store/identity.ts";
import { openPeerStore } from "../store/open_peer_store.ts";
import { completePath } from "../store/paths.ts";
import { freshRun } from "../store/proofs.ts";
import { openPeerTerminal } from "../terminal/chat_terminal.ts";
import { traceLine } from "../terminal/print.ts";
import type { PeerPlan } from "./command_line.ts";
import { ending, onStop, type ProgramEnd } from "./program.ts";
import { openPage } from "./open_page.ts";
import { PeerClient, type PeerClientHooks } from "./peer_client.ts";
import { ClientFiles } from "./transfer/files.ts";

/** Chat straight with others, without a server. */
export async function peer(plan: PeerPlan): Promise<number> {
  const over = Promise.withResolvers<ProgramEnd>();
  let failure: string | undefined;
  let interrupted = false;
  const net = openPort(plan.udp, {
    show: (event, ref) => {
      forPage((page) => page.event(event, ref, clock()));
      if (!page && event.type === "message" && files.heard(event.message, event.own)) return;
      face.event(event);
      if (event.type === "online") files.online(event.name);
    },
    // Files are between pages, or programs that have no page, on this side.
    signalled: (...signal) => page ? forPage((page) => page.signalled(...signal)) : files.signalled(...signal),
    settled: () => face.chat(plan.name),
    ended: () => over.resolve({ status: failure !== undefined ? 1 : interrupted ? 130 : 0, why: failure }),
    failed: (why) => {
      failure = why;
      net.leave();
    },
    ...(plan.trace ? { trace: (who, ...line) => face.note(traceLine(Date.now(), plan.name, who, ...line)) } : {}),
  });
  const { keys, store, temporary } = await openPeerStore(plan.data ?? defaultDataFolder(), plan.name);
  const face: ReturnType<typeof openPeerTerminal> = openPeerTerminal({
    say: (to, text) => {
      const said = net.say(to, text);
      if ("id" in said) forPage((page) => page.sentElsewhere(said.id, to, text, clock()));
      return said;
    },
    ask: (question) => question.type === "add" ? void net.add(question.host, question.port) : net.ask(question),
    file: (act) => page ? face.problem("files are sent and taken in the page") : files.do(act),
    paths: completePath,
    leave: () => files.leave(() => net.leave()),
    interrupt: () => interrupt(),
  });
  const files = new ClientFiles(plan, face, {
    say: (to, text) => net.say(to, text),
    signal: (to, text) => {
      if (!net.signal(to, text)) setTimeout(() => files.notReached(to), 0);
    },
  });
  const page = plan.page ? new PageServer(plan.name, freshRun()) : undefined;
  /** Gives the page's server an input, then does what it wants done. */
  function forPage(input: (page: PageServer) => void): void {
    if (!page) return;
    input(page);
    for (let outputs = page.takeOutputs(); outputs.length > 0; outputs = page.takeOutputs()) {
      for (const output of outputs) perform(page, output);
    }
  }
  function perform(page: PageServer, output: PageServerOutput): void {
    switch (output.type) {
      case "say":
        return page.sent(output, net.say(output.to, output.text), clock());
      case "ask":
        return net.ask(output.question, output.ref);
      case "signal":
        return net.signal(output.to, output.text) ? undefined : page.unheard(output.to);
      default:
        open?.perform(output);
    }
  }
  const interrupt = () => (interrupted = true, net.leave());
  if (temporary !== undefined) face.problem(temporary);
  const { table } = plan;
  // An offer may be the first that is heard.
  files.loggedIn(plan.name);
  const parts = { name: plan.name, keys, store, options: peerOptions(), isTemporary: temporary !== undefined };
  net.start(parts, table ? { hostname: table.host, port: table.port } : "multicast");
  const open = page && openPage(
    {
      name: page.name,
      isLoggedIn: page.isLoggedIn,
      pageOpened: (number) => forPage((page) => page.pageOpened(number)),
      pageReceived: (number, json) => forPage((page) => page.pageReceived(number, json)),
      pageClosed: (number) => forPage((page) => page.pageClosed(number)),
    },
    "Partyline among peers",
    (line) => face.note(line),
  );
  onStop(interrupt);
  return await ending(over.promise, () => open?.close(), () => files.close(), () => store.close(), () => face.close());
}

function openPort(port: number, hooks: PeerClientHooks): PeerClient {
  try {
    return new PeerClient(port, hooks);
  } catch (error) {
    throw new UserError(`cannot take UDP port ${port}: ${reason(error)}`);
  }
}

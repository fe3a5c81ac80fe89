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

/** Chat directly with others, without a server; resolves with the exit status. */
export async function peer(plan: PeerPlan): Promise<number> {
  const end = Promise.withResolvers<ProgramEnd>();
  let failure: string | undefined;
  let interrupted = false;
  const net = openPort(plan.udp, {
    show: (event, ref) => {
      forPage((page) => page.event(event, ref, clock()));
      if (!page && event.type === "message" && files.heard(event.message, event.own)) return;
      terminal.event(event);
      if (event.type === "online") files.online(event.name);
    },
    // With a page, it is the page that transfers files.
    signalled: (...signal) => page ? forPage((page) => page.signalled(...signal)) : files.signalled(...signal),
    settled: () => terminal.chat(plan.name),
    ended: () => end.resolve({ status: failure !== undefined ? 1 : interrupted ? 130 : 0, why: failure }),
    failed: (why) => {
      failure = why;
      net.leave();
    },
    ...(plan.trace ? { trace: (who, ...line) => terminal.note(traceLine(Date.now(), plan.name, who, ...line)) } : {}),
  });
  const { keys, store, temporary } = await openPeerStore(plan.data ?? defaultDataFolder(), plan.name);
  const terminal: ReturnType<typeof openPeerTerminal> = openPeerTerminal({
    say: (to, text) => {
      const said = net.say(to, text);
      if ("id" in said) forPage((page) => page.sentElsewhere(said.id, to, text, clock()));
      return said;
    },
    ask: (question) => question.type === "add" ? void net.add(question.host, question.port) : net.ask(question),
    file: (act) => page ? terminal.problem("use the page for files") : files.do(act),
    paths: completePath,
    leave: () => files.leave(() => net.leave()),
    interrupt: () => interrupt(),
  });
  const files = new ClientFiles(plan, terminal, {
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
  if (temporary !== undefined) terminal.problem(temporary);
  const { table } = plan;
  // The first message may be an offer.
  files.loggedIn(plan.name);
  const parts = { name: plan.name, keys, store, options: peerOptions(), isTemporary: temporary !== undefined };
  net.start(parts, table ? { hostname: table.host, port: table.port } : "multicast", plan.tableRefreshMs);
  const open = page && openPage(
    {
      name: page.name,
      isLoggedIn: page.isLoggedIn,
      pageOpened: (number) => forPage((page) => page.pageOpened(number)),
      pageReceived: (number, json) => forPage((page) => page.pageReceived(number, json)),
      pageClosed: (number) => forPage((page) => page.pageClosed(number)),
    },
    "Partyline among peers",
    plan.data ?? defaultDataFolder(),
    (line) => terminal.note(line),
  );
  onStop(interrupt);
  return await ending(
    end.promise,
    () => open?.close(),
    () => files.close(),
    () => store.close(),
    () => terminal.close(),
  );
}

function openPort(port: number, hooks: PeerClientHooks): PeerClient {
  try {
    return new PeerClient(port, hooks);
  } catch (error) {
    throw new UserError(`cannot take UDP port ${port}: ${reason(error)}`);
  }
}

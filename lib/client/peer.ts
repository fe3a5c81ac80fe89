import { isPlainLabel } from "../chat/names.ts";
import { UserError } from "../core/errors.ts";
import { reason } from "../core/reason.ts";
import { clock } from "../net/clock.ts";
import { isFreeUdpPort } from "../net/free_port.ts";
import type { PeerEvent, PeerQuestion } from "../peers/event.ts";
import { peerOptions } from "../peers/options.ts";
import { PageServer, type PageServerOutput } from "../peers/page_server.ts";
import { defaultDataFolder } from "../store/identity.ts";
import { openPeerStore } from "../store/open_peer_store.ts";
import { completePath } from "../store/paths.ts";
import { freshRun } from "../store/proofs.ts";
import { type ChatClientActions, type ChatTerminal, openPeerTerminal } from "../terminal/chat_terminal.ts";
import type { PeerPlan } from "./command_line.ts";
import { ending, onStop, type ProgramEnd } from "./program.ts";
import { PeerClient, type PeerClientHooks } from "./peer_client.ts";
import { PeerForm, type PeerStart } from "./peer_form.ts";
import { PeerPage } from "./peer_page.ts";
import { PeerTrace } from "./peer_trace.ts";
import { ClientFiles } from "./transfer/files.ts";
import { typedHistory } from "./typed_history.ts";

type PeerTerminal = ChatTerminal<PeerQuestion, PeerEvent>;

/** Chat directly with others, without a server; resolves with the exit status. */
export async function peer(plan: PeerPlan): Promise<number> {
  const stopped = Promise.withResolvers<number>();
  let chat: ChatClientActions<PeerQuestion> | undefined;
  let isInterrupted = false;
  const interrupt = () => {
    isInterrupted = true;
    if (chat) chat.interrupt();
    else stopped.resolve(130);
  };
  const terminal = openPeerTerminal({
    say: (to, text) => chat ? chat.say(to, text) : { why: "there is no chat yet" },
    ask: (question) => chat?.ask(question),
    file: (act) => chat?.file(act),
    paths: completePath,
    leave: () => {
      // A program that was started without a console stays for its page.
      if (plan.page && !Deno.stdin.isTerminal()) return;
      // Before the chat, the user is asked for what it needs.
      if (chat) chat.leave();
      else stopped.resolve(0);
    },
    interrupt,
  }, typedHistory(plan));
  onStop(interrupt);
  const page = plan.page ? new PeerPage(plan, (line) => terminal.note(line)) : undefined;
  try {
    const start = await Promise.race([page?.filled ?? filledIn(plan, terminal), stopped.promise]);
    if (typeof start === "number") return start;
    return await talk({ ...plan, ...start }, terminal, page, (actions) => {
      chat = actions;
      // While its files were opened, there was nothing yet that could end.
      if (isInterrupted) queueMicrotask(() => actions.interrupt());
    });
  } finally {
    await page?.close();
    await terminal.close();
  }
}

/** The settings of the peer, once the user has answered the questions that the command line leaves open. */
function filledIn(plan: PeerPlan, terminal: PeerTerminal): Promise<PeerStart> {
  const { name, udp, table } = plan;
  const form = new PeerForm(plan.asked, { name, udp, table }, isFreeUdpPort);
  const filled = Promise.withResolvers<PeerStart>();
  const askNext = () => {
    const { question } = form;
    if (question === undefined) return filled.resolve(form.start);
    terminal.question(question, (line) => {
      const why = form.answer(line);
      if (why !== undefined) terminal.problem(why);
      askNext();
    });
  };
  askNext();
  return filled.promise;
}

/** Runs the chat; `ready` gets the interface for the terminal. */
async function talk(
  plan: PeerPlan,
  terminal: PeerTerminal,
  open: PeerPage | undefined,
  ready: (actions: ChatClientActions<PeerQuestion>) => void,
): Promise<number> {
  const end = Promise.withResolvers<ProgramEnd>();
  let failure: string | undefined;
  let interrupted = false;
  const trace = PeerTrace.open(plan, plan.name, (line) => terminal.note(line));
  const net = openPort(plan.udp, {
    show: (event, ref) => {
      forPage((page) => page.event(event, ref, clock()));
      // Other programs cannot offer files, even if their text looks like an offer.
      const mayBeOffer = !page && event.type === "message" && !isPlainLabel(event.message.from);
      if (mayBeOffer && files.heard(event.message, event.own)) return;
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
    trace,
  });
  const { keys, store, temporary } = await openPeerStore(plan.data ?? defaultDataFolder(), plan.name);
  const files = new ClientFiles(plan, terminal, {
    say: (to, text) => net.say(to, text),
    signal: (to, text) => {
      if (!net.signal(to, text)) setTimeout(() => files.notReached(to), 0);
    },
  });
  const page = open ? new PageServer(plan.name, freshRun()) : undefined;
  /** Gives the page's server an input, then performs its outputs. */
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
  ready({
    say: (to, text) => {
      const said = net.say(to, text);
      if ("id" in said) forPage((page) => page.sentElsewhere(said.id, to, text, clock()));
      return said;
    },
    ask: (question) => question.type === "add" ? void net.add(question.host, question.port) : net.ask(question),
    file: (act) => page ? terminal.problem("use the page for files") : files.do(act),
    paths: completePath,
    leave: () => files.leave(() => net.leave()),
    interrupt: () => {
      interrupted = true;
      net.leave();
    },
  });
  if (temporary !== undefined) terminal.problem(temporary);
  const { table } = plan;
  // The first message may be an offer.
  files.loggedIn(plan.name);
  const parts = { name: plan.name, keys, store, options: peerOptions(), isTemporary: temporary !== undefined };
  net.start(parts, table ? { hostname: table.host, port: table.port } : "multicast", plan.tableRefreshMs);
  open?.begin({
    table: () => net.table,
    pageOpened: (number) => forPage((page) => page.pageOpened(number)),
    pageReceived: (number, json) => forPage((page) => page.pageReceived(number, json)),
    pageClosed: (number) => forPage((page) => page.pageClosed(number)),
  });
  return await ending(
    end.promise,
    () => open?.close(),
    () => files.close(),
    () => store.close(),
    () => trace?.close(),
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

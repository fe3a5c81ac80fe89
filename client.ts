import { cleaned, oneLine } from "./lib/base/text.ts";
import { reason } from "./lib/base/reason.ts";
import { UsageError } from "./lib/face/flags.ts";
import { type ChatFace, openChatFace } from "./lib/face/chat_face.ts";
import { type JoinPlan, type PeerPlan, readClientLine } from "./lib/face/client_line.ts";
import { openLobbyFace } from "./lib/face/lobby_face.ts";
import { openPeerFace, type PeerFace } from "./lib/face/peer_face.ts";
import { print, printError } from "./lib/face/print.ts";
import { openImFace } from "./lib/face/terminal/im_face.ts";
import { traceLine } from "./lib/face/trace.ts";
import { endpoint } from "./lib/base/address.ts";
import { ChatClient } from "./lib/net/chat_client.ts";
import { clock } from "./lib/net/clock.ts";
import type { Companion } from "./lib/net/companion.ts";
import { connect } from "./lib/net/dial.ts";
import { LobbyStream } from "./lib/net/lobby_stream.ts";
import { MailboxClient } from "./lib/net/mailbox_client.ts";
import { PeerClient, type PeerClientHooks } from "./lib/net/peer_client.ts";
import { StreamClient } from "./lib/net/stream_client.ts";
import { Identity, IdentityError, usualFolder } from "./lib/store/identity.ts";
import { openPeerKept } from "./lib/store/peer_kept.ts";
import { freshNonce, freshRun, Prover } from "./lib/store/prover.ts";
import { StoreError } from "./lib/store/store_error.ts";
import { peerOptions } from "./lib/peer/options.ts";
import { Peer } from "./lib/peer/peer.ts";
import { ImClientSession } from "./lib/wire/im/client.ts";
import { IM_DOOR } from "./lib/wire/im/door.ts";
import { LobbyClient } from "./lib/wire/lobby/client.ts";
import { LOBBY_DOOR } from "./lib/wire/lobby/door.ts";
import type { Asked } from "./lib/wire/native/client.ts";
import { MAILBOX_DOOR } from "./lib/wire/native/door.ts";
import type { Happening } from "./lib/wire/native/happening.ts";

const CONNECT_MS = 10_000;

async function main(args: readonly string[]): Promise<number> {
  try {
    const plan = readClientLine(args);
    if (plan.type === "print") return print(plan.text), 0;
    if (plan.type === "peer") return await peer(plan);
    return await { im, chat, mailbox, lobby }[plan.type](plan);
  } catch (error) {
    if (![UsageError, IdentityError, StoreError].some((kind) => error instanceof kind)) throw error;
    printError(`client: ${cleaned(reason(error))}\n`);
    return 2;
  }
}

/** The IM handout's client: resolves with the status when it is over. */
async function im(plan: JoinPlan): Promise<number> {
  const password = readPassword(plan.passwordFile);
  const conn = await dialled(plan);
  if (!conn) return 1;
  const net = new StreamClient(conn);
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
  onStop(() => machine.interrupted(clock()));
  net.start(machine);
  const { status, why } = await over.promise;
  await net.close();
  await face.close();
  if (why !== undefined) printError(`client: ${cleaned(why)}\n`);
  return status;
}

/** The lobby handout's client. */
async function lobby(plan: JoinPlan): Promise<number> {
  const conn = await dialled(plan);
  if (!conn) return 1;
  const net = new LobbyStream(conn);
  const over = Promise.withResolvers<Over>();
  const interrupt = () => over.resolve({ status: 130, why: undefined });
  const face = openLobbyFace({ line: (text) => client.typed(text), end: () => client.inputEnded(), interrupt });
  const trace = plan.trace
    ? (...[direction, line]: ["up" | "down", string]) =>
      face.note(traceLine(Date.now(), "-", LOBBY_DOOR.links[0], direction, line))
    : undefined;
  const client: LobbyClient = new LobbyClient({
    write: (bytes) => net.write(bytes),
    show: (line) => (trace?.("down", line), face.show(line)),
    own: (text) => (trace?.("up", text), face.own(text)),
    finish: () => net.finish(),
    ended: (status, why) => over.resolve({ status, why }),
  });
  net.start(client);
  onStop(interrupt);
  const { status, why } = await over.promise;
  await net.close();
  await face.close();
  if (why !== undefined) printError(`client: ${cleaned(why)}\n`);
  return status;
}

/** Our own client: logs in at the IM door. */
async function chat(plan: JoinPlan): Promise<number> {
  const password = readPassword(plan.passwordFile);
  const over = Promise.withResolvers<Over>();
  const { name } = plan;
  const face: ChatFace = openChatFace({
    // Where only the handout is spoken, its words say the same.
    say: (to, text) =>
      client.im ? handout("user" in to ? `/to ${to.user} ${text}` : `/toall ${text}`) : client.native.say(to, text),
    ask: (question) => client.im ? void (question.type === "users" && handout("/list")) : client.native.ask(question),
    name: (text) => client.typed(text),
    password: (text) => client.typed(text),
    leave: () => client.inputEnded(),
    interrupt: () => client.interrupted(),
  }, "chat");
  const handout = (line: string) => (client.typed(oneLine(line)), { id: "" });
  const client: ChatClient = new ChatClient(plan, { name, password }, {
    ...hooks(plan, face, over.resolve, () => client.native.name),
    prove: () => {},
    isServer: () => true,
    ask: (question) => {
      if (question === "name") face.askName();
      else if (question === "password") face.askPassword(client.im?.name ?? "");
      else if (question === "new password" || question === "password again") face.askNewPassword(question);
      else if (question === "command") face.chat();
    },
    refused: (why) => face.problem(why),
    raw: (line) => face.raw(line),
    handoutOnly: () => face.problem("this server speaks the IM handout alone; we go on as the handout's client"),
    ...(plan.trace
      ? { trace: (...[who, link, ...rest]) => face.note(traceLine(Date.now(), who, IM_DOOR.links[link]!, ...rest)) }
      : {}),
  }, freshRun());
  return await run(client, face, over.promise, () => client.interrupted());
}

/** The mailbox handout's client. */
async function mailbox(plan: JoinPlan): Promise<number> {
  const known = readPassword(plan.passwordFile);
  const over = Promise.withResolvers<Over>();
  const identity = new Identity(plan.data ?? usualFolder());
  const prover = new Prover(identity);
  let { name } = plan;
  let password = known;
  let answer: ((text: string) => void) | undefined;
  const asked = (ask: () => void) => new Promise<string>((resolve) => (answer = resolve, ask()));
  const typed = (text: string) => answer?.(text);
  const face: ChatFace = openChatFace({
    say: (to, text) => client.native.say(to, text),
    ask: (question) => client.native.ask(question),
    name: typed,
    password: typed,
    leave: () => name === undefined ? client.stop(1) : client.leave(),
    interrupt: () => client.stop(130),
  }, "mailbox");
  const client: MailboxClient = new MailboxClient(plan, {
    ...hooks(plan, face, over.resolve, () => name ?? ""),
    attempt: () => face.attempt(),
    connected: () => (face.connected(), void greet().catch(failed)),
    prove: (challenge, nonce) => void prove(challenge, nonce).catch(failed),
    isServer: (proof) => prover.isServer(proof),
    refused: (why) => {
      face.problem(why);
      // A script has no second name to try.
      if (!Deno.stdin.isTerminal() || (plan.name !== undefined && known !== undefined)) return client.fail(why);
      name = password = undefined;
      greet().catch(failed);
    },
    ...(plan.trace
      ? { trace: (...line) => face.note(traceLine(Date.now(), name ?? "-", MAILBOX_DOOR.links[0], ...line)) }
      : {}),
  }, freshRun());
  async function greet(): Promise<void> {
    name ??= await asked(() => face.askName());
    client.native.greet(name, freshNonce(), await prover.key(name));
  }
  async function prove(challenge: Asked, nonce: string): Promise<void> {
    const ask = async () => password ??= await asked(() => face.askPassword(name!));
    client.native.proven(await prover.answer(challenge, name!, nonce, ask));
  }
  const failed = (error: unknown) => client.fail(reason(error));
  return await run(client, face, over.promise, () => client.stop(130));
}

/** Chat straight with others, without a server. */
async function peer(plan: PeerPlan): Promise<number> {
  const over = Promise.withResolvers<Over>();
  let failure: string | undefined;
  let interrupted = false;
  const net = openPort(plan.udp, {
    show: (event) => face.happened(event),
    settled: () => face.chat(plan.name),
    ended: () => over.resolve({ status: failure !== undefined ? 1 : interrupted ? 130 : 0, why: failure }),
    failed: (why) => {
      failure = why;
      net.leave();
    },
    ...(plan.trace ? { trace: (who, ...line) => face.note(traceLine(Date.now(), plan.name, who, ...line)) } : {}),
  });
  const { secrecy, store, passing } = await openPeerKept(plan.data ?? usualFolder(), plan.name, net.later);
  const face: PeerFace = openPeerFace({
    say: (to, text) => net.say(to, text),
    ask: (question) => question.type === "add" ? void net.add(question.host, question.port) : net.ask(question),
    leave: () => net.leave(),
    interrupt: () => interrupt(),
  });
  const interrupt = () => (interrupted = true, net.leave());
  if (passing !== undefined) face.problem(passing);
  const parts = {
    name: plan.name,
    way: net.way,
    secrecy,
    store,
    options: peerOptions(),
    passing: passing !== undefined,
  };
  const { table } = plan;
  net.start(new Peer(parts, clock()), plan.name, table ? { hostname: table.host, port: table.port } : "multicast");
  onStop(interrupt);
  const { status, why } = await over.promise;
  store.close();
  await face.close();
  if (why !== undefined) printError(`client: ${cleaned(why)}\n`);
  return status;
}

function openPort(port: number, hooks: PeerClientHooks): PeerClient {
  try {
    return new PeerClient(port, hooks);
  } catch (error) {
    throw new UsageError(`cannot take UDP port ${port}: ${reason(error)}`);
  }
}

/** How a client ended. */
interface Over {
  readonly status: number;
  readonly why: string | undefined;
}

/** What chat and mailbox have in common. */
function hooks(plan: JoinPlan, face: ChatFace, over: (over: Over) => void, name: () => string) {
  const identity = new Identity(plan.data ?? usualFolder());
  let markable = true;
  return {
    show: (happening: Happening) => {
      face.happened(happening);
      if (happening.type === "in") face.chat();
    },
    lost: (why: string, againMs: number) => face.lost(why, againMs),
    ended: (status: number, why?: string) => over({ status, why }),
    seen: (store: string) => identity.seen(store, name()),
    mark(store: string, seq: number) {
      try {
        identity.markSeen(store, name(), seq);
      } catch (error) {
        // Shown it was; another run of the client may show it again.
        if (markable) face.problem(reason(error));
        markable = false;
      }
    },
  };
}

async function run(client: Companion, face: ChatFace, over: Promise<Over>, interrupt: () => void): Promise<number> {
  onStop(interrupt);
  client.dial();
  const { status, why } = await over;
  // In a terminal the face has its own words for it.
  if (why !== undefined) face.notConnected(why);
  await face.close();
  if (why !== undefined && !Deno.stdout.isTerminal()) printError(`client: ${cleaned(why)}\n`);
  return status;
}

function onStop(interrupt: () => void): void {
  const windows = Deno.build.os === "windows";
  for (const signal of windows ? ["SIGINT"] as const : ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, interrupt);
  }
}

async function dialled(plan: JoinPlan): Promise<Deno.TcpConn | undefined> {
  try {
    return await connect(plan.host, plan.port, CONNECT_MS);
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

import { reason } from "../core/reason.ts";
import type { LoginOutput } from "../protocols/native/login.ts";
import { INPUT_ENDED } from "../protocols/im/client_login.ts";
import { AS_GUEST, REPLY } from "../protocols/im/lines.ts";
import type { TlsOffer } from "../protocols/im/tls_offer.ts";
import { maskPasswords } from "../protocols/native/mask.ts";
import { type NativeSide, ReconnectingClient, type ReconnectingOutput } from "../protocols/native/reconnecting.ts";
import type { ServerChoice } from "../protocols/native/server_choice.ts";
import { MAILBOX_PROTOCOL, TLS_PROTOCOL } from "../protocols/native/server.ts";
import { readTrusted } from "../store/certificate.ts";
import type { Identity } from "../store/identity.ts";
import { readSecret } from "../store/private_file.ts";
import { freshNonce, Prover } from "../store/proofs.ts";
import { ChatClient, type ChatClientOutput } from "./chat_client.ts";
import type { JoinPlan } from "./command_line.ts";
import {
  type ClientConnection,
  type ClientConnectionOwner,
  openDatagrams,
  openPlain,
  openTls,
  type ServerAddress,
} from "./connections.ts";
import { ClientTrace, isTraced } from "./client_trace.ts";
import { ImRunner, traceIm } from "./im_runner.ts";
import { Runner } from "./runner.ts";

type Connecting = { type: "connect" | "write" | "close" | "abort" };

/** The outputs for the program: all but those about connections and proofs. */
export type ProgramOutput =
  | Exclude<ReconnectingOutput, Connecting | { type: "identify" | "prove" | "ask" }>
  | Extract<ChatClientOutput, { type: "ask" | "raw" | "handoutOnly" }>
  | { readonly type: "attempt" | "connected" }
  /** Show a line of the trace, or a notice about the connection. */
  | { readonly type: "trace" | "remark"; readonly line: string };

/** The request of a guest at the IM listener, and the answer. */
const GUEST_GREETING = {
  line: AS_GUEST,
  answer: REPLY.partyline,
  otherwise: "this server takes no guests; its operator can start it with --guests",
};

/** Whether a person waits, and not a script. */
function isAttended(): boolean {
  return Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
}

/** The one link of a native connection. */
const LINK = 0;

/** A client on its way into a chat, or in it. */
export interface Joined<Side extends NativeSide> {
  readonly side: Side;
  readonly name: string;
  /** Whether the IM handout's protocol is in use, before or instead of the native one. */
  readonly speaksIm: boolean;
  start(): void;
  /** Gives the native client or the page an input. */
  use<R>(input: (side: Side) => R): R;
  /** The user's answer to `ask`. */
  typed(line: string): void;
  /** Leaves once everything is answered. */
  leave(): void;
  /** Ctrl-C: leaves now. */
  interrupt(): void;
  /** Leaves after a failure. */
  fail(why: string): void;
}

/** How a server is joined by the IM handout. */
export interface ImJoining {
  /** Other servers to go to, and where the next connection goes. */
  readonly servers?: ServerChoice;
  readonly where?: () => ServerAddress;
  /** If given, a server that speaks TLS gets no name: this takes its offer, and joining ends there. */
  readonly offered?: ((offer: TlsOffer) => void) | undefined;
}

/** Joins by the IM handout, to continue in the native protocol where the server can. */
export function joinByIm<Side extends NativeSide>(
  plan: JoinPlan,
  side: Side,
  perform: (output: ProgramOutput) => void,
  { servers, where = () => plan, offered }: ImJoining = {},
): Joined<Side> {
  const password = readSecret(plan.passwordFile);
  const machine = new ChatClient(side, {
    name: plan.name,
    password,
    takesTls: offered !== undefined,
    trace: isTraced(plan),
    leavesAtOnce: isAttended(),
    servers,
  });
  const trace = traceIm(plan, machine, (line) => perform({ type: "trace", line }));
  const runner = new ImRunner<ChatClientOutput, ChatClient<Side>>(where, machine, (output) => {
    if (output.type === "ended") void runner.close();
    if (output.type === "tlsOffered") {
      void runner.close();
      return offered?.(output.offer);
    }
    // The IM handout has no proofs.
    if (output.type !== "identify" && output.type !== "prove") perform(output);
  }, trace);
  return {
    side,
    get name() {
      return machine.name;
    },
    get speaksIm() {
      return machine.speaksIm;
    },
    start: () => runner.input((machine) => machine.start()),
    use: (input) => runner.input((machine) => machine.use(input)),
    typed: (line) => runner.input((machine, now) => machine.typed(line, now)),
    leave: () => runner.input((machine, now) => machine.inputEnded(now)),
    interrupt: () => runner.input((machine, now) => machine.interrupted(now)),
    fail: (why) => runner.input((machine, now) => machine.fail(why, now)),
  };
}

/** How connections to servers that are known by their certificates are opened. */
export interface SecureJoining {
  readonly servers: ServerChoice;
  /** `refuse` ends the client. */
  open(owner: ClientConnectionOwner, refuse: (why: string) => void): Promise<void>;
}

/** Joins over datagrams or TLS, or as a guest, where the native protocol itself logs the user in. */
export function joinByLogin<Side extends NativeSide>(
  plan: JoinPlan,
  side: Side,
  identity: Identity,
  perform: (output: ProgramOutput) => void,
  secure?: SecureJoining,
): Joined<Side> {
  const password = readSecret(plan.passwordFile);
  const trusted = plan.tls === undefined || plan.tls === "trusted" ? undefined : readTrusted(plan.tls.cert);
  const isComplete = plan.name !== undefined && password !== undefined;
  const overTcp = plan.tls !== undefined || plan.guest !== undefined || secure !== undefined;
  const machine = new ReconnectingClient(side, {
    framing: overTcp ? "lines" : "messages",
    ...(plan.guest && !secure ? { greeting: GUEST_GREETING } : {}),
    login: {
      name: plan.name,
      password,
      interactive: Deno.stdin.isTerminal() && !isComplete,
      accountsOnly: secure !== undefined && !plan.guest,
      asGuest: secure !== undefined && plan.guest !== undefined,
    },
    detectsDeadPeers: !overTcp,
    leavesAtOnce: isAttended(),
    servers: secure?.servers,
  });

  const trace = ClientTrace.open(plan, {
    links: overTcp ? TLS_PROTOCOL.links : MAILBOX_PROTOCOL.links,
    framing: overTcp ? TLS_PROTOCOL.framing : "pieces",
    name: () => machine.name,
    show: (line) => perform({ type: "trace", line }),
    mask: () => maskPasswords,
  });
  const runner = runNative(
    machine,
    (owner) => {
      if (secure) return secure.open(owner, (why) => runner.input((machine, now) => machine.fail(why, now)));
      if (plan.tls) return openTls({ ...plan, trusted }, owner);
      return plan.guest ? openPlain(plan, owner) : openDatagrams(plan, owner);
    },
    new Prover(identity),
    perform,
    trace,
  );
  return {
    side,
    get name() {
      return machine.name;
    },
    speaksIm: false,
    start: () => runner.input((machine) => machine.start()),
    use: (input) => runner.input((machine) => machine.use(input)),
    typed: (line) => runner.input((machine) => machine.login((login) => login.typed(line))),
    leave: () =>
      runner.input((machine, now) => machine.name === "" ? machine.fail(INPUT_ENDED, now) : machine.leave(now)),
    interrupt: () => runner.input((machine, now) => machine.stop(130, now)),
    fail: (why) => runner.input((machine, now) => machine.fail(why, now)),
  };
}

/** Runs a native client on connections that `open` opens, with the proofs that it needs. */
export function runNative<Side extends NativeSide>(
  machine: ReconnectingClient<Side>,
  open: (owner: ClientConnectionOwner) => Promise<void>,
  prover: Prover,
  perform: (output: ProgramOutput) => void,
  trace?: ClientTrace,
): Runner<ReconnectingOutput, ReconnectingClient<Side>> {
  let connection: ClientConnection | undefined;
  const owner: ClientConnectionOwner = {
    attempt: () => perform({ type: "attempt" }),
    opened: (opened) => {
      connection = opened;
      trace?.opened();
      perform({ type: "connected" });
      runner.input((machine, now) => machine.opened(now));
    },
    receive: (bytes) => {
      trace?.received(LINK, bytes);
      runner.input((machine, now) => machine.receive(bytes, now));
    },
    tap: trace?.tap(LINK),
    turnEnded: () => runner.input((machine, now) => machine.turnEnded(now)),
    disconnected: (why) => {
      connection = undefined;
      trace?.closed(LINK);
      runner.input((machine, now) => machine.disconnected(why, now, Math.random()));
    },
  };
  const runner = new Runner<ReconnectingOutput, ReconnectingClient<Side>>(machine, (output) => {
    switch (output.type) {
      case "connect":
        return void open(owner);
      case "write":
        return connection?.write(output.link, output.bytes);
      case "close":
        return connection?.close();
      case "abort":
        return connection?.abort(output.why);
      case "identify":
        return void prove(identify(output.name, output.byKey));
      case "prove":
        return void prove(answer(output));
      case "ended":
        runner.close();
        void trace?.close();
        return perform(output);
      default:
        return perform(output);
    }
  });
  async function identify(name: string, byKey: boolean): Promise<void> {
    const key = byKey ? await prover.key(name) : undefined;
    runner.input((machine) => machine.login((login) => login.identified(freshNonce(), key)));
  }
  async function answer(
    { challenge, name, nonce, password }: Extract<LoginOutput, { type: "prove" }>,
  ): Promise<void> {
    const { proof, expected } = await prover.answer(challenge, name, nonce, password);
    runner.input((machine) => machine.login((login) => login.proven(nonce, proof, expected)));
  }
  function prove(work: Promise<void>): Promise<void> {
    return work.catch((error) => runner.input((machine, now) => machine.fail(reason(error), now)));
  }
  return runner;
}

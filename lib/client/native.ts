import { reason } from "../core/reason.ts";
import { NativeClient } from "../protocols/native/client.ts";
import type { Challenge } from "../protocols/native/login.ts";
import { MAILBOX_PROTOCOL } from "../protocols/native/server.ts";
import { readPem } from "../store/certificate.ts";
import { Identity, usualFolder } from "../store/identity.ts";
import { pathsFrom } from "../store/paths.ts";
import { readSecret } from "../store/private_file.ts";
import { freshNonce, freshRun, Prover } from "../store/prover.ts";
import { type ChatTerminal, openChatTerminal } from "../terminal/chat_app.ts";
import { traceLine } from "../terminal/print.ts";
import type { JoinPlan } from "./command_line.ts";
import type { Over } from "./ending.ts";
import { MailboxClient } from "./mailbox_client.ts";
import type { NativeSide, ProvingHooks, ReconnectingClient } from "./reconnecting_client.ts";
import { hooks, type Learning, run } from "./run.ts";
import { TlsClient } from "./tls_client.ts";
import { ClientFiles } from "./transfer/files.ts";

/** A chat where we say and prove who we are: the mailbox handout's, and ours over TLS. */
export async function proving(plan: JoinPlan): Promise<number> {
  const over = Promise.withResolvers<Over>();
  const face: ChatTerminal = openChatTerminal({
    say: (to, text) => client.use((native) => native.say(to, text, Date.now())),
    ask: (question) => client.use((native) => native.ask(question)),
    name: (text) => joining.typed(text),
    password: (text) => joining.typed(text),
    file: (act) => files.do(act),
    paths: pathsFrom,
    leave: () => joining.name === undefined ? client.stop(1) : files.leave(() => client.leave()),
    interrupt: () => client.stop(130),
  }, plan.type === "mailbox" ? "mailbox" : "chat");
  const files = new ClientFiles(plan, face, {
    say: (to, text) => client.use((native) => native.say(to, text, Date.now())),
    signal: (to, text) => client.use((native) => native.signal(to, text)),
  });
  const identity = new Identity(plan.data ?? usualFolder());
  const learning = hooks(face, files, over.resolve, identity, () => joining.name ?? "");
  const native = new NativeClient({ run: freshRun(), shown: identity.shown });
  const joining = provingClient(plan, face, learning, native);
  const { client } = joining;
  return await run(client, face, files, over.promise, () => client.stop(130));
}

/** A client that says and proves who it is, and asks the face for what it was not told. */
export function provingClient<T extends NativeSide>(
  plan: JoinPlan,
  face: ChatTerminal,
  learning: Learning,
  native: T,
): { client: ReconnectingClient<T>; readonly name: string | undefined; typed(line: string): void } {
  const known = readSecret(plan.passwordFile);
  const prover = new Prover(new Identity(plan.data ?? usualFolder()));
  let { name } = plan;
  let password = known;
  let answer: ((text: string) => void) | undefined;
  const asked = (ask: () => void) => new Promise<string>((resolve) => (answer = resolve, ask()));
  const proofs: ProvingHooks = {
    ...learning,
    attempt: () => face.attempt(),
    connected: () => (face.connected(), void greet().catch(failed)),
    prove: (challenge, nonce) => void prove(challenge, nonce).catch(failed),
    refused: (why) => {
      face.problem(why);
      // A script has no second name to try.
      if (!Deno.stdin.isTerminal() || (plan.name !== undefined && known !== undefined)) return client.fail(why);
      name = password = undefined;
      greet().catch(failed);
    },
    ...(plan.trace
      ? { trace: (...line) => face.note(traceLine(Date.now(), name ?? "-", MAILBOX_PROTOCOL.links[0], ...line)) }
      : {}),
  };
  const client: ReconnectingClient<T> = plan.tls === undefined
    ? new MailboxClient(plan, proofs, native)
    : new TlsClient({ ...plan, trusted: plan.tls === "trusted" ? undefined : readPem(plan.tls.cert) }, proofs, native);
  async function greet(): Promise<void> {
    name ??= await asked(() => face.askName());
    const [named, nonce, key] = [name, freshNonce(), await prover.key(name)];
    client.use((native) => native.login(named, nonce, key));
  }
  async function prove(challenge: Challenge, nonce: string): Promise<void> {
    const ask = async () => password ??= await asked(() => face.askPassword(name!));
    const { proof, expected } = await prover.answer(challenge, name!, nonce, ask);
    client.use((native) => native.proven(proof, expected));
  }
  const failed = (error: unknown) => client.fail(reason(error));
  return {
    client,
    get name() {
      return name;
    },
    typed: (text) => answer?.(text),
  };
}

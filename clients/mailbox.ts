import { reason } from "../lib/base/reason.ts";
import { type ChatFace, openChatFace } from "../lib/face/chat_face.ts";
import type { JoinPlan } from "../lib/face/client_line.ts";
import { traceLine } from "../lib/face/trace.ts";
import { MailboxClient } from "../lib/net/mailbox_client.ts";
import { Identity, usualFolder } from "../lib/store/identity.ts";
import { freshNonce, freshRun, Prover } from "../lib/store/prover.ts";
import { pathsFrom } from "../lib/store/paths.ts";
import type { Asked } from "../lib/wire/native/client.ts";
import { MAILBOX_DOOR } from "../lib/wire/native/door.ts";
import { readSecret } from "../lib/store/secret_file.ts";
import { hooks, run } from "./companions.ts";
import type { Over } from "./ending.ts";
import { ClientFiles } from "./files.ts";

/** The mailbox handout's client. */
export async function mailbox(plan: JoinPlan): Promise<number> {
  const known = readSecret(plan.passwordFile);
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
    file: (act) => files.do(act),
    paths: pathsFrom,
    leave: () => name === undefined ? client.stop(1) : files.leave(() => client.leave()),
    interrupt: () => client.stop(130),
  }, "mailbox");
  const files = new ClientFiles(plan, face, {
    say: (to, text) => client.native.say(to, text),
    signal: (to, text) => client.native.signal(to, text),
  });
  const client: MailboxClient = new MailboxClient(plan, {
    ...hooks(plan, face, files, over.resolve, () => name ?? ""),
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
  return await run(client, face, files, over.promise, () => client.stop(130));
}

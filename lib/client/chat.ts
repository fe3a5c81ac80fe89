import { oneLine } from "../core/text.ts";
import { IM_PROTOCOL } from "../protocols/im/server.ts";
import { NativeClient } from "../protocols/native/client.ts";
import { pathsFrom } from "../store/paths.ts";
import { Identity, usualFolder } from "../store/identity.ts";
import { readSecret } from "../store/private_file.ts";
import { freshRun } from "../store/prover.ts";
import { type ChatTerminal, openChatTerminal } from "../terminal/chat_app.ts";
import { traceLine } from "../terminal/print.ts";
import { ChatClient } from "./chat_client.ts";
import type { JoinPlan } from "./command_line.ts";
import type { Over } from "./ending.ts";
import type { NativeSide } from "./reconnecting_client.ts";
import { hooks, type Learning, run } from "./run.ts";
import { ClientFiles } from "./transfer/files.ts";

/** Our own client: logs in at the IM door. */
export async function chat(plan: JoinPlan): Promise<number> {
  const over = Promise.withResolvers<Over>();
  const face: ChatTerminal = openChatTerminal({
    // Where only the handout is spoken, its words say the same.
    say: (to, text) =>
      client.im
        ? handout("user" in to ? `/to ${to.user} ${text}` : `/toall ${text}`)
        : client.use((native) => native.say(to, text, Date.now())),
    ask: (question) =>
      client.im ? void (question.type === "users" && handout("/list")) : client.use((native) => native.ask(question)),
    name: (text) => client.typed(text),
    password: (text) => client.typed(text),
    file: (act) => {
      if (!client.im) return files.do(act);
      face.problem(
        "files are sent between clients of our own, by a server that knows them; this one speaks the IM handout alone",
      );
    },
    paths: pathsFrom,
    leave: () => files.leave(() => client.inputEnded()),
    interrupt: () => client.interrupted(),
  }, "chat");
  const files = new ClientFiles(plan, face, {
    say: (to, text) => client.use((native) => native.say(to, text, Date.now())),
    signal: (to, text) => client.use((native) => native.signal(to, text)),
  });
  const handout = (line: string) => (client.typed(oneLine(line)), { id: "" });
  const identity = new Identity(plan.data ?? usualFolder());
  const learning = hooks(face, files, over.resolve, identity, () => client.native.name);
  const { client } = chatClient(plan, face, learning, new NativeClient({ run: freshRun(), shown: identity.shown }));
  return await run(client, face, files, over.promise, () => client.interrupted());
}

/** A client that logs in at the IM door, and asks the face for what it was not told. */
export function chatClient<T extends NativeSide>(
  plan: JoinPlan,
  face: ChatTerminal,
  learning: Learning,
  native: T,
): { client: ChatClient<T>; typed(line: string): void } {
  const client: ChatClient<T> = new ChatClient(plan, { name: plan.name, password: readSecret(plan.passwordFile) }, {
    ...learning,
    prove: () => {},
    ask: (question) => {
      if (question === "name") face.askName();
      else if (question === "password") face.askPassword(client.im?.name ?? "");
      else if (question === "new password" || question === "password again") face.askNewPassword(question);
      else if (question === "command") face.chat();
    },
    refused: (why) => face.problem(why),
    raw: (line) => face.raw(line),
    handoutOnly: learning.handoutOnly ??
      (() => face.problem("this server speaks the IM handout alone; we go on as the handout's client")),
    ...(plan.trace
      ? { trace: (...[who, link, ...rest]) => face.note(traceLine(Date.now(), who, IM_PROTOCOL.links[link]!, ...rest)) }
      : {}),
  }, native);
  return { client, typed: (line) => client.typed(line) };
}

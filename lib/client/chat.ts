import { oneLine } from "../core/text.ts";
import { NativeClient } from "../protocols/native/client.ts";
import type { ClientEvent } from "../protocols/native/client_event.ts";
import { defaultDataFolder, Identity } from "../store/identity.ts";
import { completePath } from "../store/paths.ts";
import { freshRun } from "../store/proofs.ts";
import { type ChatTerminal, openChatTerminal } from "../terminal/chat_terminal.ts";
import type { JoinPlan } from "./command_line.ts";
import { joinByIm, joinByLogin, type Joined, type ProgramOutput } from "./join.ts";
import { performCommon, type ProgramEnd, runJoined, ShownRecorder } from "./program.ts";
import { ClientFiles } from "./transfer/files.ts";

/** Chat with a server, in a terminal or a script: by the IM handout's port, over TLS, or by the mailbox's. */
export async function chat(plan: JoinPlan): Promise<number> {
  const end = Promise.withResolvers<ProgramEnd>();
  const identity = new Identity(plan.data ?? defaultDataFolder());
  const native = new NativeClient({ client: freshRun(), shown: identity.shown });
  const terminal: ChatTerminal = openChatTerminal({
    // The handout has commands that say the same.
    say: (to, text) =>
      client.speaksIm ? command("user" in to ? `/to ${to.user} ${text}` : `/toall ${text}`) : say(to, text),
    ask: (question) => {
      if (!client.speaksIm) client.use((native) => native.ask(question));
      else if (question.type === "users") command("/list");
      else terminal.problem(`this server knows only the IM handout, which cannot answer /${question.type}`);
    },
    amend: (of, to, text) => {
      if (client.speaksIm) return { why: "this server knows only the IM handout" };
      return client.use((native) =>
        text === undefined ? native.withdraw(of, to, Date.now()) : native.edit(of, to, text, Date.now())
      );
    },
    read: (of, upTo) => client.use((native) => native.read(of, upTo)),
    name: (text) => client.typed(text),
    password: (text) => client.typed(text),
    file: (act) => {
      if (!client.speaksIm) return files.do(act);
      terminal.problem("this server knows only the IM handout, which has no files");
    },
    paths: completePath,
    leave: () => files.leave(() => client.leave()),
    interrupt: () => client.interrupt(),
  }, plan.type === "mailbox" ? "mailbox" : "chat");
  const say = (...[to, text]: Parameters<ClientFiles["chat"]["say"]>) =>
    client.use((native) => native.say(to, text, Date.now()));
  const command = (line: string) => (client.typed(oneLine(line)), { id: "" });
  const files = new ClientFiles(plan, terminal, {
    say,
    signal: (to, text) => client.use((native) => native.signal(to, text)),
  });
  const recorder = new ShownRecorder(identity, terminal);
  const client: Joined<NativeClient> = plan.type === "mailbox" || plan.tls
    ? joinByLogin(plan, native, identity, perform)
    : joinByIm(plan, native, perform);

  function perform(output: ProgramOutput): void {
    switch (output.type) {
      case "event":
        return show(output.event);
      case "signal":
        return files.signalled(output.from, output.text, output.at);
      case "signalFailed":
        return files.notReached(output.to);
      case "shown":
        return recorder.shown(client.name, output.store, output.seq);
      case "handoutOnly":
        return terminal.problem("this server knows only the IM handout; continuing as the handout's client");
      default:
        return performCommon(output, terminal, end.resolve);
    }
  }

  function show(event: ClientEvent): void {
    if (event.type === "message" && files.heard(event.message, event.own)) return;
    terminal.event(event);
    if (event.type === "loggedIn") {
      files.loggedIn(event.name);
      terminal.chat();
    } else if (event.type === "online") files.online(event.name);
  }

  return await runJoined(client, terminal, end.promise, () => files.close());
}

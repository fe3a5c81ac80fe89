import { completePath } from "../store/paths.ts";
import { type ChatTerminal, openChatTerminal } from "../terminal/chat_terminal.ts";
import type { ChatSide } from "./chat_side.ts";
import type { JoinPlan } from "./command_line.ts";
import { beginMailbox } from "./mailbox.ts";
import { nativeChat } from "./native_chat.ts";
import { type ProgramEnd, runJoined } from "./program.ts";
import { typedHistory } from "./typed_history.ts";

/** Chat with a server, in a terminal or a script: through the IM listener, over TLS, or through the mailbox listener. */
export async function chat(plan: JoinPlan): Promise<number> {
  const end = Promise.withResolvers<ProgramEnd>();
  const isMailbox = plan.type === "mailbox";
  // The terminal is opened first: a mailbox client asks for the name before it knows which protocol its server speaks.
  const terminal: ChatTerminal = openChatTerminal(
    {
      say: (to, text) => side.say(to, text),
      ask: (question) => side.ask(question),
      amend: (of, to, text) => side.amend!(of, to, text),
      read: (of, upTo) => side.read?.(of, upTo),
      entered: (to) => side.entered?.(to),
      name: (text) => side.name(text),
      password: (text) => side.password(text),
      file: (act) => side.file(act),
      direct: (wish) =>
        side.direct ? side.direct(wish) : terminal.problem("this server introduces no clients to each other"),
      paths: completePath,
      leave: () => side.leave(),
      interrupt: () => side.interrupt(),
    },
    isMailbox ? "mailbox" : "chat",
    typedHistory(plan),
  );
  let side: ChatSide = isMailbox
    ? beginMailbox(plan, terminal, end.resolve, (next) => {
      side = next;
      void side.start();
    })
    : nativeChat(plan, terminal, end.resolve);
  const client = { start: () => void side.start(), interrupt: () => side.interrupt() };
  return await runJoined(client, terminal, end.promise, () => side.close());
}

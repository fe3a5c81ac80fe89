import { INPUT_ENDED } from "../protocols/im/client_login.ts";
import type { ChatTerminal } from "../terminal/chat_terminal.ts";
import type { ChatSide } from "./chat_side.ts";
import type { JoinPlan } from "./command_line.ts";
import { nativeChat } from "./native_chat.ts";
import { PlainMailbox } from "./plain_mailbox.ts";
import type { ProgramEnd } from "./program.ts";

/** How long the authors' protocol is tried first; a server on a LAN answers within milliseconds. */
export const PLAIN_MS = 390;

/**
 * The mailbox handout's client before it has a name and knows its server's protocol; `become` gets the client for that protocol.
 *
 * The authors' protocol is tried first: our own server ignores it, but a datagram of ours crashes their server.
 */
export function beginMailbox(
  plan: JoinPlan,
  terminal: ChatTerminal,
  end: (end: ProgramEnd) => void,
  become: (side: ChatSide) => void,
): ChatSide {
  const interactive = Deno.stdin.isTerminal() && plan.name === undefined;
  const plain = (name: string, orElse?: () => void) =>
    new PlainMailbox(
      { ...plan, name, interactive, ...(orElse ? { connectMs: PLAIN_MS, unanswered: orElse } : {}) },
      terminal,
      end,
    );
  const begin = (name: string) => {
    if (plan.plain) become(plain(name));
    else become(plain(name, () => become(nativeChat({ ...plan, name }, terminal, end))));
  };
  return {
    start: () => plan.name === undefined ? terminal.askUsername() : begin(plan.name),
    name: begin,
    leave: () => end({ status: 1, why: INPUT_ENDED }),
    interrupt: () => end({ status: 130 }),
    close: () => Promise.resolve(),
    // The chat has no questions before there is a name.
    say: () => ({ why: "there is no connection yet" }),
    ask: () => {},
    file: () => {},
    password: () => {},
  };
}

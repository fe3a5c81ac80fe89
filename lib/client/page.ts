import { formatAddress } from "../core/address.ts";
import type { ClientEvent } from "../protocols/native/client_event.ts";
import { PageRelay } from "../protocols/native/page_relay.ts";
import { defaultDataFolder, Identity } from "../store/identity.ts";
import { type ChatTerminal, openChatTerminal } from "../terminal/chat_terminal.ts";
import type { JoinPlan } from "./command_line.ts";
import { joinByIm, joinByLogin, type Joined, type ProgramOutput } from "./join.ts";
import { type OpenPage, openPage } from "./open_page.ts";
import { performCommon, type ProgramEnd, runJoined } from "./program.ts";

/** Chat with a server in a browser on this machine: this program logs in, the page does the rest. */
export async function page(plan: JoinPlan): Promise<number> {
  const end = Promise.withResolvers<ProgramEnd>();
  const elsewhere = "use the page for this; /exit or Ctrl-C ends the program";
  let open: OpenPage | undefined;
  const terminal: ChatTerminal = openChatTerminal({
    say: () => ({ why: elsewhere }),
    ask: () => terminal.problem(elsewhere),
    file: () => terminal.problem(elsewhere),
    name: (text) => client.typed(text),
    password: (text) => client.typed(text),
    paths: () => [],
    // A program that was started without a console stays for its page.
    leave: () => Deno.stdin.isTerminal() && client.leave(),
    interrupt: () => client.interrupt(),
  }, plan.type === "mailbox" ? "mailbox" : "chat");
  const client: Joined<PageRelay> = plan.type === "mailbox" || plan.tls
    ? joinByLogin(plan, new PageRelay(), new Identity(plan.data ?? defaultDataFolder()), perform)
    : joinByIm(plan, new PageRelay(), perform);

  function perform(output: ProgramOutput): void {
    switch (output.type) {
      case "event":
        return show(output.event);
      case "page":
      case "dropPage":
        return open?.perform(output);
      case "handoutOnly":
        return client.fail("this server knows only the IM handout, which the page cannot use");
      default:
        return performCommon(output, terminal, end.resolve);
    }
  }

  function show(event: ClientEvent): void {
    if (event.type !== "loggedIn") return terminal.event(event);
    terminal.chat();
    open ??= openPage(
      {
        get name() {
          return client.side.name;
        },
        get isLoggedIn() {
          return client.side.isLoggedIn;
        },
        pageOpened: (page) => client.use((relay) => relay.pageOpened(page)),
        pageReceived: (page, json) => client.use((relay) => relay.pageReceived(page, json)),
        pageClosed: (page) => client.use((relay) => relay.pageClosed(page)),
      },
      `Partyline at ${formatAddress({ hostname: plan.host, port: plan.port })}`,
      plan.data ?? defaultDataFolder(),
      (line) => terminal.note(line),
    );
  }

  return await runJoined(client, terminal, end.promise, async () => await open?.close());
}

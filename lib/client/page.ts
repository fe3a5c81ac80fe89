import { formatAddress } from "../core/address.ts";
import { openChatTerminal } from "../terminal/chat_app.ts";
import type { JoinPlan } from "./command_line.ts";
import type { PageHost } from "../protocols/native/single_window.ts";
import { PageRelay } from "../protocols/native/page_relay.ts";
import { chatClient } from "./chat.ts";
import { type Joining, run } from "./run.ts";
import { provingClient } from "./native.ts";
import type { Over } from "./ending.ts";
import { type OpenPage, openPage } from "./open_page.ts";

/** The chat in a browser on this machine: we log in, the page does the talking. */
export async function page(plan: JoinPlan): Promise<number> {
  const over = Promise.withResolvers<Over>();
  const elsewhere = "this is done in the page; /exit or Ctrl-C ends it";
  let open: OpenPage | undefined;
  const face = openChatTerminal({
    say: () => ({ why: elsewhere }),
    ask: () => face.problem(elsewhere),
    file: () => face.problem(elsewhere),
    name: (text) => joining.typed(text),
    password: (text) => joining.typed(text),
    paths: () => [],
    // A program that is started without a console goes on for its page.
    leave: () => Deno.stdin.isTerminal() && joining.client.leave(),
    interrupt: () => joining.client.stop(130),
  }, plan.type === "mailbox" ? "mailbox" : "chat");
  const join = plan.type === "mailbox" || plan.tls ? provingClient<PageRelay> : chatClient<PageRelay>;
  const joining: Joining<PageRelay> = join(plan, face, {
    show: (happening) => {
      if (happening.type !== "loggedIn") return face.event(happening);
      face.chat();
      open ??= openPage(
        hostOf(joining.client),
        `Partyline at ${formatAddress({ hostname: plan.host, port: plan.port })}`,
        (line) => face.note(line),
      );
    },
    lost: (why, againMs) => face.lost(why, againMs),
    ended: (status, why) => over.resolve({ status, why }),
    mark: () => {},
    handoutOnly: () => joining.client.fail("this server speaks the IM handout alone, in which the page cannot be had"),
  }, new PageRelay());
  const closed = { close: async () => await open?.close() };
  return await run(joining.client, face, closed, over.promise, () => joining.client.stop(130));
}

/** The page's host; what the page sends goes out at once. */
function hostOf(client: Pick<Joining<PageRelay>["client"], "native" | "use">): PageHost {
  return {
    get name() {
      return client.native.name;
    },
    get isLoggedIn() {
      return client.native.isLoggedIn;
    },
    open: (page) => client.use((native) => native.open(page)),
    said: (page, json) => client.use((native) => native.said(page, json)),
    closed: (page) => client.use((native) => native.closed(page)),
  };
}

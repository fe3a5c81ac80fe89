import { formatAddress } from "../core/address.ts";
import type { ClientEvent } from "../protocols/native/client_event.ts";
import { PageRelay } from "../protocols/native/page_relay.ts";
import { defaultDataFolder, Identity } from "../store/identity.ts";
import { type ChatTerminal, openChatTerminal } from "../terminal/chat_terminal.ts";
import type { JoinPlan } from "./command_line.ts";
import { FileRequests } from "./file_requests.ts";
import type { Joined, ProgramOutput } from "./join.ts";
import { joinChat } from "./join_chat.ts";
import { PLAIN_MS } from "./mailbox.ts";
import { MailboxPage } from "./mailbox_page.ts";
import { type OpenPage, openPage } from "./open_page.ts";
import { PageFiles } from "./page_files.ts";
import type { PageHost } from "./page_site.ts";
import { PlainMailbox, type PlainMailboxView } from "./plain_mailbox.ts";
import { performCommon, type ProgramEnd, runJoined } from "./program.ts";

/** The client behind the page and the terminal. */
interface PageClient {
  start(): void | Promise<void>;
  /** The user has typed a name or a password. */
  typed(line: string): void;
  leave(): void;
  interrupt(): void;
  close(): void | Promise<void>;
}

/** The program's part of the page, for its client. */
interface PageProgram {
  readonly terminal: ChatTerminal;
  end(end: ProgramEnd): void;
  /** The page is served from now on. */
  serve(host: PageHost): void;
  perform: OpenPage["perform"];
  become(client: PageClient): void;
}

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
  const program: PageProgram = {
    terminal,
    end: end.resolve,
    serve: (host) => {
      terminal.chat();
      const title = `Partyline at ${formatAddress({ hostname: plan.host, port: plan.port })}`;
      open ??= openPage(host, title, plan.data ?? defaultDataFolder(), (line) => terminal.note(line));
    },
    perform: (output) => open?.perform(output),
    become: (next) => {
      client = next;
      void client.start();
    },
  };
  let client = plan.type === "mailbox" && !plan.tls ? named(plan, program) : relayed(plan, program);
  const current = { start: () => void client.start(), interrupt: () => client.interrupt() };
  return await runJoined(current, terminal, end.promise, async () => {
    await client.close();
    await open?.close();
  });
}

/** The page at a server of ours. */
function relayed(plan: JoinPlan, program: PageProgram): PageClient {
  const identity = new Identity(plan.data ?? defaultDataFolder());
  const relay = new PageRelay();
  const client: Joined<PageRelay> = joinChat(plan, relay, identity, perform);
  const requests = new FileRequests(plan.host, () => relay.filesAt, () => client.use((relay) => relay.askTicket()));

  function perform(output: ProgramOutput): void {
    switch (output.type) {
      case "event":
        return show(output.event);
      case "page":
      case "dropPage":
        return program.perform(output);
      case "handoutOnly":
        return client.fail("this server knows only the IM handout, which the page cannot use");
      default:
        return performCommon(output, program.terminal, program.end);
    }
  }

  function show(event: ClientEvent): void {
    if (event.type === "ticket") return requests.ticket(event.ticket);
    if (event.type === "denied" && event.question?.type === "ticket") return requests.noTicket(event.why);
    if (event.type !== "loggedIn") return program.terminal.event(event);
    program.serve({
      get name() {
        return client.side.name;
      },
      get isLoggedIn() {
        return client.side.isLoggedIn;
      },
      files: new PageFiles(requests),
      pageOpened: (page) => client.use((relay) => relay.pageOpened(page)),
      pageReceived: (page, json) => client.use((relay) => relay.pageReceived(page, json)),
      pageClosed: (page) => client.use((relay) => relay.pageClosed(page)),
    });
  }

  const { start, typed, leave, interrupt } = client;
  return { start, typed, leave, interrupt, close: () => {} };
}

/** A mailbox whose server's protocol is not known yet: asks for the name, then tries the authors' protocol. */
function named(plan: JoinPlan, program: PageProgram): PageClient {
  const begin = (name: string) => program.become(plain({ ...plan, name }, program));
  return {
    start: () => plan.name === undefined ? program.terminal.askUsername() : begin(plan.name),
    typed: begin,
    leave: () => program.end({ status: 1 }),
    interrupt: () => program.end({ status: 130 }),
    close: () => {},
  };
}

/** The page at a server of the mailbox authors; where nothing answers, at one of ours. */
function plain(plan: JoinPlan & { readonly name: string }, program: PageProgram): PageClient {
  const { terminal } = program;
  let page: MailboxPage | undefined;
  const view: PlainMailboxView = {
    attempt: () => terminal.attempt(),
    connected: () => terminal.connected(),
    askUsername: () => terminal.askUsername(),
    note: (line) => terminal.note(line),
    problem: (text) => terminal.problem(text),
    lobbyIs: () => {},
    chat: () => {},
    event: (event) => {
      if (event.type !== "loggedIn") return page?.event(event);
      page ??= new MailboxPage(event.name, mailbox, program.perform);
      program.serve(page);
    },
  };
  const mailbox = new PlainMailbox(
    {
      ...plan,
      interactive: Deno.stdin.isTerminal(),
      ...(plan.plain ? {} : { connectMs: PLAIN_MS, unanswered: () => program.become(relayed(plan, program)) }),
    },
    view,
    program.end,
  );
  return {
    start: () => mailbox.start(),
    typed: (name) => mailbox.name(name),
    leave: () => mailbox.leave(),
    interrupt: () => mailbox.interrupt(),
    close: async () => {
      page?.close();
      await mailbox.close();
    },
  };
}

import { oneLine } from "../core/text.ts";
import { NativeClient } from "../protocols/native/client.ts";
import type { ClientEvent } from "../protocols/native/client_event.ts";
import { defaultDataFolder, Identity } from "../store/identity.ts";
import { freshRun } from "../store/proofs.ts";
import type { ChatTerminal } from "../terminal/chat_terminal.ts";
import type { ChatSide } from "./chat_side.ts";
import type { JoinPlan } from "./command_line.ts";
import type { Joined, ProgramOutput } from "./join.ts";
import { joinChat } from "./join_chat.ts";
import { DirectClient } from "./direct.ts";
import { PeerTrace } from "./peer_trace.ts";
import { performCommon, type ProgramEnd, ShownRecorder } from "./program.ts";
import type { FileCommand } from "../protocols/transfer/event.ts";
import { FileRequests } from "./file_requests.ts";
import { LeftFiles } from "./left_files.ts";
import { ClientFiles, usualDownloads } from "./transfer/files.ts";

/** The chat over our own protocol, or over the IM handout's. */
export function nativeChat(plan: JoinPlan, terminal: ChatTerminal, end: (end: ProgramEnd) => void): ChatSide {
  const identity = new Identity(plan.data ?? defaultDataFolder());
  const native = new NativeClient({ client: freshRun(), shown: identity.shown });
  const say = (...[to, text]: Parameters<ClientFiles["chat"]["say"]>) =>
    client.use((native) => native.say(to, text, Date.now()));
  const command = (line: string) => (client.typed(oneLine(line)), { id: "" });
  const files = new ClientFiles(plan, terminal, {
    say,
    signal: (to, text, at) => client.use((native) => native.signal(to, text, at)),
  });
  /** Users whose presence is known. */
  const present = new Map<string, boolean>();
  let filesAt: string | undefined;
  const requests = new FileRequests(
    plan.host,
    () => filesAt,
    () => client.use((native) => native.ask({ type: "ticket" })),
  );
  const left = new LeftFiles({
    downloads: plan.downloads ?? usualDownloads(),
    requests,
    show: (event) => terminal.file(event),
    problem: (why) => terminal.problem(why),
    say: (to, text) => {
      const said = say(to, text);
      if ("why" in said) terminal.problem(said.why);
      else terminal.sent(said.id, to, text);
    },
    numbers: () => files.numbers,
  });
  const direct = new DirectClient({
    name: () => client.name,
    signal: (to, text, at) => client.use((native) => native.signal(to, text, at)),
    show: (event) => terminal.event(event),
    trace: PeerTrace.open({ trace: plan.trace, traceFile: undefined }, plan.name ?? "-", (line) => terminal.note(line)),
  });
  const recorder = new ShownRecorder(identity, terminal);
  const client: Joined<NativeClient> = joinChat(plan, native, identity, perform);

  function perform(output: ProgramOutput): void {
    switch (output.type) {
      case "event":
        return show(output.event);
      case "signal":
        if (direct.signalled(output.from, output.text, output.at)) return;
        return files.signalled(output.from, output.text, output.at);
      case "signalFailed":
        direct.unheard(output.to);
        return files.notReached(output.to);
      case "shown":
        return recorder.shown(client.name, output.store, output.seq);
      case "handoutOnly":
        return terminal.problem("this server knows only the IM handout; continuing as the handout's client");
      default:
        return performCommon(output, terminal, end);
    }
  }

  function show(event: ClientEvent): void {
    if (event.type === "message" && (left.heard(event.message, event.own) || files.heard(event.message, event.own))) {
      return terminal.offered(event);
    }
    if (event.type === "ticket") return requests.ticket(event.ticket);
    if (event.type === "denied" && event.question?.type === "ticket") return requests.noTicket(event.why);
    terminal.event(event);
    // An earlier run has shown these, under numbers of its own.
    if (event.type === "history") {
      for (const message of event.messages) {
        if (message.withdrawn !== true) left.heard(message, message.from === client.name);
      }
    } else if (event.type === "loggedIn") {
      files.loggedIn(event.name);
      filesAt = event.files;
      if (plan.guest && !event.again) enterRoom(plan.guest.room);
      else terminal.chat();
    } else if (event.type === "online") {
      present.set(event.name, true);
      files.online(event.name);
    } else if (event.type === "offline") present.set(event.name, false);
    else if (event.type === "users") { for (const { name, online } of event.users) present.set(name, online); }
  }

  /** Files at the server are fetched over HTTP; so is a file for a user who is away. */
  function act(command: FileCommand): void {
    const meant = "n" in command ? files.meant(command.n) : undefined;
    if ("n" in command && meant !== undefined && left.has(meant)) return void left[command.type](meant);
    if (command.type !== "send") return files.do(command);
    const { to, path } = command;
    const isAway = "user" in to && present.get(to.user) === false && left.isOffered;
    if (command.leave && !left.isOffered) return terminal.problem("files cannot be left at this server");
    if (!command.leave && !isAway) return files.do(command);
    if (!command.leave) terminal.remark(`${"user" in to ? to.user : to.room} is away: ${path} is left at the server`);
    void left.leave(path, to);
  }

  /** A guest's room: its name is all that is needed to enter, so the input is hidden, and the room unlisted. */
  function enterRoom(room: string | undefined): void {
    if (room === undefined && Deno.stdin.isTerminal()) return terminal.askRoom(enterRoom);
    terminal.chat();
    if (room !== undefined && room !== "") terminal.enterRoom(room);
  }

  return {
    start: () => client.start(),
    // The handout's own commands do the same.
    say: (to, text) =>
      "user" in to && direct.isOn(to.user)
        ? direct.say(to.user, text)
        : client.speaksIm
        ? command("user" in to ? `/to ${to.user} ${text}` : `/toall ${text}`)
        : say(to, text),
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
    file: (command) => {
      if (!client.speaksIm) return act(command);
      terminal.problem("this server knows only the IM handout, which has no files");
    },
    direct: (wish) => {
      if (!client.speaksIm) return direct.ask(wish);
      terminal.problem("this server knows only the IM handout, which cannot introduce two clients to each other");
    },
    leave: () =>
      files.leave(() => {
        direct.close();
        client.leave();
      }, () => left.isActive),
    interrupt: () => client.interrupt(),
    close: async () => {
      direct.close();
      left.close();
      await files.close();
    },
  };
}

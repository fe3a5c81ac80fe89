import type { ServerMove } from "../protocols/native/server_choice.ts";
import type { Target } from "../chat/entry.ts";
import { LIMITS } from "../core/limits.ts";
import { sanitized } from "../core/text.ts";
import type { DirectEvent, DirectWish } from "../peers/direct.ts";
import type { PeerEvent, PeerQuestion } from "../peers/event.ts";
import type { ClientEvent } from "../protocols/native/client_event.ts";
import type { FileCommand, FileEvent } from "../protocols/transfer/event.ts";
import { CHAT_MODE } from "./chat_commands.ts";
import { ChatController } from "./chat_controller.ts";
import type { ChatOutput, SayResult } from "./chat_output.ts";
import type { ChatEvent } from "./chat_state.ts";
import { ChatView } from "./chat_view.ts";
import type { ChatMode, ChatQuestion, Listing, Question } from "./commands.ts";
import { completions } from "./help.ts";
import { imLine } from "./im_terminal.ts";
import { MAILBOX_MODE } from "./mailbox_commands.ts";
import { MailboxView } from "./mailbox_view.ts";
import { openUi } from "./open_ui.ts";
import { printError } from "./print.ts";
import { PEER_MODE } from "./peer_commands.ts";
import { PeerView } from "./peer_view.ts";
import type { LineStore } from "./prompt_input.ts";
import { SCRIPT_VIEW } from "./script_view.ts";
import type { Ui } from "./ui.ts";
import type { View } from "./view.ts";

/** The client behind a chat terminal. */
export interface ChatClientActions<Q> {
  say(to: Target, text: string): SayResult;
  /** The answer comes as an event. */
  ask(question: Q | Listing): void;
  /** Changes the text of a message; without a text, withdraws it. None between peers. */
  amend?(of: number, to: Target, text: string | undefined): SayResult;
  /** The user has opened a conversation. */
  entered?(to: Target): void;
  /** The user has read a conversation up to here. None between peers. */
  read?(of: Target, upTo: number): void;
  file(action: FileCommand): void;
  /** Gets, accepts, refuses or ends a direct connection with a user of the same server. */
  direct?(wish: DirectWish): void;
  /** Nothing more will be typed: `/exit`, `E`, Ctrl-D, the end of the input. Called once; the client decides when to end. */
  leave(): void;
  /** Ctrl-C. */
  interrupt(): void;
  /** Paths of files that begin so. */
  paths(begun: string): readonly string[];
}

/** A client that logs in at a server. */
export interface LoginActions {
  /** The answer to `askName`. */
  name(text: string): void;
  /** The answer to `askPassword` or `askNewPassword`. */
  password(text: string): void;
}

/** Opens the terminal of a chat with a server, in the handout's words for a mailbox. */
export function openChatTerminal(
  client: ChatClientActions<ChatQuestion> & LoginActions,
  kind: "chat" | "mailbox",
  history?: LineStore,
): ChatTerminal {
  return kind === "mailbox"
    ? new ChatTerminal(client, MAILBOX_MODE, (colour) => new MailboxView({ colour }), history, client)
    : new ChatTerminal(client, CHAT_MODE, (colour) => new ChatView({ colour }), history, client);
}

/** Opens the terminal of a chat between peers. */
export function openPeerTerminal(
  client: ChatClientActions<PeerQuestion>,
  history?: LineStore,
): ChatTerminal<PeerQuestion, PeerEvent> {
  return new ChatTerminal<PeerQuestion, PeerEvent>(client, PEER_MODE, (colour) => new PeerView({ colour }), history);
}

/** While this many messages and questions of a script are unanswered, its next line waits: a pipe outruns any network. */
const SCRIPT_WINDOW = 256;
const TICK_MS = 1000;

/** A chat at a terminal, or one line an event for a script: runs a `ChatController` between a `Ui` and the client. */
export class ChatTerminal<Q extends Question = ChatQuestion, Event extends ChatEvent = ClientEvent | DirectEvent> {
  readonly #interactive = Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
  readonly #colour = this.#interactive && !Deno.noColor;
  readonly #client: ChatClientActions<Q>;
  readonly #login: LoginActions | undefined;
  readonly #mode: ChatMode<Q>;
  readonly #view: View<Event>;
  readonly #controller: ChatController<Q, Event>;
  readonly #ui: Ui;
  readonly #ticking: ReturnType<typeof setInterval> | undefined;
  /** The receiver of the next typed line. */
  #receiver: "chat" | ((line: string) => void) | undefined;
  /** The text of the current prompt; undefined when a line has answered it. */
  #prompt: string | undefined;
  #leaving = false;
  /** The problem that was shown last. */
  #problem: string | undefined;

  constructor(
    client: ChatClientActions<Q>,
    mode: ChatMode<Q>,
    view: (colour: boolean) => View<Event>,
    history?: LineStore,
    login?: LoginActions,
  ) {
    this.#client = client;
    this.#login = login;
    this.#mode = mode;
    this.#view = this.#interactive ? view(this.#colour) : SCRIPT_VIEW;
    this.#controller = new ChatController(this.#view, mode, this.#interactive);
    this.#ui = openUi({
      line: (text) => this.#line(text),
      end: () => this.#leave(),
      interrupt: () => client.interrupt(),
      key: () => this.#controller.key(Date.now()),
      echoes: (line) => this.#receiver !== "chat" || this.#controller.echoes(line, Date.now()),
      complete: (before) => this.#receiver === "chat" ? this.#completions(before) : [],
    }, { plainLineBytes: LIMITS.textBytes.default, history });
    // Peers answer at once, and a script waits for as long as an answer takes.
    if (login && this.#interactive) this.#ticking = setInterval(() => this.tick(Date.now()), TICK_MS);
  }

  /** Greets, and asks for the name before there is a connection, as the mailbox handout's client does. */
  askUsername(): void {
    if (this.#interactive) { for (const line of this.#view.greeting ?? []) this.#ui.show(line); }
    this.#prompted("Enter username: ", false, (text) => this.#login?.name(text));
  }

  /** Asks for a value that is needed before the chat begins. */
  question(text: string, answered: (line: string) => void): void {
    this.#prompted(text, false, answered);
  }

  askName(): void {
    this.#ask("Please input your user name: ", false, (text) => this.#login?.name(text));
  }

  askPassword(): void {
    this.#ask("Please input your password: ", true, (text) => this.#login?.password(text));
  }

  askNewPassword(which: "new password" | "password again"): void {
    const text = which === "new password" ? "Please choose a password: " : "Please repeat the password: ";
    this.#ask(text, true, (text) => this.#login?.password(text));
  }

  /** Asks for the room of a guest; an empty answer is the lobby. */
  askRoom(answered: (room: string) => void): void {
    this.#prompted("Room ID: ", true, (text) => answered(text.trim()));
  }

  /** Enters a room; if this creates the room, it is unlisted. */
  enterRoom(room: string): void {
    this.#controller.enterRoom(room, Date.now());
    this.#drain();
    this.#askNext();
  }

  /** From now on typed lines belong to the chat; without a login, `name` is this user's. */
  chat(name?: string): void {
    if (name !== undefined) this.#controller.begin(name, Date.now());
    this.#receiver = "chat";
    this.#drain();
    this.#askNext();
  }

  event(event: Event): void {
    this.#controller.event(event, Date.now());
    this.#drain();
    this.#askNext();
  }

  /** Sets the server's name for the lobby. */
  lobbyIs(name: string): void {
    this.#controller.state.lobbyName = name;
  }

  /** A message that offers a file, which `file` shows. */
  offered(event: ChatEvent): void {
    this.#controller.offered(event, Date.now());
  }

  /** The program has sent a message that offers a file. */
  sent(id: string, to: Target, text: string): void {
    this.#controller.offerSent(id, to, text);
  }

  file(event: FileEvent): void {
    this.#controller.file(event, Date.now());
    this.#drain();
  }

  attempt(): void {
    this.#controller.connection.attempt();
    this.#drain();
  }

  connected(): void {
    this.#controller.connection.connected();
    this.#drain();
  }

  /** The client has ended; shows the reason, unless it is the problem that was shown last. */
  ended(why: string): void {
    if (why === this.#problem) return;
    if (!this.#interactive) return printError(`client: ${sanitized(why)}\n`);
    this.#controller.connection.notConnected(why);
    this.#drain();
  }

  /** The connection is lost; the next attempt is in `againMs`, perhaps at another server. */
  lost(why: string, againMs: number, move?: ServerMove): void {
    this.#controller.lost(why, againMs, move);
    this.#drain();
    this.#askNext();
  }

  tick(now: number): void {
    this.#controller.tick(now);
    this.#drain();
  }

  /** Shows a line of a trace, or an address: what may be copied is broken only where a row ends. */
  note(line: string): void {
    if (this.#interactive) this.#ui.show(line.trimEnd(), { whole: true });
    else printError(line);
  }

  /** Shows a sentence that is not part of the chat. */
  remark(line: string): void {
    if (this.#interactive) this.#ui.show(line);
    else printError(`${sanitized(line)}\n`);
  }

  problem(text: string): void {
    this.#problem = text;
    this.#notice(this.#view.error(text));
  }

  /** Shows a line of a server that speaks a handout's protocol. */
  raw(line: string): void {
    this.#controller.handout();
    this.#ui.show(this.#interactive ? imLine(line, Date.now(), this.#colour) : line);
    this.#askNext();
  }

  /** Restores the terminal, with everything shown. */
  close(): Promise<void> {
    clearInterval(this.#ticking);
    return this.#ui.close();
  }

  #ask(text: string, secret: boolean, receiver: (line: string) => void): void {
    // Only a server that was reached asks for a name.
    this.connected();
    this.#prompted(text, secret, receiver);
  }

  #prompted(text: string, secret: boolean, receiver: (line: string) => void): void {
    this.#receiver = receiver;
    this.#prompt = undefined;
    // A script sees no prompt; a person whose output goes to a file sees it on standard error.
    this.#ui.ask({ text: this.#interactive || Deno.stdin.isTerminal() ? text : "", secret });
  }

  /** Asks for the next line of the chat, when it can be taken. */
  #askNext(): void {
    if (this.#receiver !== "chat" || this.#leaving || this.#controller.isAmending) return;
    if (!this.#interactive && this.#controller.waiting >= SCRIPT_WINDOW) return;
    const { prompt } = this.#controller;
    if (this.#prompt === prompt) return;
    this.#prompt = prompt;
    this.#ui.ask({ text: prompt, secret: false, commands: "escaped" });
  }

  #line(text: string): void {
    this.#prompt = undefined;
    if (this.#receiver !== "chat") return this.#receiver?.(text);
    this.#controller.typed(text, Date.now());
    this.#drain();
    this.#askNext();
  }

  #drain(): void {
    for (const output of this.#controller.takeOutputs()) this.#perform(output);
  }

  #perform(output: ChatOutput<Q>): void {
    switch (output.type) {
      case "show":
        return this.#ui.show(output.line);
      case "notice":
        return this.#notice(output.line);
      case "own":
        return this.#ui.show(output.text, { id: output.id });
      case "change":
        return this.#ui.change(output.id, output.text, output.away);
      case "begin":
        return this.#ui.begin(output.text);
      case "more":
        return this.#ui.more(output.text);
      case "finish":
        return this.#ui.finish(output.text);
      case "drop":
        return this.#ui.drop();
      case "say":
        this.#controller.sayAnswered(this.#client.say(output.to, output.text), output.to, output.text, Date.now());
        return this.#drain();
      case "amend":
        this.#controller.amendAnswered(this.#client.amend!(output.of, output.to, output.text));
        return this.#drain();
      case "entered":
        return this.#client.entered?.(output.to);
      case "read":
        return this.#client.read?.(output.of, output.upTo);
      case "ask":
        this.#controller.asking(output.question);
        this.#client.ask(output.question);
        return this.#controller.asking(undefined);
      case "file":
        return this.#client.file(output.action);
      case "passwd":
        return this.#askPasswords();
      case "direct":
        return this.#client.direct ? this.#client.direct(output) : this.problem("there is no /direct here");
      case "leave":
        return this.#leave();
    }
  }

  /** The old password, and twice the new one; an empty answer ends it. */
  #askPasswords(): void {
    if (!this.#interactive) {
      return this.problem("/passwd asks without showing what is typed, so it needs a terminal");
    }
    const questions = ["Old password: ", "New password: ", "New password again: "];
    const answers: string[] = [];
    const next = () => this.#prompted(questions[answers.length]!, true, answered);
    const answered = (answer: string) => {
      answers.push(answer);
      if (answer !== "" && answers.length < questions.length) return next();
      const [old, password, again] = answers;
      if (answer === "") this.problem("your password stays as it was");
      else this.#controller.newPassword(old!, password!, again!, Date.now());
      this.chat();
    };
    next();
  }

  #completions(before: string): readonly string[] {
    const [, quote = "", path] = /^\/send \S+ (["']?)(.*)$/.exec(before) ?? [];
    if (path === undefined) return completions(before, this.#controller.state, this.#mode);
    // A quote is closed where the path is complete.
    return this.#client.paths(path).filter((path) => sanitized(path) === path)
      .map((path) => `${quote}${path}${path.endsWith("/") ? "" : quote}`);
  }

  #leave(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#ui.ask(null);
    this.#controller.leaving(Date.now());
    this.#drain();
    this.#client.leave();
  }

  #notice(line: string): void {
    if (this.#interactive) this.#ui.show(line);
    else printError(`${line}\n`);
  }
}

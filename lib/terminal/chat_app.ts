import type { Target } from "../chat/store.ts";
import type { FileEvent } from "../protocols/transfer/event.ts";
import type { ClientEvent } from "../protocols/native/client_event.ts";
import type { ChatQuestion } from "./commands.ts";
import { CHAT_MODE } from "./chat_commands.ts";
import { MAILBOX_MODE } from "./mailbox_commands.ts";
import { TalkApp, type TalkPerson } from "./chat_terminal.ts";
import { ChatView } from "./chat_view.ts";
import { imView } from "./im_view.ts";
import { MailboxView } from "./mailbox_view.ts";

/** What the chat's face asks of its client. */
export interface ChatCommands extends TalkPerson<ChatQuestion> {
  /** The name was typed. */
  name(text: string): void;
  /** The password was typed. */
  password(text: string): void;
}

/** The chat as a person, or a script, has it. */
export interface ChatTerminal {
  /** Takes the next typed line for the name. */
  askName(): void;
  /** Takes the next typed line, not echoed, for the password. */
  askPassword(name: string): void;
  /** The same for a password that is new, and once more to be sure. */
  askNewPassword(which: "new password" | "password again"): void;
  /** From now on typed lines are acts. */
  chat(): void;
  event(happening: ClientEvent): void;
  /** Something was said here otherwise than by typing it. */
  said(id: string, to: Target, text: string): void;
  /** Something has happened to a file. */
  file(event: FileEvent): void;
  /** The server is called once more. */
  attempt(): void;
  connected(): void;
  notConnected(why: string): void;
  /** The connection is gone and is tried again after this time. */
  lost(why: string, againMs: number): void;
  /** Shows a line that is not part of the chat, out of its way. */
  note(line: string): void;
  /** Shows what must not be missed. */
  problem(text: string): void;
  /** Shows a line of a handout server. */
  raw(line: string): void;
  /** Gives the terminal back as it was, with everything shown. */
  close(): Promise<void>;
}

const TICK_MS = 1000;

/** Opens the face of the chat, or of the mailbox: in a terminal for people, elsewhere one line an event. */
export function openChatTerminal(person: ChatCommands, style: "chat" | "mailbox"): ChatTerminal {
  const shown: TalkApp<ChatQuestion, ClientEvent> = style === "mailbox"
    ? new TalkApp(person, MAILBOX_MODE, (options) => new MailboxView(options))
    : new TalkApp(person, CHAT_MODE, (options) => new ChatView(options));
  const { talk, face, terminal, colour } = shown;
  const { connection } = talk;

  // A script waits as long as it likes.
  const ticking = terminal ? setInterval(() => connection.tick(Date.now()), TICK_MS) : undefined;

  function ask(text: string, secret: boolean, take: (line: string) => void): void {
    // Nobody is asked before a server is there.
    connection.connected();
    shown.ask(text, secret, take);
  }

  return {
    askName: () => ask("Please input your user name: ", false, (text) => person.name(text)),
    askPassword: () => ask("Please input your password: ", true, (text) => person.password(text)),
    askNewPassword: (which) =>
      ask(
        which === "new password" ? "Please choose a password: " : "The same once more: ",
        true,
        (text) => person.password(text),
      ),
    chat: () => shown.chat(),
    event: (happening) => shown.happened(happening),
    said: (...spoken) => shown.said(...spoken),
    file: (event) => shown.file(event),
    attempt: () => connection.attempt(),
    connected: () => connection.connected(),
    notConnected: (why) => connection.notConnected(why),
    lost: (why, againMs) => connection.lost(why, againMs),
    note: (line) => shown.note(line),
    problem: (text) => shown.problem(text),
    raw(line) {
      talk.handout();
      face.show(terminal ? imView(line, Date.now(), colour) : line);
      shown.next();
    },
    close() {
      clearInterval(ticking);
      return face.close();
    },
  };
}

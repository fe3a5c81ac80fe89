import { LIMITS } from "../base/limits.ts";
import type { Happening } from "../wire/native/happening.ts";
import { PLAIN_LOOK } from "./chat_plain.ts";
import { ChatTalk, type Talker } from "./chat_talk.ts";
import type { Face, Prompt } from "./face.ts";
import { printError } from "./print.ts";
import { chatCompletions, chatHelp } from "./terminal/chat_help.ts";
import { ChatView } from "./terminal/chat_view.ts";
import { imView } from "./terminal/im_view.ts";
import { MailboxView } from "./terminal/mailbox_view.ts";
import { openFace } from "./terminal/open.ts";

/** What the chat's face asks of its client. */
export interface ChatPerson extends Talker {
  /** The name was typed. */
  name(text: string): void;
  /** The password was typed. */
  password(text: string): void;
  /** Nothing more will be typed: `/exit`, `E`, Ctrl-D, the end of the input. Called once; the client decides when to end. */
  leave(): void;
  /** Ctrl-C. */
  interrupt(): void;
}

/** The chat as a person, or a script, has it. */
export interface ChatFace {
  /** Takes the next typed line for the name. */
  askName(): void;
  /** Takes the next typed line, not echoed, for the password. */
  askPassword(name: string): void;
  /** From now on typed lines are acts. */
  chat(): void;
  happened(happening: Happening): void;
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

/** A script's lines are taken while less than this waits for the server: a pipe is faster than any network. */
const WAITING = 256;
const TICK_MS = 1000;

/** Opens the face of the chat, or of the mailbox: in a terminal for people, elsewhere one line an event. */
export function openChatFace(person: ChatPerson, style: "chat" | "mailbox"): ChatFace {
  const terminal = Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
  const colour = terminal && !Deno.noColor;
  const mailbox = style === "mailbox";
  let asked: "name" | "password" | "chat" | null = null;
  /** The words of the prompt that stands. */
  let standing: string | null = null;
  let leaving = false;

  const face: Face = openFace({
    line(text) {
      standing = null;
      if (asked === "name") return person.name(text);
      if (asked === "password") return person.password(text);
      talk.typed(text);
      next();
    },
    end: leave,
    interrupt: () => person.interrupt(),
    complete: (before) => asked === "chat" ? chatCompletions(before, talk.memory, mailbox) : [],
  }, { plainLineBytes: LIMITS.textBytes.usual });
  const aside = (line: string) => terminal ? face.show(line) : printError(`${line}\n`);
  const look = !terminal ? PLAIN_LOOK : mailbox ? new MailboxView({ colour }) : new ChatView({ colour });
  const talk = new ChatTalk(
    { say: (to, text) => person.say(to, text), ask: (question) => person.ask(question), leave },
    look,
    {
      show: (line) => face.show(line),
      aside,
      begin: (text) => face.begin(text),
      more: (text) => face.more(text),
      finish: (text) => face.finish(text),
      help: (topic) => chatHelp(topic, mailbox),
    },
    { mailbox, curious: terminal },
  );

  // A script waits as long as it likes.
  const ticking = terminal ? setInterval(() => talk.reach.tick(Date.now()), TICK_MS) : undefined;

  function leave(): void {
    if (leaving) return;
    leaving = true;
    face.ask(null);
    person.leave();
  }

  function ask(question: "name" | "password", text: string): void {
    // Nobody is asked before a server is there.
    talk.reach.connected();
    asked = question;
    standing = null;
    // Scripts see no prompts; a person who types while the output goes to a file sees them on standard error.
    const shown = terminal || Deno.stdin.isTerminal() ? text : "";
    face.ask({ text: shown, secret: question === "password" });
  }

  /** Takes the next typed line, when it can be taken. */
  function next(): void {
    if (asked !== "chat" || leaving) return;
    if (!terminal && talk.waiting >= WAITING) return;
    const prompt: Prompt = { text: talk.prompt, secret: false };
    if (standing === prompt.text) return;
    standing = prompt.text;
    face.ask(prompt);
  }

  return {
    askName: () => ask("name", "Please input your user name: "),
    askPassword: () => ask("password", "Please input your password: "),
    chat() {
      asked = "chat";
      next();
    },
    happened(happening) {
      talk.happened(happening, Date.now());
      next();
    },
    attempt: () => talk.reach.attempt(),
    connected: () => talk.reach.connected(),
    notConnected: (why) => talk.reach.notConnected(why),
    lost: (why, againMs) => talk.reach.lost(why, againMs),
    note: (line) => terminal ? face.show(line.trimEnd()) : printError(line),
    problem: (text) => aside(look.fault(text)),
    raw(line) {
      talk.handout();
      face.show(terminal ? imView(line, Date.now(), colour) : line);
      next();
    },
    close() {
      clearInterval(ticking);
      return face.close();
    },
  };
}

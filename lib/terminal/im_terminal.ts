import { imView } from "./im_view.ts";
import { printError } from "./print.ts";
import { openUi, type Prompt, type Ui } from "./ui.ts";

/** What the IM client has to offer its face. */
export interface ImCommands {
  line(text: string): void;
  end(): void;
  interrupt(): void;
  /** Who is known to be online. */
  names(): ReadonlySet<string>;
  /** Asks the server who is online; false when it cannot be asked now. `heard` is called when `names` knows. */
  askNames(heard: () => void): boolean;
}

/** The IM client as a person sees it. */
export interface ImTerminal {
  /** Shows a line of the protocol. */
  show(line: string): void;
  /** Takes the next typed line for this. */
  ask(question: "name" | "password" | "command" | null): void;
  /** Shows a line that is not part of the chat, out of its way. */
  note(line: string): void;
  close(): Promise<void>;
}

const PROMPTS = {
  name: { text: "Please input your user name: ", secret: false },
  password: { text: "Please input your password: ", secret: true },
  command: { text: "", secret: false },
} as const satisfies Record<string, Prompt>;

/** How long Tab waits for the server's list before it uses the names that are known. */
const NAMES_MS = 300;

/** Opens the face of the IM client: in a terminal for people, elsewhere exactly as in the handout. */
export function openImTerminal(person: ImCommands): ImTerminal {
  const terminal = Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
  const colour = terminal && !Deno.noColor;
  let asked: keyof typeof PROMPTS | null = null;
  const face: Ui = openUi({
    line(text) {
      const help = terminal && asked === "command" ? imHelp(text) : undefined;
      if (!help) return person.line(text);
      for (const line of help) face.show(line);
      face.ask(PROMPTS.command);
    },
    end: () => person.end(),
    interrupt: () => person.interrupt(),
    async complete(before) {
      if (asked !== "command") return [];
      if (before.startsWith("/to ")) await namesHeard(person);
      return imCompletions(before, person.names());
    },
  });
  return {
    show(line) {
      face.show(terminal ? imView(line, Date.now(), colour) : line);
    },
    ask(question) {
      asked = question;
      face.ask(question && PROMPTS[question]);
    },
    note(line) {
      if (terminal) face.show(line.trimEnd());
      else printError(line);
    },
    close: () => face.close(),
  };
}

function namesHeard(person: ImCommands): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, NAMES_MS);
    const asked = person.askNames(() => {
      clearTimeout(timer);
      resolve();
    });
    if (asked) return;
    clearTimeout(timer);
    resolve();
  });
}

interface Topic {
  readonly usage: string;
  readonly short: string;
  readonly long: readonly string[];
}

const TOPICS: Readonly<Record<string, Topic>> = {
  list: {
    usage: "/list",
    short: "who is online",
    long: [
      "The server answers 301 and the names of those who are online:",
      "yours first, then the others in the order in which they came.",
    ],
  },
  to: {
    usage: "/to NAME TEXT",
    short: "say something to one person",
    long: [
      "Example: /to bob Hello! Nice to meet you!",
      "bob sees: /from YOU Hello! Nice to meet you!",
      "The server answers 303 when bob's client has confirmed it, 304 when bob is",
      "not online or his client did not confirm it in time.",
      "TEXT is everything after the blank that follows NAME.",
    ],
  },
  toall: {
    usage: "/toall TEXT",
    short: "say something to everybody",
    long: [
      "Example: /toall How about meeting at 3pm today?",
      "The others see: /broadcastfrom YOU How about meeting at 3pm today?",
      "The server answers 303 when everybody's client has confirmed it, 304 when",
      "one did not.",
    ],
  },
  exit: {
    usage: "/exit",
    short: "leave",
    long: ["The server answers 310 and your name leaves the list.", "Ctrl-C and Ctrl-D do the same."],
  },
  help: {
    usage: "/help [COMMAND]",
    short: "this, or more of one command",
    long: ["This stays in your terminal; the server never sees it."],
  },
};

/** The commands of the IM handout as they are typed. */
export const IM_COMMANDS: readonly string[] = Object.keys(TOPICS).map((name) => `/${name}`);

/** The answer to `/help` or `/help COMMAND`; undefined when the line is neither. */
export function imHelp(line: string): string[] | undefined {
  const [verb, given, ...more] = line.trim().split(/\s+/);
  if (verb !== "/help" || more.length > 0) return undefined;
  if (given === undefined) return overview();
  const topic = TOPICS[given.replace(/^\//, "")];
  if (!topic) return [`there is no command ${given}; these there are:`, ...overview()];
  return [topic.usage, ...topic.long.map((text) => `  ${text}`)];
}

/** What could stand where the cursor is: commands at the beginning of the line, names behind `/to`. */
export function imCompletions(before: string, names: Iterable<string>): string[] {
  if (!before.includes(" ")) return IM_COMMANDS.filter((command) => command.startsWith(before));
  const to = /^\/to (\S*)$/.exec(before);
  if (to) return [...names].filter((name) => name.startsWith(to[1]!)).sort();
  const help = /^\/help (\S*)$/.exec(before);
  return help ? Object.keys(TOPICS).filter((name) => name.startsWith(help[1]!)) : [];
}

function overview(): string[] {
  const width = Math.max(...Object.values(TOPICS).map(({ usage }) => usage.length)) + 2;
  return Object.values(TOPICS).map(({ usage, short }) => `  ${usage.padEnd(width)}${short}`);
}

import type { Face, Prompt } from "./ui.ts";
import { printError } from "./print.ts";
import { imCompletions, imHelp } from "./im_help.ts";
import { imView } from "./im_view.ts";
import { openFace } from "./open.ts";

/** What the IM client has to offer its face. */
export interface ImPerson {
  line(text: string): void;
  end(): void;
  interrupt(): void;
  /** Who is known to be online. */
  names(): ReadonlySet<string>;
  /** Asks the server who is online; false when it cannot be asked now. `heard` is called when `names` knows. */
  askNames(heard: () => void): boolean;
}

/** The IM client as a person sees it. */
export interface ImFace {
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
export function openImFace(person: ImPerson): ImFace {
  const terminal = Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
  const colour = terminal && !Deno.noColor;
  let asked: keyof typeof PROMPTS | null = null;
  const face: Face = openFace({
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

function namesHeard(person: ImPerson): Promise<void> {
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

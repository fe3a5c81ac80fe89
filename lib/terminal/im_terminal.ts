import { bold, cyan, dim, green, red } from "@std/fmt/colors";
import { timeOfDay } from "../core/log.ts";
import { sanitized } from "../core/text.ts";
import { imCompletions, imHelp, imHint } from "./im_commands.ts";
import { colouredName } from "./marks.ts";
import { openUi } from "./open_ui.ts";
import { printError } from "./print.ts";
import type { LineStore } from "./prompt_input.ts";
import type { Prompt, Ui } from "./ui.ts";

/** The IM client behind its terminal. */
export interface ImActions {
  line(text: string): void;
  end(): void;
  interrupt(): void;
  /** The users known to be online. */
  names(): ReadonlySet<string>;
  /** Asks the server for them; false when it cannot be asked now. `heard` is called once `names` is up to date. */
  askNames(heard: () => void): boolean;
}

/** The terminal of the IM client. */
export interface ImTerminal {
  /** Shows a line of the protocol. */
  show(line: string): void;
  /** The next typed line is the answer; with `null` none is taken. */
  ask(question: "name" | "password" | "command" | null): void;
  /** Shows a line that is not part of the chat, such as a trace. */
  note(line: string): void;
  close(): Promise<void>;
}

const PROMPTS = {
  name: { text: "Please input your user name: ", secret: false },
  password: { text: "Please input your password: ", secret: true },
  command: { text: "", secret: false, commands: "always" },
} as const satisfies Record<string, Prompt>;

/** Tab waits this long for the server's list before it uses the names known so far. */
const NAMES_MS = 300;

/** Opens the IM client: with times, colours and help at a terminal, exactly as in the handout elsewhere. */
export function openImTerminal(client: ImActions, history?: LineStore): ImTerminal {
  const interactive = Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
  const colour = interactive && !Deno.noColor;
  let asked: keyof typeof PROMPTS | null = null;
  /** The last command, which the next reply answers. */
  let typed: string | undefined;
  const ui: Ui = openUi({
    line(text) {
      const help = interactive && asked === "command" ? imHelp(text) : undefined;
      typed = asked === "command" ? text : undefined;
      if (!help) return client.line(text);
      for (const line of help) ui.show(line);
      ui.ask(PROMPTS.command);
    },
    end: () => client.end(),
    interrupt: () => client.interrupt(),
    async complete(before) {
      if (asked !== "command") return [];
      if (before.startsWith("/to ")) await updateNames(client);
      return imCompletions(before, client.names());
    },
  }, { history });
  return {
    show(line) {
      if (!interactive) return ui.show(line);
      ui.show(imLine(line, Date.now(), colour));
      if (!/^\d{3}( |$)/.test(line)) return;
      const hint = typed === undefined ? undefined : imHint(line, typed);
      typed = undefined;
      if (hint !== undefined) ui.show(colour ? dim(hint) : hint);
    },
    ask(question) {
      asked = question;
      ui.ask(question && PROMPTS[question]);
    },
    note: (line) => interactive ? ui.show(line.trimEnd()) : printError(line),
    close: () => ui.close(),
  };
}

function updateNames(client: ImActions): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, NAMES_MS);
    const done = () => (clearTimeout(timer), resolve());
    if (!client.askNames(done)) done();
  });
}

/** A line of the IM handout at a terminal: the time, then the line as it came, with coloured names. */
export function imLine(line: string, time: number, colour: boolean): string {
  const shown = sanitized(line);
  if (!colour) return `${timeOfDay(time)} ${shown}`;
  return `${dim(timeOfDay(time))} ${coloured(shown)}`;
}

function coloured(line: string): string {
  const message = /^(\/from|\/broadcastfrom) (\S+)(.*)$/.exec(line);
  if (message) return `${dim(message[1]!)} ${colouredName(message[2]!)}${message[3]}`;
  const [code, rest] = [line.slice(0, 3), line.slice(3)];
  if (!/^\d{3}( |$)/.test(line)) return line;
  if (code === "301") return `${cyan(code)} ${rest.trimStart().split(" ").map(colouredName).join(" ")}`;
  const failure = code === "102" || code === "202" || code === "304" || code.startsWith("4");
  return `${failure ? red(code) : green(code)}${failure ? bold(rest) : rest}`;
}

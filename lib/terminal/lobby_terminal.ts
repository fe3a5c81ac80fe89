import { palette } from "./marks.ts";
import { openUi } from "./open_ui.ts";
import { printError } from "./print.ts";
import type { Prompt, Ui, UserInput } from "./ui.ts";
import { clean } from "./view.ts";

/** The terminal of the lobby's client. */
export interface LobbyTerminal {
  /** Shows a line of the server. */
  show(line: string): void;
  /** Echoes a typed line to a pipe or a file, as the handout's client does; a terminal shows it already. */
  own(text: string): void;
  /** Shows a line that is not part of the chat, such as a trace. */
  note(line: string): void;
  close(): Promise<void>;
}

const PROMPT: Prompt = { text: "<You> ", secret: false };
const NO_PROMPT: Prompt = { text: "", secret: false };

/** Opens the lobby's client: with colours at a terminal, as in the handout elsewhere. */
export function openLobbyTerminal(client: Omit<UserInput, "complete">): LobbyTerminal {
  const interactive = Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
  const paint = palette(interactive && !Deno.noColor);
  const prompt = interactive ? PROMPT : NO_PROMPT;
  const ui: Ui = openUi({
    line(text) {
      client.line(text);
      ui.ask(prompt);
    },
    end: () => client.end(),
    interrupt: () => client.interrupt(),
  });
  ui.ask(prompt);
  return {
    show(line) {
      if (!interactive) return ui.show(line);
      const [, name, text] = /^<([^>]*)>(.*)$/.exec(line) ?? [];
      ui.show(name === undefined ? clean(line) : `<${paint.name(clean(name))}>${clean(text!)}`);
    },
    own: (text) => interactive ? undefined : ui.show(`<You>${text}`),
    note: (line) => interactive ? ui.show(line.trimEnd()) : printError(line),
    close: () => ui.close(),
  };
}

import { palette } from "./marks.ts";
import { openUi } from "./open_ui.ts";
import { printError } from "./print.ts";
import type { Prompt, Ui, UserInput } from "./ui.ts";
import { clean } from "./view.ts";

/** The terminal of the rooms client. */
export interface RoomsTerminal {
  readonly isInteractive: boolean;
  /** The name and the room: as given, else as the user answers; undefined where no user can be asked. */
  login(
    name: string | undefined,
    room: string | undefined,
  ): Promise<{ readonly name: string; readonly room: string } | undefined>;
  /** Takes typed lines from now on; earlier ones have waited. */
  begin(): void;
  /** Shows a line of the server, or about a file. */
  show(line: string): void;
  /** Shows a line that is not part of the chat. */
  note(line: string): void;
  close(): Promise<void>;
}

const NO_PROMPT: Prompt = { text: "", secret: false };

/** Opens the rooms client: with colours at a terminal, one line an event elsewhere. */
export function openRoomsTerminal(client: Omit<UserInput, "complete">): RoomsTerminal {
  const isInteractive = Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
  const paint = palette(isInteractive && !Deno.noColor);
  const prompt = isInteractive ? { text: "> ", secret: false } : NO_PROMPT;
  let answered: ((text: string) => void) | undefined;
  const ui: Ui = openUi({
    line(text) {
      if (answered) return answered(text.trim());
      client.line(text);
      ui.ask(prompt);
    },
    end: () => client.end(),
    interrupt: () => client.interrupt(),
  });

  async function ask(text: string, secret: boolean): Promise<string> {
    for (;;) {
      const answer = await new Promise<string>((resolve) => {
        answered = resolve;
        ui.ask({ text, secret });
      });
      answered = undefined;
      if (answer !== "") return answer;
    }
  }

  return {
    isInteractive,
    async login(name, room) {
      if ((name === undefined || room === undefined) && !isInteractive) return undefined;
      const given = { name: name ?? await ask("Name: ", false), room: room ?? await ask("Room ID: ", true) };
      return given;
    },
    begin: () => ui.ask(prompt),
    show(line) {
      if (!isInteractive) return ui.show(clean(line));
      const [, name, text] = /^<([^>]*)>(.*)$/.exec(line) ?? [];
      ui.show(name === undefined ? clean(line) : `<${paint.name(clean(name))}>${clean(text!)}`);
    },
    note: (line) => isInteractive ? ui.show(clean(line.trimEnd())) : printError(`${clean(line.trimEnd())}\n`),
    close: () => ui.close(),
  };
}

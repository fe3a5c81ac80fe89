import { fit } from "./view.ts";
import { palette } from "./im_view.ts";
import { printError } from "./print.ts";
import { openUi, type Prompt, type Ui } from "./ui.ts";

/** What the lobby's client has to offer its face. */
export interface LobbyInput {
  line(text: string): void;
  end(): void;
  interrupt(): void;
}

/** The lobby as a person, or a script, has it. */
export interface LobbyTerminal {
  /** Shows a line of the server. */
  show(line: string): void;
  /** Shows what was said here, as the handout's client does; a terminal shows it already. */
  own(text: string): void;
  note(line: string): void;
  close(): Promise<void>;
}

const PROMPT: Prompt = { text: "<You> ", secret: false };
const NOTHING: Prompt = { text: "", secret: false };

/** Opens the face of the lobby: in a terminal for people, elsewhere as in the handout. */
export function openLobbyTerminal(person: LobbyInput): LobbyTerminal {
  const terminal = Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
  const paint = palette(terminal && !Deno.noColor);
  const face: Ui = openUi({
    line(text) {
      person.line(text);
      face.ask(terminal ? PROMPT : NOTHING);
    },
    end: () => person.end(),
    interrupt: () => person.interrupt(),
  });
  face.ask(terminal ? PROMPT : NOTHING);
  return {
    show(line) {
      if (!terminal) return face.show(line);
      const [, name, text] = /^<([^>]*)>(.*)$/.exec(line) ?? [];
      face.show(name === undefined ? fit(line) : `<${paint.name(fit(name))}>${fit(text!)}`);
    },
    own: (text) => terminal ? undefined : face.show(`<You>${text}`),
    note: (line) => terminal ? face.show(line.trimEnd()) : printError(line),
    close: () => face.close(),
  };
}

import { CONSOLE_LINE_BYTES } from "../core/limits.ts";
import { InputLines } from "../terminal/input_lines.ts";

/** A command of the server's console: one letter and Enter. */
export interface ConsoleCommand {
  readonly letter: string;
  readonly help: string;
  run(): void;
}

/**
 * Reads the server's console: each line that is a command's letter, capital or small, runs it.
 *
 * 1. Lines may end in `\n` or `\r\n`, and arrive in pieces of any size; a longer one than `CONSOLE_LINE_BYTES` is skipped.
 * 2. The end of the input ends the reading and nothing else; text after the last line break is a line, too.
 * 3. `H` shows the commands. Any other line gets a hint if `interactive`; other input is not a person's.
 */
export async function watchConsole(
  input: AsyncIterable<Uint8Array>,
  commands: readonly ConsoleCommand[],
  show: (text: string) => void,
  interactive: boolean,
): Promise<void> {
  const help = { letter: "H", help: "show these commands", run: () => show(helpText([...commands, help])) };
  const all: readonly ConsoleCommand[] = [...commands, help];
  const lines = new InputLines(CONSOLE_LINE_BYTES);
  const take = () => {
    for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
      const word = line.trim().toUpperCase();
      const command = all.find(({ letter }) => letter === word);
      if (command) command.run();
      else if (word !== "" && interactive) show("H and Enter show what can be typed here.\n");
    }
  };
  try {
    for await (const bytes of input) {
      lines.push(bytes);
      take();
    }
    lines.end();
    take();
  } catch { /* no console any more; a signal still stops the server */ }
}

function helpText(commands: readonly ConsoleCommand[]): string {
  return commands.map(({ letter, help }) => `${letter}  ${help}\n`).join("");
}

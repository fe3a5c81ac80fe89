import { CONSOLE_LINE_BYTES } from "../core/limits.ts";
import { suggestion } from "../core/suggestion.ts";
import { InputLines } from "../terminal/input_lines.ts";

/** A command of the server's console: a word, or one letter, and Enter. */
export interface ConsoleCommand {
  readonly name: string;
  /** The name of the argument, which is the rest of the line; without one, the command stands alone in its line. */
  readonly argument?: string;
  readonly help: string;
  /** Runs the command; returns its answer, if it has one. */
  run(argument: string): string | void;
}

/**
 * Reads the server's console: each line that is a command, in capital or small letters, runs it.
 *
 * 1. Lines may end in `\n` or `\r\n`, and arrive in pieces of any size; a longer one than `CONSOLE_LINE_BYTES` is skipped.
 * 2. The end of the input ends the reading and nothing else; text after the last line break is a line, too.
 * 3. `H` and `help` show the commands. Any other line gets a hint if `interactive`, that is, if a person types.
 */
export async function watchConsole(
  input: AsyncIterable<Uint8Array>,
  commands: readonly ConsoleCommand[],
  show: (text: string) => void,
  interactive: boolean,
): Promise<void> {
  const help: ConsoleCommand = { name: "help", help: "show these commands (also H)", run: () => helpText(all) };
  const all: readonly ConsoleCommand[] = [...commands, help];
  const lines = new InputLines(CONSOLE_LINE_BYTES);
  const take = () => {
    for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
      const answer = answerTo(line.trim(), all);
      if (answer.isHint ? interactive : answer.text) show(answer.text);
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

function answerTo(line: string, commands: readonly ConsoleCommand[]): { text: string; isHint?: boolean } {
  if (line === "") return { text: "" };
  const [word = ""] = line.split(/\s/, 1);
  const argument = line.slice(word.length).trim();
  const name = word.toLowerCase() === "h" ? "help" : word.toLowerCase();
  const command = commands.find((each) => each.name.toLowerCase() === name);
  if (!command) {
    const meant = suggestion(name, commands.map(({ name }) => name).filter(({ length }) => length > 1));
    const hint = meant === undefined ? "H and Enter show what can be typed here." : `Did you mean ${meant}?`;
    return { text: `${hint}\n`, isHint: true };
  }
  if ((argument === "") === (command.argument === undefined)) return { text: command.run(argument) ?? "" };
  const rule = command.argument === undefined ? "takes no argument" : `needs ${usageOf(command)}`;
  return { text: `${command.name} ${rule}\n`, isHint: true };
}

function usageOf({ name, argument }: ConsoleCommand): string {
  return argument === undefined ? name : `${name} ${argument}`;
}

function helpText(commands: readonly ConsoleCommand[]): string {
  const width = Math.max(...commands.map((command) => usageOf(command).length));
  return commands.map((command) => `${usageOf(command).padEnd(width)}  ${command.help}\n`).join("");
}
